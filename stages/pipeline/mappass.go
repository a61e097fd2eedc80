package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/manifest"
)

// A mapPass is one rank's part of a pass over the shards.
type mapPass struct {
	r        *run
	p        int
	pass     stages.Pass
	needs    []stages.Need
	wanted   []string // columns that a shard must have
	counting int      // steps that count
	asks     bool
	table    bool // asks for the list of duplicates
	pool     pool
	work     *work
	sources  map[sourceKey]stages.Source
	sinks    map[sourceKey]stages.Sink
	inbox    *inbox
	clock    clock
	buffers  buffers

	mu          sync.Mutex // guards pending and files
	files       map[io.Closer]bool
	pending     []finished
	bytes       int64 // read since the last commit
	commitBytes int64
	since       time.Time
	commits     sync.Mutex // one commit at a time
	fresh       []byte     // encoded records of this start
	failed      atomic.Bool
}

// A sourceKey says which shards share a source and a sink.
type sourceKey struct{ input, format string }

func keyOf(s *stages.Shard) sourceKey { return sourceKey{s.Source, s.Format} }

func (m *mapPass) source(s *stages.Shard) stages.Source { return m.sources[keyOf(s)] }

// sink returns the sink of a shard, nil where the pass writes nothing.
func (m *mapPass) sink(s *stages.Shard) stages.Sink { return m.sinks[keyOf(s)] }

// over says that the pass has failed somewhere, or is to stop.
func (m *mapPass) over() bool {
	select {
	case <-m.inbox.exchange.Done():
		return true
	default:
		return m.failed.Load()
	}
}

// mapPass runs pass p. It is collective. It returns the inbox, with what was
// asked of this rank.
func (r *run) mapPass(ctx context.Context, p int, c *mapPass) (err error) {
	if c.inbox, err = r.openInbox(ctx, fmt.Sprintf("pass %d", p+1)); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go c.grace(ctx, cancel)
	err = r.replay(ctx, c)
	if err == nil {
		err = c.streams(ctx, cancel)
	}
	err = errors.Join(err, c.commit(true), c.closeFiles())
	if err == nil && r.stopping() {
		err = mpi.ErrStopped
	}
	return c.inbox.close(err, &c.clock)
}

// stopGrace is how long a block may still take once the job is to stop. What
// is not finished then is read again by the next start.
const stopGrace = 20 * time.Second

// grace ends the work of the rank some time after it was asked to stop.
func (c *mapPass) grace(ctx context.Context, cancel context.CancelCauseFunc) {
	select {
	case <-ctx.Done():
		return
	case <-c.inbox.exchange.Done():
	case <-c.r.opt.Stop:
	}
	select {
	case <-ctx.Done():
	case <-time.After(stopGrace):
		cancel(mpi.ErrStopped)
	}
}

// streams works through the spans with as many streams as there are cores.
func (c *mapPass) streams(ctx context.Context, cancel context.CancelCauseFunc) error {
	r := c.r
	todo := func(b int) bool { return r.records[c.p][b] == nil }
	c.work = &work{comm: r.comm, name: fmt.Sprintf("%s pass %d", r.tag, c.p), spans: spans(r.blocks, r.homes, todo, r.streams)}
	errs := make([]error, r.streams)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() {
			s := &stream{m: c, index: i}
			if c.asks {
				s.route = newRouter(c.inbox.exchange, r.comm.Size(), r.budget.Route/int64(r.streams), c.dest())
			}
			err := guard(func() error { return s.run(ctx) })
			if err == nil && s.route != nil {
				err = s.route.close(ctx)
			}
			if err != nil {
				errs[i] = err
				c.failed.Store(true)
				cancel(errOther)
			}
		})
	}
	group.Wait()
	return firstError(errs)
}

// errOther ends the streams of a rank when one of them has failed.
var errOther = errors.New("another stream of this rank failed")

// firstError returns the first error that says why, rather than that others failed.
func firstError(errs []error) error {
	var first error
	for _, err := range errs {
		if err == nil {
			continue
		}
		if !errors.Is(err, errOther) && !errors.Is(err, context.Canceled) {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// dest says which rank a question of this pass goes to.
func (c *mapPass) dest() func(stages.Question) int {
	ranks := c.r.comm.Size()
	return func(q stages.Question) int { return ownerOf(q.Key, ranks) }
}

// steps runs a batch through the pass.
func (c *mapPass) steps(ctx context.Context, b *stages.Batch, before []byte, answers map[int][]stages.Answer) (result, error) {
	res := result{batch: b, samples: int64(b.Live() + len(b.Damaged)), counts: make([]int64, 0, c.counting)}
	if before != nil {
		for i := range b.Keep {
			if !testBit(before, b.First+int64(i)) {
				b.Drop(i)
			}
		}
	}
	for _, step := range c.pass.Steps {
		var err error
		switch s := step.Stage.(type) {
		case stages.Mapper:
			err = s.Map(ctx, b)
		case stages.Shuffler:
			err = s.Apply(ctx, b, answers[step.Round])
		}
		if err != nil {
			return res, c.stageError(step.Stage, b, err)
		}
		if step.Count {
			res.counts = append(res.counts, int64(b.Live()))
		}
	}
	if !c.asks {
		return res, nil
	}
	res.questions = c.buffers.get()
	ask := func(q stages.Question) { res.questions = appendQuestion(res.questions, q) }
	if c.table {
		c.r.askTable(b, ask)
		return res, nil
	}
	if err := c.pass.Ask.Ask(ctx, b, ask); err != nil {
		return res, c.stageError(c.pass.Ask, b, err)
	}
	return res, nil
}

func (c *mapPass) stageError(s stages.Stage, b *stages.Batch, err error) error {
	return fmt.Errorf("stage %q, rows %d to %d of block %d: %w", s.Name(), b.First, b.First+int64(b.Len())-1, b.Block.Index, err)
}

// countRead notes bytes read from the input.
func (c *mapPass) countRead(block int, n int64) {
	c.clock.bytesIn.Add(n)
	if c.r.begun[c.p][block] {
		c.clock.readAgain.Add(n)
	}
	c.progress(n, 0)
}

// replay sends the questions of blocks that an earlier start finished, from
// their log. Each rank sees to the blocks whose home it is.
func (r *run) replay(ctx context.Context, c *mapPass) error {
	if !c.asks {
		return nil
	}
	route := newRouter(c.inbox.exchange, r.comm.Size(), r.budget.Route, c.dest())
	for b := r.homes[r.comm.Rank()]; b < r.homes[r.comm.Rank()+1]; b++ {
		if r.stopping() {
			return mpi.ErrStopped
		}
		rec := r.records[c.p][b]
		if rec == nil || rec.questions == (manifest.Ref{}) {
			continue
		}
		if err := r.replayBlock(ctx, route, rec); err != nil {
			return err
		}
	}
	return route.close(ctx)
}

// A buffers is a free list of byte slices.
type buffers struct{ pool sync.Pool }

func (b *buffers) get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return (*p)[:0]
	}
	return nil
}

func (b *buffers) put(p []byte) {
	if cap(p) > 0 {
		b.pool.Put(&p)
	}
}
