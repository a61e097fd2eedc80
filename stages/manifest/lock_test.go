package manifest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// stranger is a holder on another machine, of which nothing can be known.
func stranger() Holder {
	return Holder{Host: "node7", PID: 12, SlurmJob: "99", Since: time.Unix(0, 0).UTC()}
}

// hold puts a lock file of h into dir, as one that died would leave.
func hold(t testing.TB, dir string, number int, h Holder) {
	t.Helper()
	if err := os.WriteFile(lockPath(dir, number), lockRecord{Holder: h}.encode(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLockIsExclusive(t *testing.T) {
	dir := t.TempDir()
	l, err := Acquire(t.Context(), dir, LockOptions{Holder: Self()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Acquire(t.Context(), dir, LockOptions{Holder: Self()})
	held, ok := errors.AsType[*HeldError](err)
	if !ok || held.By.PID != os.Getpid() || !strings.Contains(err.Error(), held.By.Host) {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		l, err = Acquire(t.Context(), dir, LockOptions{Holder: Self()})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 {
		t.Errorf("lock files pile up: %v", list)
	}
}

func TestLockHasOneWinner(t *testing.T) {
	for range 20 {
		dir := t.TempDir()
		dead := Self()
		dead.Process = "1"
		hold(t, dir, 5, dead)
		var won, refused atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				l, err := Acquire(t.Context(), dir, LockOptions{Holder: Self()})
				if err == nil {
					won.Add(1)
					defer l.Release()
				} else if _, ok := errors.AsType[*HeldError](err); ok {
					refused.Add(1)
				} else {
					t.Error(err)
				}
				for won.Load()+refused.Load() < 8 && !t.Failed() {
					time.Sleep(time.Millisecond)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d of 8 hold the lock", won.Load())
		}
	}
}

func TestLockOfDeadHolderIsTaken(t *testing.T) {
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	self := Self()
	if self.Boot == "" {
		t.Skip("no /proc")
	}
	gone, other, requeued := self, self, stranger()
	gone.PID = ended.Process.Pid
	other.Process += "0" // the number went to another process
	requeued.Boot = "another node"
	for name, h := range map[string]Holder{"gone": gone, "pid reused": other, "requeued": requeued} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			hold(t, dir, 3, h)
			by := self
			by.SlurmJob, by.Restart = "99", 1
			l, err := Acquire(t.Context(), dir, LockOptions{Holder: by, Wait: func(Holder, time.Duration) { t.Error("waited") }})
			if err != nil {
				t.Fatal(err)
			}
			if l.number != 4 {
				t.Error(l.number)
			}
			if err := l.Release(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLockOfSilentHolderIsTakenAfterAMinute(t *testing.T) {
	for _, content := range [][]byte{lockRecord{Holder: stranger()}.encode(), []byte("garbage"), nil} {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			if err := os.WriteFile(lockPath(dir, 1), content, 0o644); err != nil {
				t.Fatal(err)
			}
			waited := 0
			begin := time.Now()
			l, err := Acquire(t.Context(), dir, LockOptions{Holder: Self(), Wait: func(Holder, time.Duration) { waited++ }})
			if err != nil {
				t.Fatal(err)
			}
			if d := time.Since(begin); d != stale || waited != 1 {
				t.Errorf("taken after %v; told %d times", d, waited)
			}
			if err := l.Release(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLockOfLivingHolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l, err := Acquire(t.Context(), dir, LockOptions{Holder: stranger()})
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		_, err = Acquire(t.Context(), dir, LockOptions{Holder: Self()})
		if _, ok := errors.AsType[*HeldError](err); !ok || !strings.Contains(err.Error(), "scancel 99") {
			t.Error(err)
		}
		if d := time.Since(begin); d > beat+2*poll {
			t.Errorf("refused only after %v", d)
		}
		// One that is given back while it is watched is free.
		go func() {
			time.Sleep(3 * time.Second)
			l.Release()
		}()
		l2, err := Acquire(t.Context(), dir, LockOptions{Holder: Self()})
		if err != nil {
			t.Fatal(err)
		}
		l2.Release()
		// A stop ends the watching.
		hold(t, dir, 9, stranger())
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := Acquire(ctx, dir, LockOptions{Holder: Self()}); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

// neighbour is a holder on this machine that lives, and is not this process.
func neighbour(t testing.TB) Holder {
	t.Helper()
	h := Self()
	h.PID = os.Getppid()
	h.Process, _ = processStart(h.PID)
	if h.Process == "" {
		t.Skip("no /proc")
	}
	return h
}

// A holder that is known to live has ten seconds to end; its signs of life change nothing.
func TestLockOfLivingNeighbour(t *testing.T) {
	by := neighbour(t)
	for name, c := range map[string]struct {
		then  lockRecord // 3 s after the start
		as    int        // number of the file it goes to
		after time.Duration
		held  bool
	}{
		"works on":   {lockRecord{Holder: by, Beat: 1}, 1, grace, true},
		"gives back": {lockRecord{Holder: by, Released: true}, 1, 3 * time.Second, false},
		"succeeded":  {lockRecord{Holder: stranger()}, 2, 3 * time.Second, true},
	} {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			hold(t, dir, 1, by)
			begin, told := time.Now(), 0
			time.AfterFunc(3*time.Second-glance/2, func() { // between two looks
				if err := os.WriteFile(lockPath(dir, c.as), c.then.encode(), 0o644); err != nil {
					t.Error(err)
				}
			})
			l, err := Acquire(t.Context(), dir, LockOptions{Holder: Self(), Wait: func(_ Holder, most time.Duration) {
				if told++; most != grace {
					t.Errorf("%s: waits %v", name, most)
				}
			}})
			d := time.Since(begin)
			held, ok := errors.AsType[*HeldError](err)
			if ok != c.held || ok && held.By.PID != c.then.Holder.PID || told != 1 || d < c.after || d > c.after+glance {
				t.Errorf("%s: %v after %v; told %d times", name, err, d, told)
			}
			if err == nil {
				l.Release()
			}
		})
	}
}

const holderFolder = "SLUICE_TEST_HOLDER"

// TestHolder holds a lock until it is killed, in a process of its own.
func TestHolder(t *testing.T) {
	dir := os.Getenv(holderFolder)
	if dir == "" {
		t.Skip("run by TestLockOfDyingHolder")
	}
	if _, err := Acquire(t.Context(), dir, LockOptions{Holder: Self()}); err != nil {
		t.Fatal(err)
	}
	fmt.Println("held")
	time.Sleep(time.Minute)
}

// Whoever starts while the last run is still dying gets the lock at its death.
func TestLockOfDyingHolder(t *testing.T) {
	neighbour(t)
	dir := t.TempDir()
	last := exec.Command(os.Args[0], "-test.run=^TestHolder$", "-test.v")
	last.Env = append(os.Environ(), holderFolder+"="+dir)
	out, err := last.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := last.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "held"; {
	}
	died := time.AfterFunc(time.Second, func() { last.Process.Kill() })
	told := 0
	l, err := Acquire(t.Context(), dir, LockOptions{Holder: Self(), Wait: func(Holder, time.Duration) { told++ }})
	early := died.Stop()
	last.Process.Kill()
	_ = last.Wait()
	if err != nil || early || told != 1 {
		t.Fatalf("error %v; before the death: %v; told %d times", err, early, told)
	}
	if l.number != 2 {
		t.Error(l.number)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}

func TestLostLock(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l, err := Acquire(t.Context(), dir, LockOptions{Holder: stranger()})
		if err != nil {
			t.Fatal(err)
		}
		hold(t, dir, l.number+1, Self())
		begin := time.Now()
		<-l.Lost()
		if d := time.Since(begin); d > beat {
			t.Error(d)
		}
		if err := l.Release(); err != nil {
			t.Error(err)
		}
		if _, now, err := newestLock(dir); err != nil || now.Released || now.Holder.PID != os.Getpid() {
			t.Error("the lock of the new holder was touched:", now, err)
		}
	})
}

func TestLockOfOtherVersion(t *testing.T) {
	dir := t.TempDir()
	p := append(appendHeader(nil, lockMagic, 7, 0, 0), make([]byte, 100)...)
	if err := os.WriteFile(lockPath(dir, 1), p, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Acquire(t.Context(), dir, LockOptions{Holder: Self()})
	if _, ok := errors.AsType[*VersionError](err); !ok {
		t.Error(err)
	}
	_, err = Acquire(t.Context(), filepath.Join(dir, "missing"), LockOptions{Holder: Self()})
	if !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func FuzzLock(f *testing.F) {
	f.Add(lockRecord{Holder: stranger(), Beat: 3}.encode())
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, p []byte) {
		r, err := decodeLock("x", slices.Clone(p))
		if err != nil {
			return
		}
		again, err := decodeLock("x", lockRecord{Holder: r.Holder, Released: r.Released, Beat: r.Beat}.encode())
		if err != nil || again.Released != r.Released || again.Beat != r.Beat {
			t.Errorf("%+v, again %+v, %v", r, again, err)
		}
	})
}
