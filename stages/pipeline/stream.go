package pipeline

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"sluice/stages"
	"sluice/stages/format"
	"sluice/stages/manifest"
	"sluice/stages/round"
)

// A stream works through spans of blocks, one after the other. Several streams
// of a rank share its pool of cores. It owns a segment file and the part file of its span.
type stream struct {
	m     *mapPass
	index int
	// Made when first written to: of all that resume needs, and of removed rows.
	segment, removals *manifest.Segment
	part              *part // nil where the pass writes nothing
	parts             int
}

// run takes spans until none is left or the rank is stopping.
func (s *stream) run(ctx context.Context) error {
	for !s.m.r.stopping() && !s.m.over() {
		span, ok, err := s.m.work.next(ctx)
		if err != nil || !ok {
			return err
		}
		if err := s.doSpan(ctx, span); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) doSpan(ctx context.Context, span span) (err error) {
	r := s.m.r
	shard := &r.shards[r.blocks[span.first].Shard]
	if s.m.sink(shard) != nil {
		s.parts++
		if s.part, err = createPart(r.dir, fmt.Sprintf("%d-%d-%d-%d", r.start, r.comm.Rank(), s.index, s.parts)); err != nil {
			return err
		}
		s.m.opened(s.part.file)
	}
	for b := span.first; b < span.end && !r.stopping() && !s.m.over(); b++ {
		rec, err := s.doBlock(ctx, shard, &r.blocks[b])
		if missing, ok := errors.AsType[*format.MissingColumn](err); ok {
			r.hint(missing)
		}
		if err != nil {
			return about(shard.Path, err)
		}
		done := finished{record: rec, segment: s.segment, removals: s.removals, part: s.part, shard: -1, ended: b == span.end-1}
		if s.part != nil && r.mover == nil && b == span.end-1 && r.wholeShard(span) && isPart(s.m.sink(shard), span.end-span.first) {
			done.shard = shard.Index
		}
		if err := s.m.finish(done); err != nil {
			return err
		}
	}
	s.part = nil
	return nil
}

// A result is what became of one batch.
type result struct {
	batch   *stages.Batch
	samples int64 // as they were read, damaged ones included
	counts  []int64
	notes   []byte // in the form of a table
	noted   int64
	labels  labels // of the rows left, for the mover
	removed []byte // chunks
}

// A blockRun is the state of a block between its first batch and its last.
type blockRun struct {
	*stream
	shard   *stages.Shard
	rec     *blockRecord
	before  []byte // rows left by the pass before; nil means all
	known   map[string]*round.Reader
	piece   stages.Piece
	out     *pieceWriter
	alive   bitmap
	damage  []byte // the first maxListed entries
	listed  int
	run     stages.Damage // the run that was lost last, while it may go on; no Rows: none
	tallies []*stages.Tally
	notes   io.Writer // nil until something is noted
	tags    tags      // of the rows left, for the mover
	removed io.Writer // nil until a row is
}

func (s *stream) doBlock(ctx context.Context, shard *stages.Shard, blk *stages.Block) (rec *blockRecord, err error) {
	r, p := s.m.r, s.m.p
	b := &blockRun{stream: s, shard: shard, rec: &blockRecord{pass: p, block: blk.Index}}
	b.rec.counts = make([]int64, s.m.counting+trimCounts*len(s.m.trims))
	b.rec.present = make([]int64, len(s.m.wanted))
	if err := r.begin(p, blk.Index); err != nil {
		return nil, err
	}
	if err := b.openState(blk); err != nil {
		return nil, err
	}
	defer b.closeState()
	if sink := s.m.sink(shard); sink != nil {
		b.out = s.part.piece()
		if b.piece, err = sink.Piece(shard, b.out); err != nil {
			return nil, err
		}
	}
	if err := b.read(ctx, blk); err != nil {
		return nil, err
	}
	if err := b.unchanged(true); err != nil {
		return nil, err
	}
	return b.rec, b.finish()
}

// read runs the rows of the block through the pass.
func (b *blockRun) read(ctx context.Context, blk *stages.Block) error {
	reader, err := b.m.source(b.shard).Open(ctx, b.shard, blk)
	if damaged, ok := asDamaged(err); ok {
		b.truncate(damaged)
		return nil
	}
	if err != nil {
		return err
	}
	defer reader.Close()
	err = b.pump(ctx, reader)
	b.rec.bytesIn = reader.BytesRead()
	b.m.countRead(blk.Index, b.rec.bytesIn)
	return err
}

// unchanged compares the rows with those that the first pass found: that many
// at the end, and no more before. What is known of the rows is by their number.
func (b *blockRun) unchanged(end bool) error {
	if b.rec.pass == 0 {
		return nil
	}
	was := b.m.r.records[0][b.rec.block]
	if b.rec.rows < was.rows && !end || b.rec.rows == was.rows && (b.rec.truncated == was.truncated || !end) {
		return nil
	}
	return fmt.Errorf("the file changed while the job ran, or cannot be read any more: pass %d finds %d rows in block %d, the first found %d\n"+
		"see that it is as it was and continue, or start over with --fresh", b.rec.pass+1, b.rec.rows, b.rec.block, was.rows)
}

// pump runs all batches of the block through the steps of the pass.
func (b *blockRun) pump(ctx context.Context, reader stages.Reader) error {
	c := b.m.clock
	produce := func() (func() (result, error), error) {
		begin := time.Now()
		rows, decode, err := reader.Next(ctx)
		c.read.Add(time.Since(begin))
		if damaged, ok := asDamaged(err); ok {
			b.truncate(damaged)
			return nil, io.EOF
		}
		if err != nil {
			return nil, err
		}
		first := b.rec.rows
		b.rec.rows += int64(rows)
		if err := b.unchanged(false); err != nil {
			return nil, err
		}
		known, err := b.takeKnown(first, int64(rows))
		if err != nil {
			return nil, err
		}
		return func() (result, error) {
			begin := time.Now()
			defer func() { c.Compute.Add(time.Since(begin)) }()
			batch, err := decode()
			if err != nil {
				return result{}, err
			}
			return b.m.steps(ctx, batch, b.before, known)
		}, nil
	}
	return ordered(ctx, b.m.pool, 2, produce, b.consume)
}

// consume takes the results of batches in the order of their rows.
func (b *blockRun) consume(res result) error {
	c := b.m.clock
	part := b.shard.Against == "" // of the output
	for i, n := range res.counts {
		if part {
			b.rec.counts[i] += n
		}
	}
	if part {
		b.addTallies(res.batch)
	}
	b.m.notePresent(res.batch, b.rec)
	if b.rec.pass == 0 {
		for _, d := range res.batch.Damaged {
			b.addDamage(d)
			b.rec.damaged += max(d.Rows, 1)
			b.rec.lost += d.Rows
		}
	}
	b.alive.append(res.batch.Keep)
	if err := b.tag(res.labels); err != nil {
		return err
	}
	if len(res.notes) > 0 {
		if err := b.note(res); err != nil {
			return err
		}
	}
	if err := b.remove(res.removed); err != nil {
		return err
	}
	if b.piece != nil {
		begin := time.Now()
		if err := b.piece.Write(res.batch); err != nil {
			return err
		}
		c.write.Add(time.Since(begin))
	}
	if part {
		b.rec.samples += res.samples
	} else {
		b.rec.samples = b.rec.damaged // none is a row of the job, but a damaged one is listed
	}
	c.rows.Add(res.samples)
	b.m.progress(0, res.samples)
	format.Release(res.batch)
	b.m.buffers.put(res.notes)
	b.m.buffers.put(res.removed)
	return nil
}

// note writes notes into the segment of the stream.
func (b *blockRun) note(res result) error {
	if b.notes == nil {
		seg, err := b.openSegment(&b.segment, "pass")
		if err != nil {
			return err
		}
		if b.notes, err = seg.Begin(); err != nil {
			return err
		}
	}
	b.rec.noted += res.noted
	_, err := b.notes.Write(res.notes)
	return err
}

// openSegment returns one of the segments of the stream.
func (s *stream) openSegment(seg **manifest.Segment, kind string) (*manifest.Segment, error) {
	if *seg != nil {
		return *seg, nil
	}
	r := s.m.r
	name := fmt.Sprintf("%s%d-%d-%d-%d.seg", kind, s.m.p, r.start, r.comm.Rank(), s.index)
	made, err := manifest.NewSegmentWriter(filepath.Join(r.dir, "segments", name))
	if err != nil {
		return nil, err
	}
	*seg = made
	s.m.opened(made)
	return made, nil
}

// finish closes what the block has written and fills in the record.
func (b *blockRun) finish() (err error) {
	if b.notes != nil {
		if b.rec.notes, err = b.segment.End(); err != nil {
			return err
		}
	}
	b.addDamage(stages.Damage{})
	if len(b.damage) > 0 {
		seg, err := b.openSegment(&b.segment, "pass")
		if err != nil {
			return err
		}
		if b.rec.damage, err = seg.Append(b.damage); err != nil {
			return err
		}
	}
	if bits := b.alive.bytes(); bits != nil && (!b.m.pass.Last() || b.m.r.mover != nil) {
		seg, err := b.openSegment(&b.segment, "pass")
		if err != nil {
			return err
		}
		if b.rec.alive, err = seg.Append(bits); err != nil {
			return err
		}
	}
	if err := b.writeTallies(); err != nil {
		return err
	}
	b.rec.left = b.alive.rows - b.alive.gone
	if err := b.endTags(); err != nil {
		return err
	}
	if err := b.endRemoved(); err != nil {
		return err
	}
	if b.segment != nil {
		if err := b.segment.Flush(); err != nil {
			return err
		}
	}
	if b.piece != nil {
		begin := time.Now()
		if err := b.piece.Close(); err != nil {
			return err
		}
		if b.rec.piece, err = b.out.end(); err != nil {
			return err
		}
		b.m.clock.write.Add(time.Since(begin))
		b.rec.bytesOut = b.rec.piece.Length
		b.m.clock.bytesOut.Add(b.rec.bytesOut)
	}
	return nil
}

// addDamage encodes a damaged row for the list of the block, a run of them once it has ended: at the
// latest with one without an error, which is none. What no report
// would list is counted alone: all rows of a large shard may be damaged.
func (b *blockRun) addDamage(d stages.Damage) {
	if d.Rows > 0 && b.run.Rows > 0 && d.Error == b.run.Error {
		b.run.Rows += d.Rows
		return
	}
	was := b.run
	b.run = stages.Damage{}
	if was.Rows > 0 {
		b.encodeDamage(was)
	}
	if d.Rows > 0 {
		b.run = d
	} else if d.Error != "" {
		b.encodeDamage(d)
	}
}

func (b *blockRun) encodeDamage(d stages.Damage) {
	if b.listed++; b.listed > maxListed && d.Row >= 0 {
		return
	}
	b.damage = binary.AppendVarint(b.damage, d.Row)
	b.damage = binary.AppendUvarint(b.damage, uint64(d.Rows))
	b.damage = binary.AppendVarint(b.damage, d.Offset)
	b.damage = appendBytes(b.damage, []byte(d.Error))
}

// truncate notes that the rest of the shard cannot be read.
func (b *blockRun) truncate(d *stages.Damaged) {
	b.rec.truncated = true
	if b.rec.pass == 0 {
		b.addDamage(stages.Damage{Row: -1, Offset: d.Offset, Error: d.Err.Error()})
	}
}

// A bitmap has a bit per row, set where the row is left.
type bitmap struct {
	bits []byte
	rows int64
	gone int64
}

func (m *bitmap) append(keep []bool) {
	for _, k := range keep {
		if m.rows%8 == 0 {
			m.bits = append(m.bits, 0)
		}
		if k {
			m.bits[len(m.bits)-1] |= 1 << (m.rows % 8)
		} else {
			m.gone++
		}
		m.rows++
	}
}

// bytes returns the bitmap, or nil where all rows are left.
func (m *bitmap) bytes() []byte {
	if m.gone == 0 {
		return nil
	}
	return m.bits
}

// testBit says whether row i is left.
func testBit(bits []byte, i int64) bool { return bits[i/8]&(1<<(i%8)) != 0 }
