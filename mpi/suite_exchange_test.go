package mpi

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

func exchangeSuite() []conformance {
	return []conformance{
		{"exchange sizes", testSizes},
		{"exchange budgets differ", testBudgets},
		{"exchange skew", testSkew},
		{"exchange empty rank", testEmptyRank},
		{"exchange concurrent senders", testConcurrent},
		{"exchange own copies", testCopies},
		{"exchange back-pressure", testBackPressure},
		{"exchange many rounds", testRounds},
		{"exchange bad sends", testBadSends},
		{"exchange producer error", testProducerError},
		{"exchange consumer error", testConsumerError},
		{"exchange consumer panic", testConsumerPanic},
		{"exchange stop", testStop},
		{"exchange stop and error", testStopAndError},
		{"exchange context", testContext},
		{"exchange errors at once", testErrorsAtOnce},
	}
}

// small is a budget that makes slots of the least size.
const small = 1

// An inbox checks what arrives from every rank against the pattern of the pair.
type inbox struct {
	c   Comm
	got []int64 // bytes by source
}

func newInbox(c Comm) *inbox { return &inbox{c: c, got: make([]int64, c.Size())} }

func (x *inbox) consume(src int, p []byte) error {
	if len(p) == 0 {
		return errors.New("consume got nothing")
	}
	err := patternOf(src, x.c.Rank(), 0).check(p, x.got[src])
	x.got[src] += int64(len(p))
	return err
}

// send sends n messages of a size to dst, from offset off of the pattern.
func send(c Comm, x Exchange, dst, size, n int, off int64) error {
	p := make([]byte, size)
	for range n {
		patternOf(c.Rank(), dst, 0).fill(p, off)
		off += int64(size)
		if err := x.Send(context.Background(), dst, p); err != nil {
			return err
		}
	}
	return nil
}

// near says that a rank is this one, or a lane of the same process.
func near(c Comm, rank int) bool {
	of, _ := process(c, rank)
	own, _ := process(c, c.Rank())
	return of == own
}

// trial runs one exchange: volume says how many messages of a size src sends dst.
func trial(c Comm, o ExchangeOptions, size int, volume func(src, dst int) int) error {
	in := newInbox(c)
	x, err := c.Exchange(context.Background(), o, in.consume)
	if err != nil {
		return err
	}
	if size < 0 { // counted from the largest
		size += x.MaxMessage() + 1
	}
	var want Stats
	for i := range c.Size() {
		dst := (c.Rank() + i) % c.Size()
		n := volume(c.Rank(), dst)
		if err = send(c, x, dst, size, n, 0); err != nil {
			break
		}
		if near(c, dst) {
			want.Local += int64(n * size)
		} else {
			want.Sent += int64(n * size)
		}
	}
	got, err := x.Close(err)
	if err != nil {
		return err
	}
	for src := range c.Size() {
		n := int64(volume(src, c.Rank()) * size)
		if in.got[src] != n {
			return fmt.Errorf("rank %d got %d bytes of rank %d, not %d", c.Rank(), in.got[src], src, n)
		}
		if !near(c, src) {
			want.Received += n
		}
	}
	got.Waited = 0
	if got != want {
		return fmt.Errorf("stats are %+v, not %+v", got, want)
	}
	return nil
}

func testSizes(c Comm) error {
	for _, size := range []int{0, 1, 100, 5000, minSlot / 3, -2, -1} {
		for _, budget := range []int64{small, 2 << 20} {
			n := 3
			if size >= 0 && size < 1000 {
				n = 500
			}
			o := ExchangeOptions{Name: fmt.Sprint("size ", size), Budget: budget}
			if err := trial(c, o, size, func(src, dst int) int { return n + (src+2*dst)%5 }); err != nil {
				return fmt.Errorf("size %d, budget %d: %w", size, budget, err)
			}
		}
	}
	return nil
}

// testBudgets checks that ranks with different budgets agree on the slot.
func testBudgets(c Comm) error {
	x, err := c.Exchange(context.Background(), ExchangeOptions{Budget: int64(c.Rank()+1) << 20}, newInbox(c).consume)
	if err != nil {
		return err
	}
	v := []uint64{uint64(x.MaxMessage()), ^uint64(x.MaxMessage())}
	err = send(c, x, 0, x.MaxMessage(), 10, 0)
	if _, err := x.Close(err); err != nil {
		return err
	}
	if err := c.AllReduce(context.Background(), v, Min); err != nil {
		return err
	}
	if v[0] != ^v[1] || v[0] < 8<<10 {
		return fmt.Errorf("MaxMessage is between %d and %d", v[0], ^v[1])
	}
	return nil
}

// testSkew lets all send to one rank, and one rank send to all.
func testSkew(c Comm) error {
	for hot := range min(c.Size(), 3) {
		to := func(src, dst int) int {
			if dst == hot {
				return 150
			}
			return 0
		}
		from := func(src, dst int) int { return to(dst, src) }
		for _, f := range []func(int, int) int{to, from} {
			if err := trial(c, ExchangeOptions{Budget: small}, 7001, f); err != nil {
				return err
			}
		}
	}
	return nil
}

func testEmptyRank(c Comm) error {
	for idle := range c.Size() {
		err := trial(c, ExchangeOptions{}, 1000, func(src, dst int) int {
			if src == idle || dst == idle {
				return 0
			}
			return 50
		})
		if err != nil {
			return err
		}
	}
	return trial(c, ExchangeOptions{}, 1000, func(src, dst int) int { return 0 })
}

// testConcurrent lets many goroutines of every rank send to all ranks. A message says
// its goroutine and its number there: they arrive in order.
func testConcurrent(c Comm) error {
	const lanes, n = 8, 400
	last := make([][lanes]uint32, c.Size())
	consume := func(src int, p []byte) error {
		for len(p) > 0 {
			size, lane, i := binary.LittleEndian.Uint32(p), p[4], binary.LittleEndian.Uint32(p[5:])
			if i != last[src][lane]+1 {
				return fmt.Errorf("message %d of lane %d came after %d", i, lane, last[src][lane])
			}
			last[src][lane] = i
			if err := patternOf(src, int(i), int(lane)).check(p[9:size], 0); err != nil {
				return err
			}
			p = p[size:]
		}
		return nil
	}
	x, err := c.Exchange(context.Background(), ExchangeOptions{Budget: small}, consume)
	if err != nil {
		return err
	}
	errs := make([]error, lanes)
	var group sync.WaitGroup
	for lane := range lanes {
		group.Go(func() {
			p := make([]byte, 600)
			for i := uint32(1); i <= n && errs[lane] == nil; i++ {
				m := p[:9+int(i*37)%(len(p)-9)]
				binary.LittleEndian.PutUint32(m, uint32(len(m)))
				m[4] = byte(lane)
				binary.LittleEndian.PutUint32(m[5:], i)
				patternOf(c.Rank(), int(i), lane).fill(m[9:], 0)
				for dst := range c.Size() {
					if err := x.Send(context.Background(), (dst+lane)%c.Size(), m); err != nil {
						errs[lane] = err
					}
				}
			}
		})
	}
	group.Wait()
	if _, err := x.Close(errors.Join(errs...)); err != nil {
		return err
	}
	for src := range last {
		for lane, i := range last[src] {
			if i != n {
				return fmt.Errorf("lane %d of rank %d ended at %d", lane, src, i)
			}
		}
	}
	return nil
}

// testCopies writes over what arrives, to itself too, while the sender reads
// what it sent: they share nothing. The race detector watches.
func testCopies(c Comm) error {
	consume := func(src int, p []byte) error {
		for i := range p {
			p[i] = 0xff
		}
		_ = append(p, 0xff) // nor does it reach into what comes after
		return nil
	}
	x, err := c.Exchange(context.Background(), ExchangeOptions{Budget: small}, consume)
	if err != nil {
		return err
	}
	p := make([]byte, 3000)
	patternOf(c.Rank(), 0, 0).fill(p, 0)
	for i := range 100 {
		if err == nil {
			err = x.Send(context.Background(), i%c.Size(), p)
		}
		if e := patternOf(c.Rank(), 0, 0).check(p, 0); e != nil && err == nil {
			err = fmt.Errorf("a receiver wrote into the sender's bytes: %w", e)
		}
	}
	_, err = x.Close(err)
	return err
}

// testBackPressure checks that Send waits once the budget is used up: rank
// 0 consumes nothing until the senders have come to a stand.
func testBackPressure(c Comm) error {
	const budget = 1 << 20
	ctx := context.Background()
	was, err := c.Next(ctx, "back-pressure", 0) // of earlier runs on this world
	if err = errors.Join(err, c.Barrier(ctx)); err != nil {
		return err
	}
	open := make(chan struct{})
	x, err := c.Exchange(ctx, ExchangeOptions{Budget: budget}, func(int, []byte) error {
		<-open
		return nil
	})
	if err != nil {
		return err
	}
	const n = 20 << 20 / 5000
	var sent atomic.Int64
	done := make(chan error, 1)
	go func() {
		p := make([]byte, 5000)
		for range n {
			if err := x.Send(ctx, 0, p); err != nil {
				done <- err
				return
			}
			sent.Add(int64(len(p)))
		}
		done <- nil
	}()
	// When it looks still but is not, we count less than there will be, and the
	// check is only weaker.
	for was := int64(-1); was != sent.Load(); time.Sleep(30 * time.Millisecond) {
		was = sent.Load()
	}
	stood := sent.Load()
	all := was
	for _, err = c.Next(ctx, "back-pressure", 1); err == nil && all < was+int64(c.Size()); {
		all, err = c.Next(ctx, "back-pressure", 0)
		time.Sleep(time.Millisecond)
	}
	close(open)
	err = errors.Join(err, <-done)
	if limit := int64(budget + 2*perPair*x.MaxMessage()); err == nil && stood > limit {
		err = fmt.Errorf("rank %d sent %d bytes that nobody consumed, with a budget of %d", c.Rank(), stood, budget)
	}
	_, err = x.Close(err)
	return err
}

func testRounds(c Comm) error {
	for i := range 60 {
		o := ExchangeOptions{Name: "round", Budget: small}
		if err := trial(c, o, 1+i*531%minSlot, func(src, dst int) int { return (src + dst + i) % 4 }); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
	}
	return nil
}

func testBadSends(c Comm) error {
	x, err := c.Exchange(context.Background(), ExchangeOptions{Name: "bad", Budget: small}, newInbox(c).consume)
	if err != nil {
		return err
	}
	ctx := context.Background()
	if x.Send(ctx, -1, nil) == nil || x.Send(ctx, c.Size(), nil) == nil {
		err = errors.New("Send to no rank passed")
	}
	if x.Send(ctx, 0, make([]byte, x.MaxMessage()+1)) == nil {
		err = errors.New("Send of slot+1 bytes passed")
	}
	if e := c.Barrier(ctx); !errors.Is(e, errOpen) {
		err = fmt.Errorf("Barrier while an exchange is open gave %v", e)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if e := x.Send(gone, 0, []byte{1}); !errors.Is(e, context.Canceled) {
		err = fmt.Errorf("Send after the end of its context gave %v", e)
	}
	_, err = x.Close(err) // none of these fails the exchange
	if err != nil {
		return err
	}
	if x.Send(ctx, 0, []byte{1}) == nil {
		return errors.New("Send after Close passed")
	}
	_, err = x.Close(errors.New("closed twice"))
	return err
}

// ending opens an exchange in which every rank sends to all until Send or
// Done says no. act runs on every rank beside it, and what it
// returns goes to Close.
func ending(c Comm, ctx context.Context, consume func(int, []byte) error, act func(x Exchange) error) (error, error) {
	x, err := c.Exchange(ctx, ExchangeOptions{Name: "ending", Budget: small}, consume)
	if err != nil {
		return nil, err
	}
	var group sync.WaitGroup
	for lane := range 2 {
		group.Go(func() {
			p := make([]byte, 1000)
			for i := lane; ; i++ {
				if x.Send(context.Background(), i%c.Size(), p) != nil {
					return
				}
			}
		})
	}
	err = act(x)
	_, outcome := x.Close(err)
	group.Wait()
	select {
	case <-x.Done():
	default:
		return nil, errors.New("Done is still open after the end")
	}
	// The communicator is as good as new.
	return outcome, trial(c, ExchangeOptions{Budget: small}, 500, func(int, int) int { return 30 })
}

func eat(int, []byte) error { return nil }

func testProducerError(c Comm) error {
	for culprit := range min(c.Size(), 3) {
		bad := errors.New("no more paper")
		outcome, err := ending(c, context.Background(), eat, func(x Exchange) error {
			if c.Rank() == culprit {
				return bad
			}
			<-x.Done()
			return nil
		})
		if err != nil {
			return err
		}
		if err := wantRankError(c, outcome, culprit, "no more paper"); err != nil {
			return err
		}
		if errors.Is(outcome, bad) != (c.Rank() == culprit) {
			return fmt.Errorf("rank %d has the wrong cause in %v", c.Rank(), outcome)
		}
	}
	return nil
}

func testConsumerError(c Comm) error {
	culprit := c.Size() - 1
	var got int
	outcome, err := ending(c, context.Background(), func(int, []byte) error {
		if got++; c.Rank() == culprit && got == 20 {
			return errors.New("indigestible")
		}
		return nil
	}, func(x Exchange) error {
		<-x.Done()
		return x.Send(context.Background(), 0, []byte{1}) // what a caller has at hand; it names no culprit
	})
	if err != nil {
		return err
	}
	return wantRankError(c, outcome, culprit, "indigestible")
}

func testConsumerPanic(c Comm) error {
	outcome, err := ending(c, context.Background(), func(int, []byte) error {
		if c.Rank() == 0 {
			panic("overboard")
		}
		return nil
	}, func(x Exchange) error {
		<-x.Done()
		return nil
	})
	if err != nil {
		return err
	}
	return wantRankError(c, outcome, 0, `exchange "ending": consume panicked: overboard`)
}

func testStop(c Comm) error {
	outcome, err := ending(c, context.Background(), eat, func(x Exchange) error {
		if c.Rank() == c.Size()/2 {
			return ErrStopped
		}
		<-x.Done()
		return nil
	})
	if err == nil && !errors.Is(outcome, ErrStopped) {
		err = fmt.Errorf("got %v, not a stop", outcome)
	}
	return err
}

func testStopAndError(c Comm) error {
	outcome, err := ending(c, context.Background(), eat, func(x Exchange) error {
		if c.Rank() == c.Size()-1 {
			if c.Size() > 1 {
				<-x.Done()
			}
			return fmt.Errorf("while stopping: %w", errors.New("disk full"))
		}
		return ErrStopped
	})
	if err != nil {
		return err
	}
	return wantRankError(c, outcome, c.Size()-1, "while stopping: disk full")
}

// testContext ends the context of one rank, for a reason and by a stop.
func testContext(c Comm) error {
	for _, cause := range []error{errors.New("the user left"), ErrStopped} {
		ctx, cancel := context.WithCancelCause(context.Background())
		outcome, err := ending(c, ctx, eat, func(x Exchange) error {
			if c.Rank() == 0 {
				cancel(cause)
			}
			<-x.Done()
			cancel(nil) // as an errgroup would: it is no reason of its own
			return ctx.Err()
		})
		cancel(nil)
		if err != nil {
			return err
		}
		if cause == ErrStopped {
			if !errors.Is(outcome, ErrStopped) {
				return fmt.Errorf("got %v, not a stop", outcome)
			}
		} else if err := wantRankError(c, outcome, 0, "the user left"); err != nil {
			return err
		}
	}
	return nil
}

// testErrorsAtOnce fails every rank: they agree on the lowest, or on one that
// was faster than it.
func testErrorsAtOnce(c Comm) error {
	ctx := context.Background()
	for range 10 {
		outcome, err := ending(c, ctx, eat, func(x Exchange) error {
			of, _ := process(c, c.Rank())
			return fmt.Errorf("rank %d is tired", of)
		})
		if err != nil {
			return err
		}
		var e *RankError
		if !errors.As(outcome, &e) || e.Text != fmt.Sprintf("rank %d is tired", e.Rank) {
			return fmt.Errorf("got %v", outcome)
		}
		v := []uint64{uint64(e.Rank), ^uint64(e.Rank)}
		if err := c.AllReduce(ctx, v, Min); err != nil {
			return err
		}
		if v[0] != ^v[1] {
			return fmt.Errorf("ranks blame %d and %d", v[0], ^v[1])
		}
	}
	return nil
}
