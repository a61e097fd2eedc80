package mpi

import (
	"context"
	"sync"
)

// A slot is the unit in which an exchange moves bytes. It holds whole messages
// of one rank for one other, end to end.
type slot struct {
	buf []byte // as long as the slot of the exchange
	n   int    // of which are filled
	dst int    // the rank that it counts for in its pool
}

// A pool is the sending half of an exchange's budget. Every destination may always have one
// slot, so that a rank with a thousand half-filled ones cannot get stuck;
// what is left is lent to those that are busy, up to most for one of them, so that a rank
// that is slow to consume does not hold all of it.
type pool struct {
	fresh func() *slot
	most  int // slots that one destination may have

	mu    sync.Mutex
	free  []*slot
	spare int           // slots beyond the first of each destination
	held  []int         // slots by destination: being filled, or on their way
	freed chan struct{} // closed and forgotten when a slot comes back; nil if nobody waits
	gone  bool          // closed
}

// newPool returns a pool of total slots, at least one for each destination.
func newPool(ranks, total, most int, fresh func() *slot) *pool {
	return &pool{fresh: fresh, most: max(most, 1), spare: max(total-ranks, 0), held: make([]int, ranks)}
}

// take returns an empty slot for dst. It waits until there is one, ctx ends, or
// end is closed; waiting, if not nil, is called before it waits, and what
// it returns afterwards.
func (p *pool) take(ctx context.Context, dst int, end <-chan struct{}, waiting func() func()) (*slot, error) {
	for first := true; ; first = false {
		s, freed, err := p.try(dst)
		if s != nil || err != nil {
			return s, err
		}
		if first && waiting != nil {
			defer waiting()()
		}
		select {
		case <-freed:
		case <-end:
			return nil, errEnded
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// try returns a slot, or nil and what is closed when it is worth another try.
func (p *pool) try(dst int) (*slot, <-chan struct{}, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return nil, nil, errClosed
	}
	held := p.held[dst]
	if held >= p.most || held > 0 && p.spare == 0 {
		if p.freed == nil {
			p.freed = make(chan struct{})
		}
		return nil, p.freed, nil
	}
	if held > 0 {
		p.spare--
	}
	p.held[dst]++
	var s *slot
	if n := len(p.free); n > 0 {
		s, p.free = p.free[n-1], p.free[:n-1]
	} else {
		s = p.fresh()
	}
	s.n, s.dst = 0, dst
	return s, nil, nil
}

// give takes back a slot whose bytes are no longer needed.
func (p *pool) give(s *slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held[s.dst] > 1 {
		p.spare++
	}
	p.held[s.dst]--
	if !p.gone {
		p.free = append(p.free, s)
	}
	p.wake()
}

func (p *pool) wake() {
	if p.freed != nil {
		close(p.freed)
		p.freed = nil
	}
}

// close lets nobody take a slot any more, and returns those that are free. One
// that a late sender holds is not among them.
func (p *pool) close() []*slot {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = true
	p.wake()
	return p.free
}
