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
	"sluice/stages/format"
	"sluice/stages/round"
)

// A mapPass is one rank's part of a pass over the shards.
type mapPass struct {
	r        *run
	p        int
	pass     stages.Pass
	needs    []stages.Need
	wanted   []string         // columns that a shard must have
	counting int              // steps that count
	trims    []stages.Trimmed // what those of them count that take parts out of texts
	notes    bool             // are taken
	list     bool             // they are for the list of duplicates
	labeler  stages.Labeler   // that labels rows; nil = none
	pool     pool
	work     *work
	sources  map[sourceKey]stages.Source
	sinks    map[sourceKey]stages.Sink
	control  mpi.Exchange // carries errors and stop requests, and nothing else
	clock    *clock
	buffers  buffers

	mu          sync.Mutex // guards pending and files
	files       map[io.Closer]bool
	pending     []finished
	bytes       int64 // read since the last commit
	commitBytes int64
	ended       int // of pending, whole outputs of shards: open files
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
	case <-m.control.Done():
		return true
	default:
		return m.failed.Load()
	}
}

// mapPass runs pass p. It is collective.
func (r *run) mapPass(ctx context.Context, p int, c *mapPass) (err error) {
	nothing := func(int, []byte) error { return errors.New("a rank sent data in a pass: this is a bug") }
	c.control, err = r.comm.Exchange(ctx, mpi.ExchangeOptions{Name: fmt.Sprintf("pass %d", p+1), Budget: 1}, nothing)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go c.grace(ctx, cancel)
	err = r.inJob(c.streams(ctx, cancel))
	if errors.Is(err, stages.ErrStopped) {
		err = mpi.ErrStopped
	}
	err = cause(err, c.commit(true), c.closeFiles())
	if err == nil && r.stopping() {
		err = mpi.ErrStopped
	}
	s, err := c.control.Close(err)
	c.clock.Idle.Add(s.Waited)
	return err
}

// stopGrace is how long a block may still take once the job is to stop. What
// is not finished then is read again by the next start.
const stopGrace = 20 * time.Second

// grace tells the stages that the rank was asked to stop, and ends its work some time later.
func (c *mapPass) grace(ctx context.Context, cancel context.CancelCauseFunc) {
	select {
	case <-ctx.Done():
		return
	case <-c.control.Done():
	case <-c.r.opt.Stop:
	}
	c.r.stopped()
	select {
	case <-ctx.Done():
	case <-time.After(stopGrace):
		cancel(mpi.ErrStopped)
	}
}

// streams works through the spans with as many streams as there are cores.
func (c *mapPass) streams(ctx context.Context, cancel context.CancelCauseFunc) error {
	r := c.r
	todo := func(b int) bool { return r.records[c.p][b] == nil && r.reads(c.p, b) }
	c.work = &work{comm: r.comm, name: fmt.Sprintf("%s pass %d", r.tag, c.p), spans: spans(r.blocks, r.homes, todo, r.streams)}
	errs := make([]error, r.streams)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() {
			s := &stream{m: c, index: i}
			if err := guard(func() error { return s.run(ctx) }); err != nil {
				errs[i] = err
				if errors.Is(err, stages.ErrStopped) {
					return // the others end at their next block
				}
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

// firstError returns the first error that says why, rather than that others failed or the rank stops.
func firstError(errs []error) error {
	var first error
	for _, err := range errs {
		if err == nil {
			continue
		}
		if !errors.Is(err, errOther) && !errors.Is(err, context.Canceled) && !errors.Is(err, stages.ErrStopped) {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// steps runs a batch through the pass.
func (c *mapPass) steps(ctx context.Context, b *stages.Batch, before []byte, known map[string][]stages.Note) (result, error) {
	res := result{batch: b, samples: int64(b.Live()) + b.Unread(), counts: make([]int64, 0, c.counting+trimCounts*len(c.trims))}
	if c.p > 0 {
		b.Name = func(id stages.ID) string { return rowName(c.r.locate(id)) }
		if err := lostSince(b, before); err != nil {
			return res, err
		}
	}
	if before != nil {
		for i := range b.Keep {
			if !testBit(before, b.First+int64(i)) {
				b.Drop(i)
			}
		}
	}
	var err error
	b.Traced = c.r.removed != nil && b.Shard.Against == ""
	if res.batch, res.counts, err = c.pass.Run(ctx, b, known, res.counts); err != nil {
		return res, located(err)
	}
	res.counts = c.countTrimmed(res.batch, res.counts)
	if c.labeler != nil {
		if res.labels, err = c.label(res.batch); err != nil {
			return res, err
		}
	}
	if res.removed, err = c.removed(res.batch); err != nil {
		return res, err
	}
	if against := b.Shard.Against; !c.notes || against != "" && against != c.pass.Ends.Name() {
		return res, nil
	}
	res.notes = c.buffers.get()
	note := func(n stages.Note) {
		res.noted++
		res.notes = round.AppendNote(res.notes, n)
	}
	if c.list {
		c.r.noteDuplicates(res.batch.Fold(), note)
		return res, nil
	}
	return res, located(c.pass.Note(ctx, b, known, note))
}

// lostSince is an error where a row that the pass before has left cannot be read any more.
func lostSince(b *stages.Batch, before []byte) error {
	for _, d := range b.Damaged {
		end := d.Row + 1
		if d.Rows > 0 {
			end = b.First + int64(b.Len())
		}
		for row := d.Row; row < end; row++ {
			if before == nil || testBit(before, row) {
				return fmt.Errorf("%s: row %d of block %d cannot be read any more: %s\nsee that the file is as it was and continue, or start over with --fresh",
					b.Shard.Path, row, b.Block.Index, d.Error)
			}
		}
	}
	return nil
}

// located says in an error about a row where the row is, while its batch is there.
func located(err error) error {
	if row, ok := errors.AsType[*stages.RowError](err); ok {
		row.Where = format.Where(row.Batch, row.Row)
	}
	return err
}

// trimCounts is how many counts each of [stages.Trims] of a step has, besides its rows: texts, parts,
// bytes. They stand behind the rows of all steps.
const trimCounts = 3

func (c *mapPass) countTrimmed(b *stages.Batch, counts []int64) []int64 {
	for _, t := range c.trims {
		for _, some := range b.Family() {
			for _, one := range some.Trimmed {
				if one.Stage == t.Stage && one.Kind == t.Kind {
					t = one
				}
			}
		}
		counts = append(counts, t.Texts, t.Parts, t.Bytes)
	}
	return counts
}

// countRead notes bytes read from the input.
func (c *mapPass) countRead(block int, n int64) {
	c.clock.bytesIn.Add(n)
	if c.r.begun[c.p][block] {
		c.clock.readAgain.Add(n)
	}
	c.progress(n, 0)
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
