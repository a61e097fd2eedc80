package main

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"sluice/mpi"
)

// doubled is how soon a signal may repeat another and still be the same wish:
// Slurm, a batch script and mpirun may all pass one on.
const doubled = 2 * time.Second

// signals turns signals into wishes. SIGUSR1, SIGTERM and SIGINT close stop;
// SIGTERM or SIGINT once more ends the job at once. SIGUSR2 calls what was
// handed to asked.
type signals struct {
	stop  chan struct{}
	comm  atomic.Pointer[mpi.Comm] // whom to abort, once there are ranks
	ch    chan os.Signal
	say   func(format string, args ...any)
	quiet atomic.Bool

	mu    sync.Mutex
	tells []func()
}

// listen starts to listen for signals. The caller calls close.
func listen(say func(format string, args ...any)) *signals {
	s := &signals{stop: make(chan struct{}), ch: make(chan os.Signal, 4), say: say}
	signal.Notify(s.ch, syscall.SIGTERM, os.Interrupt, syscall.SIGUSR1, syscall.SIGUSR2)
	go s.loop()
	return s
}

func (s *signals) close() {
	signal.Stop(s.ch)
	close(s.ch)
}

func (s *signals) loop() {
	var stopped time.Time
	for sig := range s.ch {
		switch {
		case sig == syscall.SIGUSR2:
			s.mu.Lock()
			tells := s.tells
			s.mu.Unlock()
			// Beside the loop: a file system that hangs must not hold up a stop.
			for _, tell := range tells {
				go tell()
			}
		case stopped.IsZero():
			stopped = time.Now()
			if !s.quiet.Load() {
				s.say("%v: stopping at the next block\nonce more to stop at once", name(sig))
			}
			close(s.stop)
		case s.insists(sig, time.Since(stopped)):
			s.abort(sig)
		}
	}
}

// asked calls tell, on a goroutine of its own, at each SIGUSR2 from now on.
func (s *signals) asked(tell func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tells = append(s.tells, tell)
}

// insists says whether a signal so long after the first means at once.
func (s *signals) insists(sig os.Signal, after time.Duration) bool {
	return sig != syscall.SIGUSR1 && after > doubled
}

// abort ends the job at once. What is durable stays so, and the next start
// goes on from there: the code is that of a clean stop.
func (s *signals) abort(sig os.Signal) {
	if c := s.comm.Load(); c != nil {
		(*c).Abort(exitStopped, fmt.Sprintf("%s came twice", name(sig)))
	}
	os.Exit(exitStopped)
}

// name is how people call a signal.
func name(sig os.Signal) string {
	switch sig {
	case syscall.SIGTERM:
		return "SIGTERM"
	case syscall.SIGUSR1:
		return "SIGUSR1"
	case os.Interrupt:
		return "SIGINT"
	}
	return sig.String()
}
