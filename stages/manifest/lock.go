package manifest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// LockOptions of [Acquire].
type LockOptions struct {
	Holder Holder
	// Wait is told, once, that the lock is held by a run that may be dead, and
	// how long its signs of life will be watched for. nil tells nobody.
	Wait func(by Holder, most time.Duration)
}

// The timing of signs of life. A holder has six chances before it counts as dead.
const (
	beat  = 10 * time.Second // between signs of life of a holder
	stale = 60 * time.Second // without a sign, a holder is dead
	poll  = time.Second
)

// HeldError says that another run works on the same OUT.
type HeldError struct {
	Dir string
	By  Holder
}

func (e *HeldError) Error() string {
	stop := fmt.Sprintf("kill %d on %s", e.By.PID, e.By.Host)
	if e.By.SlurmJob != "" {
		stop = "scancel " + e.By.SlurmJob
	}
	return fmt.Sprintf("%q is in use by %s\nwait for it to end, or stop it (%s); give a second run an `output` of its own", e.Dir, e.By, stop)
}

// A Lock keeps other runs out of a folder while its process lives.
type Lock struct {
	dir    string
	number int // of the lock file; the highest counts
	holder Holder
	lost   chan struct{}
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// Acquire takes the lock of dir for this process, which one rank does for
// all. It needs no flock, so it holds between the nodes of Lustre and NFS, too. A lock
// whose holder is known to be dead (same node and no such process, or an earlier start of the
// same Slurm job) is taken over at once. One whose holder may be dead is watched:
// a sign of life gives a *[HeldError], none for 60 s gives the lock.
func Acquire(ctx context.Context, dir string, o LockOptions) (*Lock, error) {
	for {
		number, by, err := newestLock(dir)
		if err != nil {
			return nil, err
		}
		if number > 0 && !by.Released {
			if err := waitFor(ctx, dir, number, by, o); err != nil {
				return nil, err
			}
		}
		l := &Lock{dir: dir, number: number + 1, holder: o.Holder}
		won, err := l.create()
		if err != nil {
			return nil, err
		}
		if won {
			l.keep(ctx)
			return l, nil
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// waitFor returns nil once the holder of a lock is known to be dead.
func waitFor(ctx context.Context, dir string, number int, by lockRecord, o LockOptions) error {
	switch o.Holder.judge(by.Holder) {
	case dead:
		return nil
	case alive:
		return &HeldError{dir, by.Holder}
	}
	if o.Wait != nil {
		o.Wait(by.Holder, stale)
	}
	for until := time.Now().Add(stale); time.Now().Before(until); {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(poll):
		}
		n, now, err := newestLock(dir)
		if err != nil {
			return err
		}
		switch {
		case n == 0 || now.Released:
			return nil
		case n != number: // somebody else took it over
			return &HeldError{dir, now.Holder}
		case !bytes.Equal(now.raw, by.raw) && len(now.raw) > 0:
			return &HeldError{dir, now.Holder}
		}
	}
	return nil
}

// create makes the lock file and says whether this process holds the lock now.
func (l *Lock) create() (bool, error) {
	path := lockPath(l.dir, l.number)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, writing(path, err)
	}
	_, err = f.WriteAt(lockRecord{Holder: l.holder}.encode(), 0)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return false, errors.Join(writing(path, err), os.Remove(path))
	}
	numbers, err := lockNumbers(l.dir)
	if err != nil {
		return false, err
	}
	// Had an older file of this number been removed by the holder of a
	// higher one, making it anew would have succeeded wrongly.
	if numbers[len(numbers)-1] > l.number {
		return false, os.Remove(path)
	}
	for _, n := range numbers[:len(numbers)-1] {
		if err := os.Remove(lockPath(l.dir, n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, writing(lockPath(l.dir, n), err)
		}
	}
	return true, nil
}

// keep shows signs of life until Release.
func (l *Lock) keep(ctx context.Context) {
	l.lost = make(chan struct{})
	ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	l.done.Go(func() {
		tick := time.NewTicker(beat)
		defer tick.Stop()
		for n := uint64(1); ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if !l.holds() {
				close(l.lost)
				return
			}
			// A sign that fails is followed by others; many in a row lose the lock.
			_ = l.write(lockRecord{Holder: l.holder, Beat: n})
		}
	})
}

// holds says that no other run has taken the lock. A folder that cannot be
// read for the moment says nothing.
func (l *Lock) holds() bool {
	numbers, err := lockNumbers(l.dir)
	return err != nil || len(numbers) > 0 && numbers[len(numbers)-1] == l.number
}

// write replaces what the lock file says.
func (l *Lock) write(r lockRecord) error {
	path := lockPath(l.dir, l.number)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return writing(path, err)
	}
	_, err = f.WriteAt(r.encode(), 0)
	if e := f.Close(); err == nil {
		err = e
	}
	return writing(path, err)
}

// Lost is closed if another run took the lock because this one showed no
// sign of life: it was stopped for a minute, or cut off from the file system.
// Nothing may be written any more.
func (l *Lock) Lost() <-chan struct{} { return l.lost }

// Release gives the lock back. It may be called again, and does nothing then.
func (l *Lock) Release() error {
	if l.stop == nil {
		return nil
	}
	l.stop()
	l.done.Wait()
	l.stop = nil
	if !l.holds() {
		return nil
	}
	return l.write(lockRecord{Holder: l.holder, Released: true})
}

func lockPath(dir string, number int) string {
	return filepath.Join(dir, fmt.Sprintf("lock-%06d", number))
}
