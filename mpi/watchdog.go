package mpi

import (
	"fmt"
	"sync"
	"time"
)

// A watchdog ends a job that waits for a rank that will never come.
type watchdog struct {
	cfg   Config
	abort func(code int, reason string)
}

// wait says that the caller waits for other ranks in op from now on; it calls
// what wait returns when it no longer does. Waiting and abort run on a
// goroutine of their own, so that they work whatever the waiter is stuck in.
func (w *watchdog) wait(op string) (stop func()) {
	if w.cfg.Watchdog <= 0 {
		return func() {}
	}
	x := &vigil{watchdog: w, op: op, since: time.Now()}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.timer = time.AfterFunc(w.cfg.Watchdog, x.bark)
	return x.stop
}

// A vigil is one wait.
type vigil struct {
	*watchdog
	op    string
	since time.Time

	mu    sync.Mutex
	over  bool
	timer *time.Timer
}

func (x *vigil) stop() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.over = true
	x.timer.Stop()
}

func (x *vigil) done() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.over
}

func (x *vigil) bark() {
	if x.done() {
		return
	}
	waited := time.Since(x.since).Round(time.Millisecond)
	err := fmt.Errorf("no rank reports progress")
	if x.cfg.Waiting != nil {
		err = x.cfg.Waiting(x.op, x.since)
	}
	if err != nil && !x.done() {
		x.abort(1, fmt.Sprintf("watchdog: waited %s in %s: %s", waited, x.op, err))
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.over {
		x.timer.Reset(x.cfg.Watchdog)
	}
}
