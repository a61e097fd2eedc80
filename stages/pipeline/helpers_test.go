package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"sluice/mpi"
	"sluice/stages/job"
	"sluice/stages/pipeline"
)

// sortedFiles returns the paths of all files below dir that are not empty.
func sortedFiles(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Size() > 0 {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	return files
}

// flip changes a bit in the middle of a file.
func flip(t *testing.T, path string) {
	t.Helper()
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p[len(p)/2] ^= 4
	if err := os.WriteFile(path, p, 0o666); err != nil {
		t.Fatal(err)
	}
}

// A follower is a watch that is told the pass and the bytes that were read in it.
type follower struct {
	pass, bytes atomic.Int64
	do          func(pass, bytes int64)
}

func (w *follower) Pass(p, _ int, _ string, _ int64) {
	w.pass.Store(int64(p))
	w.bytes.Store(0)
	w.do(int64(p), 0)
}

func (w *follower) Block(int, int)  {}
func (w *follower) Done(n, _ int64) { w.do(w.pass.Load(), w.bytes.Add(n)) }
func (w *follower) Finish()         {}

// once returns a watch that does something when a pass has read so many bytes.
func once(pass, bytes int64, do func()) *follower {
	var done atomic.Bool
	return &follower{do: func(p, n int64) {
		if p == pass && n >= bytes && done.CompareAndSwap(false, true) {
			do()
		}
	}}
}

// stopAt runs a job until a pass has read so many bytes.
func (f folder) stopAt(text, out string, ranks int, pass, bytes int64, set ...string) {
	f.tb.Helper()
	stop := make(chan struct{})
	o := pipeline.Options{Stop: stop, Watch: once(pass, bytes, func() { close(stop) })}
	if _, err := f.run(text, out, ranks, o, set...); !errors.Is(err, mpi.ErrStopped) {
		f.tb.Fatalf("was not stopped: %v", err)
	}
}

// each runs a job and returns the error of every rank.
func (f folder) each(text, out string, n int, o pipeline.Options) []error {
	f.tb.Helper()
	f.write("job.toml", text)
	j, err := job.Parse(f.path("job.toml"), catalogue(), job.Options{Set: []string{"output=" + out}})
	if err != nil {
		f.tb.Fatal(err)
	}
	j.Threads, j.Memory, j.Scratch = 2, 64_000_000, f.path("scratch")
	errs := make([]error, n)
	// Its result is one of errs.
	_ = mpi.Local(n, mpi.Config{}, func(c mpi.Comm) error {
		_, errs[c.Rank()] = pipeline.Run(context.Background(), c, j, o)
		return errs[c.Rank()]
	})
	return errs
}

// A phases is a watch that does something when the first rank begins the at-th
// pass or round of a run, or ends it.
type phases struct {
	at   int
	ends bool
	do   func()

	mu    sync.Mutex
	names []string // of those that have begun
}

func (w *phases) Pass(p, _ int, what string, _ int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name := fmt.Sprintf("%d %s", p, what)
	if slices.Contains(w.names, name) {
		return
	}
	w.names = append(w.names, name)
	if len(w.names) == w.at && !w.ends {
		w.do()
	}
}

func (w *phases) Finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.names) == w.at && w.ends && w.do != nil {
		w.do()
		w.do = nil
	}
}

func (w *phases) Block(int, int)    {}
func (w *phases) Done(int64, int64) {}

// killed runs a job in processes that are killed with kill -9, the first at event at and each next one step events
// later in its life, on 1 to ranks ranks in turn, until one comes to its end. The job's output becomes out.
func (f folder) killed(job, out string, at, step, ranks int64) {
	f.tb.Helper()
	f.write("job.toml", strings.Replace(job, `"out"`, strconv.Quote(out), 1))
	for try := int64(0); ; try++ {
		if try == 30 {
			f.tb.Fatal("does not come to an end")
		}
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "SLUICE_TEST_JOB="+f.path("job.toml"),
			fmt.Sprintf("SLUICE_TEST_KILL=%d", at+try*step), fmt.Sprintf("SLUICE_TEST_RANKS=%d", 1+try%ranks))
		text, err := cmd.CombinedOutput()
		if err == nil {
			if try == 0 {
				f.tb.Errorf("event %d: nothing was killed", at)
			}
			return
		}
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			f.tb.Fatalf("%v: %s", err, text)
		}
	}
}
