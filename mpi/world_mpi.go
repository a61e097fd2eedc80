//go:build mpi

package mpi

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	gompi "github.com/sbromberger/gompi"
)

// Backend names what [World] runs on in this build: "mpi" or "local".
const Backend = "mpi"

// World runs main on this rank of MPI and finalises MPI when all ranks have
// returned from it, so that the program can then exit with a code that the ranks
// agreed on. It is called once. A panic in main aborts the job; so does a rank that returns
// while others go on to collectives that it will never join.
func World(cfg Config, main func(Comm) error) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	w := &world{host: host, started: make(chan struct{}), ended: make(chan struct{})}
	w.dog = &watchdog{cfg, w.Abort}
	w.service.init()
	go w.thread()
	calm := w.dog.wait("the start of MPI")
	<-w.started
	calm()
	if err := w.startErr; err != nil {
		return err
	}
	err = w.guarded(main)
	calm = w.dog.wait("the end of the program")
	defer calm()
	if e := w.leave(err); e != nil && err == nil {
		err = e
	}
	return err
}

// A world is one rank of MPI.
type world struct {
	rank, size int
	host       string
	dog        *watchdog
	eng        *engine
	service    service
	shelf      shelf

	started  chan struct{} // closed with eng or startErr set
	ended    chan struct{} // closed when MPI is finalised, endErr set
	startErr error
	endErr   error

	mu    sync.Mutex
	err   error  // of the first collective that failed
	calls int64  // collectives entered
	in    string // the one that we are in
	open  bool   // an exchange is
	gone  *departure
}

// thread is the MPI thread: it starts MPI, serves it and finalises it.
func (w *world) thread() {
	runtime.LockOSThread()
	gompi.Start(true)
	w.rank, w.size = gompi.WorldRank(), gompi.WorldSize()
	if w.startErr = wrongLauncher(w.size); w.startErr == nil {
		idle := 10 * time.Millisecond
		if w.rank == 0 {
			idle = 3 * time.Millisecond // others wait for our answers
		}
		w.eng, w.startErr = newEngine(idle)
	}
	if w.startErr != nil {
		gompi.Stop()
		close(w.started)
		return
	}
	w.serve()
	close(w.started)
	if err := w.eng.run(); err != nil {
		w.Abort(1, err.Error())
	}
	w.endErr = w.eng.close()
	gompi.Stop()
	close(w.ended)
}

// wrongLauncher returns an error if MPI sees one rank where the launcher started
// several: each of them would do the whole job.
func wrongLauncher(size int) error {
	n, launcher := Launched()
	if size != 1 || n <= 1 {
		return nil
	}
	fix := "use the mpirun of the MPI that this program is built with (ldd shows it)"
	if launcher == "srun" {
		fix = "use srun --mpi=pmix (Open MPI) or srun --mpi=pmi2 (MPICH); srun --mpi=list names those that this cluster has"
	}
	return fmt.Errorf("%s started %d ranks, but MPI connects none of them with the others\n%s", launcher, n, fix)
}

// guarded runs main. A panic ends the job: the other ranks would wait for us.
func (w *world) guarded(main func(Comm) error) error {
	returned := false
	defer func() {
		if p := recover(); p != nil {
			w.Abort(1, fmt.Sprintf("panic: %v\n%s", p, debug.Stack()))
		}
		if !returned {
			w.Abort(1, errGoexit.Error())
		}
	}()
	err := main(w)
	returned = true
	return err
}

func (w *world) Rank() int      { return w.rank }
func (w *world) Size() int      { return w.size }
func (w *world) LocalRank() int { return int(w.eng.c.local_rank) }
func (w *world) LocalSize() int { return int(w.eng.c.local_size) }
func (w *world) Host() string   { return w.host }

func (w *world) Abort(code int, reason string) {
	sayAbort(w, reason)
	// MPI_Abort may itself hang on a broken machine. A rank that is killed takes
	// the others along, if later.
	time.AfterFunc(10*time.Second, func() { syscall.Kill(os.Getpid(), syscall.SIGKILL) })
	select {
	case <-w.started:
		mpiAbort(code)
	default:
		os.Exit(code)
	}
	select {}
}

// enter notes that this rank goes into a collective. The caller calls what it returns
// with the outcome; an error breaks the communicator for good.
func (w *world) enter(name string) (leave func(error) error, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return nil, w.err
	}
	if w.open {
		return nil, errOpen
	}
	w.calls++
	w.in = name
	w.missing()
	calm := w.dog.wait(name)
	return func(err error) error {
		calm()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.in = ""
		if err != nil && w.err == nil {
			w.err = err
		}
		return err
	}, nil
}

// step posts one op and waits for it.
func (w *world) step(ctx context.Context, name string, post func(*op)) error {
	done := make(chan error, 1)
	o := &op{name: name, done: func(v event) { done <- v.err }}
	w.eng.do(func() { post(o) })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
