package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestSignals stops a run by each of the signals that ask for it, after it has
// said where its ranks are, and lets the same command go on to the bytes that
// an undisturbed run gives.
func TestSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			// On a fast machine a small job is over before the signal comes.
			for rows := 100_000; ; rows *= 2 {
				if rows > 10_000_000 {
					t.Fatal("no run was stopped by its signal")
				}
				if stopAndGoOn(t, t.TempDir(), rows, sig) {
					return
				}
			}
		})
	}
}

// stopAndGoOn returns false if the job was done before the signal came.
func stopAndGoOn(t *testing.T, dir string, rows int, sig os.Signal) bool {
	t.Helper()
	var text strings.Builder
	for i := range rows {
		fmt.Fprintf(&text, `{"text": "some text that repeats, number %d, and some more"}`+"\n", i*7%(rows*3/4))
	}
	write(t, filepath.Join(dir, "in", "a.jsonl"), text.String())
	write(t, filepath.Join(dir, "job.toml"), "input = 'in'\noutput = 'out'\n[[stage]]\nuse = 'dedup.exact'\n")

	code, said := start(t, dir, func(cmd *exec.Cmd, stderr *lockedBuffer, done <-chan struct{}) {
		until(done, func() bool {
			life, _ := filepath.Glob(filepath.Join(dir, "out", ".sluice", "life", "*"))
			return len(life) > 0
		})
		_ = cmd.Process.Signal(syscall.SIGUSR2)
		until(done, func() bool { return strings.Contains(stderr.String(), "sluice: rank 0 on ") })
		_ = cmd.Process.Signal(sig)
	}, "run", "job.toml", "--ranks", "2")
	if code == exitDone {
		return false
	}
	if code != exitStopped || !strings.Contains(said, name(sig)+": stopping at the next block") ||
		!strings.Contains(said, "sluice: stopped\n        the same command goes on from here\n") {
		t.Fatalf("exit code %d:\n%s", code, said)
	}
	if code, said := start(t, dir, nil, "run", "job.toml", "--ranks", "3"); code != exitDone {
		t.Fatalf("going on: exit code %d:\n%s", code, said)
	}
	if code, said := start(t, dir, nil, "run", "job.toml", "--set", "output=whole"); code != exitDone {
		t.Fatalf("undisturbed: exit code %d:\n%s", code, said)
	}
	got, want := read(t, filepath.Join(dir, "out", "data", "a.jsonl")), read(t, filepath.Join(dir, "whole", "data", "a.jsonl"))
	if !bytes.Equal(got, want) || len(want) == 0 {
		t.Errorf("%d bytes, not the same as the %d of an undisturbed run", len(got), len(want))
	}
	return true
}

// start runs sluice in dir, with do beside it, and returns its exit code and
// what it said on standard error.
func start(t *testing.T, dir string, do func(*exec.Cmd, *lockedBuffer, <-chan struct{}), args ...string) (code int, said string) {
	t.Helper()
	var stderr lockedBuffer
	cmd := exec.Command("sluice", args...)
	cmd.Dir, cmd.Stderr = dir, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done, helped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(helped)
		if do != nil {
			do(cmd, &stderr, done)
		}
	}()
	err := cmd.Wait()
	close(done)
	<-helped
	if err != nil && cmd.ProcessState.ExitCode() < 0 {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stderr.String()
}

// until returns once ok, or the process, is done.
func until(done <-chan struct{}, ok func() bool) {
	for !ok() {
		select {
		case <-done:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// A lockedBuffer may be read while a process writes to it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// SIGUSR2 asks each who wants to be asked, and goes on.
func TestAsked(t *testing.T) {
	s := listen(func(string, ...any) {})
	defer s.close()
	told := make(chan int)
	for i := range 2 {
		s.asked(func() { told <- i })
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	if a, b := <-told, <-told; a+b != 1 {
		t.Errorf("told %d and %d", a, b)
	}
	select {
	case <-s.stop:
		t.Error("it stopped")
	default:
	}
}

// TestSecondSignal holds what a second signal does: soon after the first, or
// as SIGUSR1, it is the same wish.
func TestSecondSignal(t *testing.T) {
	s := &signals{}
	for _, c := range []struct {
		sig   os.Signal
		after time.Duration
		want  bool
	}{
		{syscall.SIGTERM, doubled / 2, false}, {syscall.SIGTERM, doubled * 2, true},
		{os.Interrupt, doubled * 2, true}, {syscall.SIGUSR1, doubled * 2, false},
	} {
		if got := s.insists(c.sig, c.after); got != c.want {
			t.Errorf("%v after %v: %v", c.sig, c.after, got)
		}
	}
}

// Slurm sends a signal to the programs of run.exec, too. One that ends of it before the rank has heard of it is no
// failure: the block is read again.
func TestProgramStopped(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "in", "a.jsonl"), `{"text": "one"}`+"\n")
	write(t, filepath.Join(dir, "program"), `if [ ! -e been ]; then : >been; read line; kill -TERM $PPID; kill -TERM $$; fi; exec cat`)
	write(t, filepath.Join(dir, "job.toml"), "input = 'in'\noutput = 'out'\n[[stage]]\nuse = 'run.exec'\ncommand = ['sh', 'program']\non_error = 'drop'\n")
	if code, said := start(t, dir, nil, "run", "job.toml"); code != exitStopped {
		t.Fatalf("exit code %d:\n%s", code, said)
	}
	if code, said := start(t, dir, nil, "run", "job.toml"); code != exitDone {
		t.Fatalf("going on: exit code %d:\n%s", code, said)
	}
	if got := string(read(t, filepath.Join(dir, "out", "data", "a.jsonl"))); got != `{"text": "one"}`+"\n" {
		t.Errorf("the output is %q", got)
	}
}
