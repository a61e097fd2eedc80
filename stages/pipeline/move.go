package pipeline

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/corpus"
	"sluice/stages/format"
	"sluice/stages/manifest"
	"sluice/stages/round"
)

// Where a mover arranges the output, the pieces that the last pass has written are not joined:
// ranks read them, send each row to the rank that writes its output shard, and that sorts
// what comes. The pieces stay until the job is done, so that a move that was killed is held again,
// for the output shards that are not in their place.

// A move is one rank's part of moving rows. Fields but those marked are the same on all ranks.
type move struct {
	r        *run
	rows     int64 // of all outputs
	outputs  []stages.Output
	places   func(block int) func(stages.ID, int, func(stages.Place) error) error
	carriers map[sourceKey]format.Carrier
	heads    map[int][]byte // by the group of outputs
	expected []uint64       // rows of each output
	need     []uint64       // bytes of scratch that they take, about
	slots    []int          // ranks and waves in which they are written
	from, to int            // output shards of this wave
	mixed    bool           // rows of several input shards may stand in one output
	shift    int            // of the number of an output in the key of a row
	clock    *clock         // this rank's
}

// moveRows makes the output shards of the pieces. It is collective.
func (r *run) moveRows(ctx context.Context, c *clock) error {
	m, err := r.newMove(c)
	if err := mpi.Agree(ctx, r.comm, err); err != nil {
		return r.agreeKind(ctx, err)
	}
	if len(r.sinks) == 0 {
		return nil // the job counts rows alone
	}
	if err := m.forgetGone(ctx); err != nil {
		return err
	}
	if err := m.gatherHeads(ctx); err != nil {
		return err
	}
	if err := m.count(ctx); err != nil {
		return err
	}
	if err := m.cut(ctx); err != nil {
		return err
	}
	for m.from = 0; m.from < len(m.outputs); m.from = m.to {
		wave := m.slots[m.from] / r.comm.Size()
		for m.to = m.from; m.to < len(m.outputs) && m.slots[m.to]/r.comm.Size() == wave; m.to++ {
		}
		if err := m.wave(ctx); err != nil {
			return err
		}
	}
	return nil
}

// arrange asks the mover, once, where rows go.
func (r *run) arrange() (*stages.Arrangement, error) {
	if r.arranged != nil {
		return r.arranged, nil
	}
	left := stages.Left{Shards: r.shards, Blocks: r.blocks, Rows: make([]int64, len(r.blocks)), Bytes: make([]int64, len(r.blocks)), Size: r.job.ShardSize(), Weights: r.job.Weights()}
	_, labels := r.mover.(stages.Labeler)
	if labels {
		left.Labels = make([][]stages.Label, len(r.blocks))
	}
	all := map[string]bool{}
	for b, rec := range r.records[len(r.passes)-1] {
		if rec == nil {
			continue // not part of the output
		}
		left.Rows[b], left.Bytes[b] = rec.left, rec.bytesOut
		if labels {
			left.Labels[b] = rec.labels
			for _, l := range rec.labels {
				all[l.Name] = true
			}
		}
	}
	if err := corpus.Few(r.mover, all); err != nil {
		return nil, &JobError{err}
	}
	a, err := r.mover.Arrange(left)
	if err != nil {
		return nil, &JobError{fmt.Errorf("stage %q: %w", r.mover.Name(), err)}
	}
	r.arranged = &a
	return r.arranged, nil
}

func (r *run) newMove(c *clock) (*move, error) {
	a, err := r.arrange()
	if err != nil {
		return nil, err
	}
	m := &move{r: r, rows: a.Rows, outputs: a.Outputs, places: a.Places, carriers: map[sourceKey]format.Carrier{}, heads: map[int][]byte{}, mixed: r.mixes(), clock: c}
	for m.shift = 64; len(a.Outputs) > 1<<(64-m.shift); m.shift-- {
	}
	for key, sink := range r.sinks {
		if m.carriers[key], err = format.NewCarrier(sink, r.formatOptions()); err != nil {
			return nil, &JobError{err}
		}
	}
	for s := range r.placedShards {
		if s >= len(m.outputs) {
			return nil, fmt.Errorf("a journal says that output shard %d stands in its place, and there are %d: the journal is of another version\nstart over with --fresh", s, len(m.outputs))
		}
	}
	return m, nil
}

// like returns the input shard that an output is like, under the name of the output.
func (m *move) like(output int) *stages.Shard {
	o := &m.outputs[output]
	s := m.r.shards[o.Like]
	s.Name = o.Name
	return &s
}

func (m *move) path(output int) string {
	s := m.like(output)
	return filepath.Join(m.r.job.Output, "data", filepath.FromSlash(m.r.sinks[keyOf(s)].Name(s)))
}

// forgetGone finds output shards that should stand in their place and do not. It is collective.
func (m *move) forgetGone(ctx context.Context) error {
	r := m.r
	var gone []byte
	for s := range r.placedShards {
		if s%r.comm.Size() != r.comm.Rank() {
			continue
		}
		if _, err := os.Stat(m.path(s)); errors.Is(err, fs.ErrNotExist) {
			gone = binary.AppendUvarint(gone, uint64(s))
		}
	}
	all, err := round.GatherAll(ctx, r.comm, gone)
	if err != nil {
		return err
	}
	for d := (decoder{p: all}); len(d.p) > 0; {
		delete(r.placedShards, int(d.uint()))
	}
	return nil
}

// pieces calls do for each piece at home.
func (m *move) pieces(do func(block int, s *stages.Shard, piece *io.SectionReader) error) error {
	r := m.r
	var f *os.File
	defer func() {
		if f != nil {
			f.Close()
		}
	}()
	for b := r.homes[r.comm.Rank()]; b < r.homes[r.comm.Rank()+1]; b++ {
		rec := r.records[len(r.passes)-1][b]
		if rec == nil {
			continue
		}
		path := filepath.Join(r.dir, "parts", rec.piece.File)
		if f == nil || f.Name() != path {
			if f != nil {
				f.Close()
			}
			var err error
			if f, err = os.Open(path); err != nil {
				return stateError(err)
			}
		}
		s := &r.shards[r.blocks[b].Shard]
		if err := do(b, s, io.NewSectionReader(f, rec.piece.Offset, rec.piece.Length)); err != nil {
			return about(s.Path, err)
		}
	}
	return nil
}

// wave makes some of the output shards. It is collective.
func (m *move) wave(ctx context.Context) error {
	r := m.r
	done := true
	for s := m.from; s < m.to; s++ {
		done = done && r.placedShards[s]
	}
	if done {
		return nil
	}
	var err error
	if r.stopping() {
		err = mpi.ErrStopped
	}
	if err := mpi.Agree(ctx, r.comm, err); err != nil {
		return err
	}
	name := r.mover.Name() + ": rows"
	watched := r.watchRound(len(r.passes)-1, name, &m.clock.Clock)
	defer watched()
	return r.meeting(name, &m.clock.Clock).Move(ctx, func(send func(int, round.Row) error) error {
		return m.pieces(func(b int, s *stages.Shard, piece *io.SectionReader) error { return m.send(b, s, piece, send) })
	}, m.write)
}

// send sends the rows of a piece.
func (m *move) send(block int, s *stages.Shard, piece *io.SectionReader, send func(int, round.Row) error) error {
	rec := m.r.records[len(m.r.passes)-1][block]
	if rec.left == 0 {
		return nil
	}
	rows, err := m.carriers[keyOf(s)].Rows(s, m.heads[m.group(s.Index)], piece)
	if err != nil {
		return err
	}
	defer rows.Close()
	samples, err := m.samples(block)
	if err != nil {
		return err
	}
	var row round.Row
	place := m.places(block)
	put := func(p stages.Place) error {
		if p.Output < m.from || p.Output >= m.to || m.r.placedShards[p.Output] {
			return nil
		}
		row.Key, row.Order, row.Copy = m.key(p), p.Order, p.Copy
		return send(m.owner(p.Output), row)
	}
	for n := int64(0); ; n++ {
		row.Bytes, err = rows.Next()
		if errors.Is(err, io.EOF) && n == rec.left {
			return nil
		}
		if err == nil && n == rec.left || errors.Is(err, io.EOF) {
			err = errors.New("it holds other rows than were written")
		}
		if err != nil {
			return fmt.Errorf("read again what was written of block %d: %w", block, stateError(err))
		}
		var label int
		row.Sample, label = samples.next()
		if err := place(row.Sample, label, put); err != nil {
			return err
		}
	}
}

// key has the output in its top bits, so that rows are sorted by output and order.
func (m *move) key(p stages.Place) uint64 {
	if m.shift == 64 {
		return p.Order
	}
	return uint64(p.Output)<<m.shift | p.Order>>(64-m.shift)
}

// output returns the output in a key.
func (m *move) output(key uint64) int {
	if m.shift == 64 {
		return 0
	}
	return int(key >> m.shift)
}

// write writes the output shards of this rank of the rows that came to it.
func (m *move) write(next func() (round.Row, error)) error {
	return cause(m.writeShards(next), m.r.placed.Flush(), m.r.journal.Sync())
}

func (m *move) writeShards(next func() (round.Row, error)) error {
	row, err := next()
	for s := m.from; s < m.to; s++ {
		if m.owner(s) != m.r.comm.Rank() || m.r.placedShards[s] {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		begin := time.Now()
		if row, err = m.writeShard(s, row, err, next); err != nil && !errors.Is(err, io.EOF) {
			return about(m.path(s), err)
		}
		m.clock.write.Add(time.Since(begin))
	}
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return errors.New("rows came that belong to no output shard of this rank: this is a bug")
	}
	return err
}

// writeShard writes one output shard. row is the first row that is not written, or err says
// why there is none; so are the results.
func (m *move) writeShard(output int, row round.Row, err error, next func() (round.Row, error)) (round.Row, error) {
	r, like := m.r, m.like(output)
	path := m.path(output)
	fail := func(err error) (round.Row, error) { return row, diskError(err) }
	if err := r.makeFolder(filepath.Dir(path)); err != nil {
		return fail(err)
	}
	out, e := manifest.CreateAtomic(path)
	if e != nil {
		return fail(e)
	}
	defer out.Abort()
	shard, e := m.carriers[keyOf(like)].Shard(like, m.heads[m.group(m.outputs[output].Like)], out)
	if e != nil {
		return fail(e)
	}
	var came uint64
	for ; err == nil && m.output(row.Key) == output; row, err = next() {
		came++
		if e := shard.Write(row.Bytes); e != nil {
			return fail(e)
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return row, err
	}
	if want := m.expected[output]; came != want {
		return row, fmt.Errorf("%d rows belong into this shard, and %d came: this is a bug\n"+
			"the shard is not put in its place; start again with the same command, and report it", want, came)
	}
	if e := shard.Close(); e != nil {
		return fail(e)
	}
	if e := out.Commit(); e != nil {
		return fail(e)
	}
	if e := r.placed.Appeared(path); e != nil {
		return fail(e)
	}
	if e := r.shardDone(output); e != nil {
		return fail(e)
	}
	for _, w := range r.watch {
		w.Done(0, 0) // rows are counted as they come
	}
	return row, err
}
