package mpi

import (
	"context"
	"errors"
	"time"
)

// fail ends the exchange for the reason err, unless that follows from an end
// that has come already. A failure outweighs a stop.
func (s *stream) fail(err error) {
	s.mu.Lock()
	if !s.secondary(err) && (s.own == nil || errors.Is(s.own, ErrStopped)) {
		s.own = err
	}
	s.mu.Unlock()
	s.leave()
	s.hurry()
}

// leave makes this rank send and consume no more.
func (s *stream) leave() {
	if s.ended.CompareAndSwap(false, true) {
		close(s.end)
	}
}

// hurry wakes steer.
func (s *stream) hurry() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// count returns this rank's part of a tally.
func (s *stream) count() tally {
	var v tally
	s.mu.Lock()
	if s.quiet {
		v.quiet = 1
	}
	s.mu.Unlock()
	// In this order: posted is final once quiet is seen, and a slot that is settled has
	// left its error in own.
	v.posted, v.settled = s.posted.Load(), s.settled.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.own == nil:
	case errors.Is(s.own, ErrStopped):
		v.stopped = 1
	default:
		v.failed = 1
	}
	return v
}

// steer runs one round of the agreement after the other until the end.
func (s *stream) steer() {
	defer close(s.agreed)
	all := uint64(s.comm.Size())
	var was tally
	for pause := time.Duration(0); ; {
		mine := s.count()
		v := mine
		if err := s.link.reduce(&v); err != nil {
			s.broken = err
			s.leave()
			return
		}
		if v.failed+v.stopped > 0 {
			s.leave()
		}
		if v.quiet == all && v.posted == v.settled {
			s.outcome = v
			return
		}
		// A rank that has closed goes on at once, and waits in the next round
		// for those that have not. Once all have closed, what is left is
		// to consume, and rounds become rarer while that lasts.
		switch {
		case v.quiet == all:
			pause = min(pause+pause/2+20*time.Microsecond, pace)
		case mine.quiet == 1:
			pause = 0
		case v == was: // while nothing moves, an agreement is worth less
			pause = min(max(2*pause, pace), slowPace)
		default:
			pause = pace
		}
		was = v
		s.rest(pause)
	}
}

// rest waits for d, or until hurry.
func (s *stream) rest(d time.Duration) {
	if d == 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.kick:
	}
}

func (s *stream) Close(err error) (Stats, error) {
	s.once.Do(func() { s.stats, s.err = s.close(err) })
	return s.stats, s.err
}

func (s *stream) close(err error) (Stats, error) {
	start := time.Now()
	if err != nil {
		s.fail(err)
	}
	s.flush()
	s.mu.Lock()
	s.quiet = true
	s.mu.Unlock()
	s.hurry()

	calm := s.dog.wait("Close of " + s.name)
	<-s.agreed
	s.unwatch()
	s.in.close()
	<-s.emptied
	calm()
	stats := Stats{Sent: s.sent.Load(), Received: s.received.Load(), Local: s.local.Load(), Waited: time.Since(start)}
	if s.broken != nil {
		s.link.abandon(s.broken)
		return stats, s.broken
	}
	if err := s.link.close(s.pool.close()); err != nil {
		return stats, err
	}
	if s.outcome.failed+s.outcome.stopped == 0 {
		return stats, nil
	}
	s.mu.Lock()
	own := s.own
	s.mu.Unlock()
	return stats, Agree(context.Background(), s.comm, own)
}

// secondary reports whether err follows from an end that has come already: it is what
// Send returned, or a context that was ended because Done was closed.
func (s *stream) secondary(err error) bool {
	if errors.Is(err, errEnded) {
		return true
	}
	return s.ended.Load() && (errors.Is(err, context.Canceled) || errors.Is(err, ErrStopped))
}

// flush posts the slots that are partly filled, or drops them after the end, and
// refuses all further messages.
func (s *stream) flush() {
	for dst := range s.out {
		o := &s.out[dst]
		o.mu.Lock()
		o.closed = true
		switch {
		case o.s == nil:
		case s.ended.Load():
			s.pool.give(o.s)
			o.s = nil
		default:
			s.post(dst, o)
		}
		o.mu.Unlock()
	}
}

// add adds w to v.
func (v *tally) add(w tally) {
	v.quiet += w.quiet
	v.posted += w.posted
	v.settled += w.settled
	v.failed += w.failed
	v.stopped += w.stopped
}
