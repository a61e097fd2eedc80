package mpi

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// The slot of an exchange is clamp(budget/4P, minSlot, maxSlot): half of the
// budget is for sending, so that each destination has one slot to fill and
// one on its way, and half for receiving.
const (
	minSlot       = 16 << 10
	maxSlot       = 1 << 20
	defaultBudget = 256 << 20
)

// perPair is how many slots one rank may have for one other: as many as hide the way
// there and back, few enough that what is in turn stays in the cache.
const perPair = 4

// pace is how long a rank that still sends waits between two rounds of the
// agreement; up to slowPace while nobody sends.
const (
	pace     = 10 * time.Millisecond
	slowPace = 100 * time.Millisecond
)

// errEnded is what Send returns after the end. A rank that passes it on to
// Close does not count as one that failed.
var errEnded = errors.New("the exchange has ended early; Close says why")

// errOpen is the outcome of a collective that is called too early. It breaks nothing.
var errOpen = errors.New("mpi: no other collective may be called while an exchange is open\nclose it first")

var errClosed = errors.New("mpi: Send after Close")

// A link moves the slots of one exchange between ranks.
type link interface {
	// send carries s to rank dst, which is another one, and gives it back to its
	// pool. It does not wait, and keeps the order for each dst.
	send(dst int, s *slot)
	// recycle takes back a slot that arrived, once it is consumed.
	recycle(s *slot)
	// newSlot returns a slot that send can carry. It is called by one goroutine at a time.
	newSlot(size int) *slot
	// reduce sums v over all ranks.
	reduce(v *tally) error
	// close is called after all ranks have agreed that all has arrived. It may
	// keep the slots that it gets for later.
	close(free []*slot) error
	// abandon is called instead if reduce has failed.
	abandon(err error)
}

// A tally is what the ranks sum up to agree on the end. The end has come when
// all ranks are quiet, which keeps posted from growing, and all that was posted is settled.
type tally struct {
	quiet   uint64 // ranks that will post no more
	posted  uint64 // slots handed to the link, those for this rank included
	settled uint64 // slots consumed, or dropped after a failure
	failed  uint64 // ranks with an error
	stopped uint64 // ranks that asked to stop
}

// An arrival is a slot of rank src for this rank.
type arrival struct {
	src  int
	s    *slot
	done func(*slot)
}

// A stream is an Exchange over any link. Send fills a slot per destination
// under a lock of that destination and hands full ones to the link; one
// goroutine consumes what arrives; another (steer) agrees with the other ranks, again
// and again, on whether some rank failed and whether all is done.
type stream struct {
	comm    Comm
	dog     *watchdog
	name    string
	size    int // bytes of a slot
	link    link
	pool    *pool
	out     []outbox
	in      *queue[arrival]
	consume func(int, []byte) error

	posted, settled       atomic.Uint64
	sent, received, local atomic.Int64
	ended                 atomic.Bool

	mu    sync.Mutex
	own   error         // what this rank fails with, or ErrStopped
	quiet bool          // Close has posted the last slot
	end   chan struct{} // Done

	kick    chan struct{} // asks steer not to wait
	agreed  chan struct{} // closed with outcome and broken set
	outcome tally
	broken  error // the communicator failed
	emptied chan struct{}

	unwatch func() bool // ends the watch on the context of the exchange
	once    sync.Once
	stats   Stats
	err     error
}

// An outbox is the slot that is being filled for one destination.
type outbox struct {
	mu     sync.Mutex
	s      *slot // nil until something is sent
	closed bool
	_      [40]byte // one cache line each: neighbours are locked by other goroutines
}

// slotSize returns the slot that a budget allows on p ranks.
func slotSize(budget int64, p int) int {
	if budget == 0 {
		budget = defaultBudget
	}
	return int(min(max(budget/int64(4*p), minSlot), maxSlot)) &^ 4095
}

// slots returns how many slots of a size make half of the budget.
func slots(budget int64, size, p int) int {
	if budget == 0 {
		budget = defaultBudget
	}
	return max(int(budget/2/int64(size)), 2*p)
}

// title is what an exchange is called in messages.
func (o ExchangeOptions) title() string {
	if o.Name == "" {
		return "an exchange"
	}
	return fmt.Sprintf("exchange %q", o.Name)
}

// newStream returns a stream whose link is still to be set; open starts it.
func newStream(c Comm, dog *watchdog, o ExchangeOptions, size int, consume func(int, []byte) error) *stream {
	return &stream{
		comm: c, dog: dog, name: o.title(), size: size, consume: consume,
		out: make([]outbox, c.Size()), in: newQueue[arrival](),
		end: make(chan struct{}), kick: make(chan struct{}, 1),
		agreed: make(chan struct{}), emptied: make(chan struct{}),
	}
}

// open starts the stream. The end of ctx fails it, or stops it if that is the
// cause.
func (s *stream) open(ctx context.Context, l link, budget int64) *stream {
	s.link = l
	p := s.comm.Size()
	s.pool = newPool(p, slots(budget, s.size, p), perPair, func() *slot { return l.newSlot(s.size) })
	s.unwatch = context.AfterFunc(ctx, func() { s.fail(context.Cause(ctx)) })
	go s.drain()
	go s.steer()
	return s
}

func (s *stream) MaxMessage() int       { return s.size }
func (s *stream) Done() <-chan struct{} { return s.end }

func (s *stream) Send(ctx context.Context, dst int, p []byte) error {
	if err := checkSend(s.name, dst, len(s.out), len(p), s.size); err != nil {
		return err
	}
	if s.ended.Load() {
		return errEnded
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	o := &s.out[dst]
	for len(p) > 0 {
		if done, err := s.put(o, dst, p); done || err != nil {
			return err
		}
		// The lock is not held while we wait: Close and the contexts of other
		// senders must get through.
		got, err := s.pool.take(ctx, dst, s.end, func() func() { return s.dog.wait("Send of " + s.name) })
		if err != nil {
			return err
		}
		s.place(o, got)
	}
	return nil
}

// checkSend returns an error for a message to a rank that is not there, or of more bytes than fit.
func checkSend(name string, dst, ranks, bytes, most int) error {
	if dst < 0 || dst >= ranks {
		return fmt.Errorf("%s: no rank %d\nthere are %d, the first is 0", name, dst, ranks)
	}
	if bytes > most {
		return fmt.Errorf("%s: a message of %d bytes is too long\nat most %d", name, bytes, most)
	}
	return nil
}

// put copies p into o's slot. It is false if there is no slot: a full one has
// been posted.
func (s *stream) put(o *outbox, dst int, p []byte) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		if s.ended.Load() {
			return false, errEnded
		}
		return false, errClosed
	}
	if o.s != nil && o.s.n+len(p) > s.size {
		s.post(dst, o)
	}
	if o.s == nil {
		return false, nil
	}
	o.s.n += copy(o.s.buf[o.s.n:], p)
	if o.s.n == s.size {
		s.post(dst, o)
	}
	return true, nil
}

// place makes got o's slot, unless another sender was faster.
func (s *stream) place(o *outbox, got *slot) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.s != nil || o.closed {
		s.pool.give(got)
		return
	}
	o.s = got
}

// post hands o's slot on. The caller holds o's lock, which keeps the order.
func (s *stream) post(dst int, o *outbox) {
	full := o.s
	o.s = nil
	s.posted.Add(1)
	if dst == s.comm.Rank() {
		s.local.Add(int64(full.n))
		s.in.push(arrival{dst, full, s.pool.give})
		return
	}
	s.sent.Add(int64(full.n))
	s.link.send(dst, full)
}

// arrive takes a slot from the link. It does not wait.
func (s *stream) arrive(src int, got *slot, done func(*slot)) {
	s.received.Add(int64(got.n))
	s.in.push(arrival{src, got, done})
}

// drain consumes what arrives until the queue is closed.
func (s *stream) drain() {
	defer close(s.emptied)
	for {
		a, ok := s.in.pop()
		if !ok {
			return
		}
		if !s.ended.Load() {
			// An error stands before the slot counts as settled, so that
			// no round sees all settled and nobody failed.
			if err := consumed(s.name, s.consume, a.src, a.s.buf[:a.s.n:a.s.n]); err != nil {
				s.fail(err)
			}
		}
		a.done(a.s)
		s.settled.Add(1)
	}
}

// consumed calls consume and makes a panic an error with its stack.
func consumed(name string, consume func(int, []byte) error, src int, p []byte) (err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("%s: consume panicked: %v\n%s", name, x, debug.Stack())
		}
	}()
	return consume(src, p)
}
