//go:build mpi

package mpi

import (
	"context"
	"fmt"
	"runtime"
	"sync"
)

// maxReceives is how many slots a rank keeps posted for whoever sends next.
const maxReceives = 64

// tagRange is how many sequence numbers there are: MPI guarantees tags up to 32767.
const tagRange = 1 << 15

func (w *world) Exchange(ctx context.Context, o ExchangeOptions, consume func(src int, p []byte) error) (Exchange, error) {
	s := newStream(w, w.dog, o, slotSize(o.Budget, w.size), consume)
	leave, err := w.enter(s.name)
	if err != nil {
		return nil, err
	}
	size := []uint64{uint64(s.size)}
	// No rank passes this before all have withdrawn the receives of the
	// exchange before: no message can go astray.
	if err := leave(w.reduce(ctx, size, Min)); err != nil {
		return nil, err
	}
	s.size = int(size[0])
	l := newWorldLink(w, s)
	s.open(ctx, l, o.Budget)
	l.listen(min(slots(o.Budget, s.size, w.size), max(2*perPair, 2*w.size), maxReceives))
	w.mu.Lock()
	w.open = true
	w.missing()
	w.mu.Unlock()
	return s, nil
}

// A worldLink carries slots by MPI. Receives are posted for any source, so
// that a few slots serve a thousand ranks, and a sender that is busier than others
// gets more of them. Sends are synchronous: a slot leaves its rank only when the other has
// a place for it, so that nothing unexpected piles up there but what MPI sends ahead, at most
// its eager limit for perPair slots of each rank. The place that a receiver
// has for a slot is the credit of its sender. The tag is the number of the slot for the pair,
// because two receives may be done in the other order.
type worldLink struct {
	w *world
	s *stream

	sent  []int           // by destination: number of the next slot
	next  []int           // by source: number of the slot to hand on next
	early []map[int]*slot // by source and number: arrived before their turn
	open  int             // receives posted
	done  chan struct{}   // closed when open is 0 after close
	down  bool

	posted []*slot // for receives

	mu   sync.Mutex
	pins runtime.Pinner // of all slots
}

func newWorldLink(w *world, s *stream) *worldLink {
	return &worldLink{
		w: w, s: s, sent: make([]int, w.size), next: make([]int, w.size),
		early: make([]map[int]*slot, w.size), done: make(chan struct{}),
	}
}

func (l *worldLink) newSlot(size int) *slot {
	s := l.w.shelf.take(size)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pins.Pin(&s.buf[0])
	return s
}

func (l *worldLink) send(dst int, s *slot) {
	l.w.eng.do(func() {
		tag := l.sent[dst]
		l.sent[dst] = (tag + 1) % tagRange
		l.w.eng.sendSynchronous(&op{name: "MPI_Issend", done: func(v event) {
			if v.err != nil {
				l.fail(v.err)
			}
			l.s.pool.give(s)
		}}, viaData, s.buf[:s.n], dst, tag)
	})
}

// fail ends the job: a slot is lost, and the ranks can no longer agree on the end.
func (l *worldLink) fail(err error) { l.w.fatal(fmt.Errorf("%s: %w", l.s.name, err)) }

// listen posts n receives.
func (l *worldLink) listen(n int) {
	if l.w.size == 1 {
		return
	}
	for range n {
		s := l.newSlot(l.s.size)
		l.posted = append(l.posted, s)
		l.recycle(s)
	}
}

func (l *worldLink) recycle(s *slot) {
	l.w.eng.do(func() {
		l.open++
		l.w.eng.receive(&op{name: "MPI_Irecv", owner: l, done: func(v event) {
			l.open--
			switch {
			case v.err != nil:
				l.fail(v.err)
			case !v.cancelled:
				s.n = v.n
				l.arrive(v.src, v.tag, s)
			}
			if l.down && l.open == 0 {
				close(l.done)
			}
		}}, viaData, s.buf, -1, -1)
	})
}

// arrive hands on a slot, and those that waited for it.
func (l *worldLink) arrive(src, tag int, s *slot) {
	if tag != l.next[src] {
		if l.early[src] == nil {
			l.early[src] = make(map[int]*slot)
		}
		l.early[src][tag] = s
		return
	}
	for s != nil {
		l.s.arrive(src, s, l.recycle)
		tag = (tag + 1) % tagRange
		s = l.early[src][tag]
		delete(l.early[src], tag)
	}
	l.next[src] = tag
}

func (l *worldLink) reduce(v *tally) error {
	x := []uint64{v.quiet, v.posted, v.settled, v.failed, v.stopped}
	err := l.w.reduce(context.Background(), x, Sum)
	*v = tally{x[0], x[1], x[2], x[3], x[4]}
	return err
}

func (l *worldLink) abandon(err error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	if l.w.err == nil {
		l.w.err = err
	}
}

// close withdraws the receives, for which nothing is under way any more. The
// collective number of the exchange's end is its caller's.
func (l *worldLink) close(free []*slot) error {
	var err error
	l.w.eng.call(func() {
		l.down = true
		if err = l.w.eng.cancel(l); err == nil && l.open == 0 {
			close(l.done)
		}
	})
	if err != nil {
		return err
	}
	<-l.done
	l.pins.Unpin()
	l.w.shelf.put(append(l.posted, free...))
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.w.open = false
	l.w.calls++
	return nil
}
