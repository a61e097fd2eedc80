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
	// Wait is told that the lock is held by a run that may be dead or about to
	// end, and how long that run will be watched. nil tells nobody.
	Wait func(by Holder, most time.Duration)
}

// The timing of signs of life. A holder has six chances before it counts as dead.
const (
	beat  = 10 * time.Second // between signs of life of a holder
	stale = 60 * time.Second // without a sign, a holder is dead
	poll  = time.Second
)

// A launcher whose rank died may end before the other ranks have: mpirun kills
// them a second after SIGTERM, and the memory of a large one takes seconds to
// free. Whoever starts again right behind it is to find them gone.
const (
	grace  = 10 * time.Second // for a living holder to end
	glance = 200 * time.Millisecond
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
// a sign of life gives a *[HeldError], none for 60 s gives the lock. One whose holder
// lives on this node is watched, too: if it is not free within 10 s, that is a
// *[HeldError]. This process itself is refused at once where it holds the lock.
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

// waitFor returns nil once a lock is free: given back, or its holder known to be
// dead or silent for long.
func waitFor(ctx context.Context, dir string, number int, by lockRecord, o LockOptions) error {
	most, every := stale, poll
	v := o.Holder.judge(by.Holder)
	switch {
	case v == dead:
		return nil
	case v == alive && by.Holder.PID == o.Holder.PID:
		return &HeldError{dir, by.Holder} // it does not end while it waits for itself
	case v == alive:
		most, every = grace, glance
	}
	if o.Wait != nil {
		o.Wait(by.Holder, most)
	}
	for until := time.Now().Add(most); time.Now().Before(until); {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(every):
		}
		if free, err := look(dir, number, by, o.Holder, v == alive); free || err != nil {
			return err
		}
	}
	if v == alive {
		return &HeldError{dir, by.Holder}
	}
	return nil
}

// look says whether a lock has become free. That another process took it over is
// a *[HeldError], and so is a sign of life of a holder that is not known to live.
func look(dir string, number int, by lockRecord, self Holder, lives bool) (free bool, err error) {
	n, now, err := newestLock(dir)
	switch {
	case err != nil:
		return false, err
	case n == 0 || now.Released:
		return true, nil
	case n != number:
		return false, &HeldError{dir, now.Holder}
	case lives:
		return self.judge(by.Holder) == dead, nil
	case !bytes.Equal(now.raw, by.raw) && len(now.raw) > 0:
		return false, &HeldError{dir, by.Holder}
	}
	return false, nil
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
