package mpi

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Messages of lanes travel in an exchange of their rank, each in a frame: lane it goes to, lane it comes
// from, 1 byte each, and its length, 4 bytes, little endian.
const frameHeader = 6

type frame struct {
	to, from int
	p        []byte
}

func appendFrame(b []byte, to, from int, p []byte) []byte {
	b = append(b, byte(to), byte(from))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(p)))
	return append(b, p...)
}

var errFrame = errors.New("mpi: a broken message between lanes: this is a bug")

// takeFrame takes a frame from the front of b.
func takeFrame(b []byte) (f frame, rest []byte, err error) {
	if len(b) < frameHeader {
		return f, nil, errFrame
	}
	n := int64(binary.LittleEndian.Uint32(b[2:]))
	if n > int64(len(b)-frameHeader) {
		return f, nil, errFrame
	}
	end := frameHeader + int(n)
	return frame{int(b[0]), int(b[1]), b[frameHeader:end:end]}, b[end:], nil
}

// A hub is the exchange of a rank that its lanes share.
type hub struct {
	x     *stream
	lanes []*laneExchange
	once  sync.Once
}

// deliver hands what came to the lanes. It waits for one that consumes slowly.
func (h *hub) deliver(src int, p []byte) error {
	for len(p) > 0 {
		f, rest, err := takeFrame(p)
		if err != nil || f.to >= len(h.lanes) {
			return errFrame
		}
		to := h.lanes[f.to]
		buf := to.buffers.get(len(f.p))
		copy(buf, f.p)
		to.in <- laneArrival{src, f.from, buf}
		p = rest
	}
	return nil
}

// close closes the exchange of the rank, once, and waits until each lane has consumed what it got.
func (h *hub) close(err error) (outcome error) {
	h.once.Do(func() {
		_, outcome = h.x.Close(err)
		for _, l := range h.lanes {
			if outcome != nil {
				l.drop.Store(true)
			}
			close(l.in)
		}
		for _, l := range h.lanes {
			<-l.emptied
		}
	})
	return outcome
}

// A laneArrival is a message for a lane, of a lane of another rank or of this one.
type laneArrival struct {
	rank, lane int
	p          []byte
}

// waitingMessages is how many messages may wait for a lane.
const waitingMessages = 8

// A laneExchange is a lane's end of an exchange.
type laneExchange struct {
	l       *lane
	name    string
	budget  int64
	consume func(src int, p []byte) error
	hub     *hub
	in      chan laneArrival
	buffers slabs
	failure atomic.Pointer[error] // of consume

	sent, received, local atomic.Int64
	drop                  atomic.Bool // what still waits
	emptied               chan struct{}

	unwatch func() bool // ends the watch on the context of the exchange
	once    sync.Once
	stats   Stats
	err     error
}

func (l *lane) Exchange(ctx context.Context, o ExchangeOptions, consume func(src int, p []byte) error) (Exchange, error) {
	x := &laneExchange{l: l, name: o.title(), budget: o.Budget, consume: consume, in: make(chan laneArrival, waitingMessages), emptied: make(chan struct{})}
	_, err := l.together(ctx, x.name, x, func(parts []part) (any, error) {
		h := new(hub)
		o := ExchangeOptions{Name: o.Name}
		for _, p := range parts {
			x := p.v.(*laneExchange)
			x.hub = h
			h.lanes = append(h.lanes, x)
			o.Budget += x.budget
		}
		own, err := l.parent.Exchange(ctx, o, h.deliver)
		if err != nil {
			return nil, err
		}
		h.x = own.(*stream)
		for _, x := range h.lanes {
			go x.drain()
		}
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	x.unwatch = context.AfterFunc(ctx, func() { x.hub.x.fail(context.Cause(ctx)) })
	l.setOpen(true)
	return x, nil
}

// drain consumes what comes until the channel is closed.
func (x *laneExchange) drain() {
	defer close(x.emptied)
	for a := range x.in {
		if x.failure.Load() == nil && !x.drop.Load() {
			if err := x.take(a); err != nil {
				x.failure.Store(&err)
				x.hub.x.fail(err)
			}
		}
		x.buffers.put(a.p)
	}
}

func (x *laneExchange) take(a laneArrival) error {
	if a.rank != x.l.parent.Rank() {
		x.received.Add(int64(len(a.p)))
	}
	return consumed(x.name, x.consume, a.rank*x.l.g.n+a.lane, a.p)
}

func (x *laneExchange) MaxMessage() int       { return x.hub.x.MaxMessage() - frameHeader }
func (x *laneExchange) Done() <-chan struct{} { return x.hub.x.Done() }

func (x *laneExchange) Send(ctx context.Context, dst int, p []byte) error {
	if err := checkSend(x.name, dst, x.l.Size(), len(p), x.MaxMessage()); err != nil {
		return err
	}
	if len(p) == 0 {
		return nil // nobody would hear of it
	}
	n := x.l.g.n
	if dst/n == x.l.parent.Rank() {
		x.local.Add(int64(len(p)))
	} else {
		x.sent.Add(int64(len(p)))
	}
	buf := x.buffers.get(len(p) + frameHeader)
	defer x.buffers.put(buf)
	return x.hub.x.Send(ctx, dst/n, appendFrame(buf[:0], dst%n, x.l.rank, p))
}

func (x *laneExchange) Close(err error) (Stats, error) {
	x.once.Do(func() { x.stats, x.err = x.close(err) })
	return x.stats, x.err
}

func (x *laneExchange) close(err error) (Stats, error) {
	begin := time.Now()
	l, ctx := x.l, context.Background()
	x.unwatch()
	if err != nil {
		x.hub.x.fail(err) // before the others close
	}
	parts, broken := l.g.meet(ctx, &l.g.rounds, l.rank, "the end of "+x.name, err)
	if broken == nil {
		var own error
		if l.rank == 0 {
			own = x.end(ctx, parts)
		}
		parts, broken = l.g.meet(ctx, &l.g.rounds, l.rank, "the outcome of "+x.name, own)
	}
	if broken != nil { // a lane has left
		_ = x.hub.close(broken)
		l.breakUp(broken)
		return Stats{Waited: time.Since(begin)}, broken
	}
	l.setOpen(false)
	stats := Stats{Sent: x.sent.Load(), Received: x.received.Load(), Local: x.local.Load(), Waited: time.Since(begin)}
	outcome, _ := parts[0].v.(error)
	return stats, outcome
}

// end closes the exchange for all lanes, with what they close it with.
func (x *laneExchange) end(ctx context.Context, parts []part) error {
	var worst error
	for _, p := range parts {
		if err, _ := p.v.(error); err != nil && graver(err, worst) {
			worst = err
		}
	}
	if err := x.hub.close(worst); err != nil {
		return err
	}
	// The last messages may have been consumed behind the end.
	var failed error
	for _, l := range x.hub.lanes {
		if err := l.failure.Load(); err != nil && failed == nil {
			failed = *err
		}
	}
	return Agree(ctx, x.l.parent, failed)
}

// graver says that an error says more about why an exchange ends than another one does.
func graver(err, than error) bool {
	weight := func(err error) int {
		switch {
		case err == nil:
			return 0
		case errors.Is(err, errEnded):
			return 1
		case errors.Is(err, ErrStopped):
			return 2
		}
		return 3
	}
	return weight(err) > weight(than)
}

// slabs is a free list of buffers.
type slabs struct{ pool sync.Pool }

func (s *slabs) get(n int) []byte {
	if p, ok := s.pool.Get().(*[]byte); ok && cap(*p) >= n {
		return (*p)[:n]
	}
	return make([]byte, n, max(n, 4<<10))
}

func (s *slabs) put(p []byte) { s.pool.Put(&p) }
