package pipeline

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/format"
	"sluice/stages/manifest"
)

// Rows that stages drop are written, with write.removed, where they are dropped: later passes
// do not read them. The removed rows of a block are chunks, one for each batch and stage,
// in a segment of their own; its record points to them. Once all blocks are done,
// those of a shard become a file for each stage that dropped some.

// chunkHeader is the length of what stands before each chunk (FORMAT.md).
const chunkHeader = 24

// newRemoved returns the sink of removed rows; nil where the job writes none.
func (r *run) newRemoved() (*format.RemovedSink, error) {
	if m := r.job.Write.Removed; m == "" || m == "none" {
		return nil, nil
	}
	sink, err := format.NewRemovedSink(r.job.Write, r.formatOptions())
	if err != nil {
		return nil, &JobError{err}
	}
	return sink, nil
}

// removedPath returns where the rows go that a stage drops from a shard.
func (r *run) removedPath(stage string, s *stages.Shard) string {
	return filepath.Join(r.job.Output, "removed", stage, filepath.FromSlash(r.removed.Name(s)))
}

// removed makes the chunks of the rows that stages dropped from a batch and its parts.
func (c *mapPass) removed(b *stages.Batch) (chunks []byte, err error) {
	for _, one := range b.Family() {
		if len(one.Rejected) == 0 {
			continue
		}
		if chunks == nil {
			chunks = c.buffers.get()
		}
		if chunks, err = c.appendChunks(chunks, one); err != nil {
			return nil, err
		}
	}
	return chunks, nil
}

// appendChunks appends the chunks of the rows that stages dropped from a batch.
func (c *mapPass) appendChunks(chunks []byte, b *stages.Batch) ([]byte, error) {
	slices.SortStableFunc(b.Rejected, func(a, b stages.Rejection) int {
		return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Row, b.Row))
	})
	body := c.buffers.get()
	defer func() { c.buffers.put(body) }()
	for from, to := 0, 0; from < len(b.Rejected); from = to {
		stage := b.Rejected[from].Stage
		body = body[:0]
		for to = from; to < len(b.Rejected) && b.Rejected[to].Stage == stage; to++ {
			var err error
			if body, err = c.r.appendRemoved(body, b, &b.Rejected[to]); err != nil {
				return nil, err
			}
		}
		at := len(chunks)
		chunks = append(chunks, make([]byte, chunkHeader)...)
		chunks = c.r.removed.Pack(chunks, body, b.Shard)
		h := chunks[at:]
		binary.LittleEndian.PutUint32(h[4:], uint32(c.r.stageIndex(stage)))
		binary.LittleEndian.PutUint64(h[8:], uint64(len(body)))
		binary.LittleEndian.PutUint64(h[16:], uint64(len(h)-chunkHeader))
		binary.LittleEndian.PutUint32(h, crc32.Checksum(h[4:], castagnoli))
	}
	return chunks, nil
}

// appendRemoved appends what a chunk holds of a row: its line of the file, or with
// write.removed = "ids" what that is made of once the row number is known.
func (r *run) appendRemoved(dst []byte, b *stages.Batch, d *stages.Rejection) ([]byte, error) {
	keeper := ""
	if d.Repeats {
		keeper = rowName(r.locate(d.Keeper))
		if r.shards[r.blocks[d.Keeper.Block()].Shard].Format == stages.SavedFormat {
			keeper = string(d.KeeperID) // its place is one in a file of sketches
		}
	}
	why := format.Because(b, d.Row, d.Stage, d.Score, keeper)
	if r.job.Write.Removed == "rows" {
		return format.AppendRemoved(dst, b, d.Row, why)
	}
	var id []byte
	if b.RowID != nil {
		id = b.RowID[d.Row]
	}
	dst = binary.AppendUvarint(dst, uint64(b.First)+uint64(b.Read(d.Row)))
	dst = binary.AppendUvarint(dst, uint64(why.Part))
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(d.Score))
	return appendBytes(appendBytes(dst, id), []byte(keeper)), nil
}

// appendIDs appends the lines of a chunk of the stage.
func (r *run) appendIDs(dst, body []byte, block int, stage string) ([]byte, error) {
	shard := r.shards[r.blocks[block].Shard].Name
	var name []byte // of a row that has no id
	for d := (decoder{p: body}); len(d.p) > 0; {
		row := r.bases[block] + int64(d.uint())
		why := format.Reason{Stage: stage, Part: int64(d.uint())}
		why.Score = math.Float64frombits(d.uint64())
		id, keeper := d.bytes(), d.bytes()
		if d.short {
			return dst, errShort
		}
		if len(id) == 0 {
			name = strconv.AppendInt(append(append(name[:0], shard...), ':'), row, 10)
			id = name
		}
		why.Keeper = string(keeper)
		dst = format.AppendRemovedID(dst, id, shard, row, why)
	}
	return dst, nil
}

// remove writes the chunks of a batch into the segment of removed rows of the stream.
func (b *blockRun) remove(chunks []byte) error {
	if len(chunks) == 0 {
		return nil
	}
	if b.removed == nil {
		seg, err := b.openSegment(&b.removals, "removed")
		if err != nil {
			return err
		}
		if b.removed, err = seg.Begin(); err != nil {
			return err
		}
	}
	_, err := b.removed.Write(chunks)
	return err
}

// endRemoved ends what the block has written of removed rows.
func (b *blockRun) endRemoved() (err error) {
	if b.removed == nil {
		return nil
	}
	if b.rec.removed, err = b.removals.End(); err != nil {
		return err
	}
	return b.removals.Flush()
}

// joinRemoved makes the files of removed rows. Ranks take shards one by one. It is
// collective.
func (r *run) joinRemoved(ctx context.Context, c *clock) error {
	if r.removed == nil {
		return nil
	}
	err := r.oneByOne(ctx, c, "removed", len(r.shards), func(i int) error { return r.joinRemovedOf(&r.shards[i]) })
	return mpi.Agree(ctx, r.comm, err)
}

// joinRemovedOf makes the files of a shard, but those that are there.
func (r *run) joinRemovedOf(s *stages.Shard) error {
	for p, pass := range r.passes {
		for _, step := range pass.Steps {
			if !step.Count {
				continue
			}
			path := r.removedPath(step.Stage.Name(), s)
			if _, err := os.Stat(path); err == nil {
				continue // whole, from an earlier start
			} else if !errors.Is(err, fs.ErrNotExist) {
				return diskError(err)
			}
			j := removedJoin{r: r, shard: s, pass: p, stage: step}
			if err := j.join(path); err != nil {
				return about(path, diskError(err))
			}
		}
	}
	return nil
}

// A removedJoin makes the file of one shard and stage.
type removedJoin struct {
	r     *run
	shard *stages.Shard
	pass  int
	stage stages.Step

	out     *manifest.AtomicFile // nil until there is a row
	lines   io.WriteCloser
	section *manifest.Section
	packed  []byte
	body    []byte
	text    []byte
}

// join writes the file, if the stage dropped something.
func (j *removedJoin) join(path string) error {
	defer func() {
		if j.section != nil {
			j.section.Close()
		}
		if j.out != nil {
			j.out.Abort()
		}
	}()
	r := j.r
	for b := r.firstBlock[j.shard.Index]; b < r.firstBlock[j.shard.Index+1]; b++ {
		rec := r.records[j.pass][b]
		if rec == nil || rec.removed == (manifest.Ref{}) {
			continue
		}
		if r.stopping() {
			return mpi.ErrStopped
		}
		if err := j.open(rec.removed); err != nil {
			return stateError(err)
		}
		if err := j.block(path, b); err != nil {
			return err
		}
	}
	if j.out == nil {
		return nil
	}
	if err := j.lines.Close(); err != nil {
		return err
	}
	if err := j.out.Commit(); err != nil {
		return err
	}
	return r.placed.Appeared(path)
}

// open makes the section that of the removed rows of another block.
func (j *removedJoin) open(ref manifest.Ref) (err error) {
	if j.section != nil {
		if moved, err := j.section.Move(ref); moved || err != nil {
			return err
		}
		j.section.Close()
	}
	j.section, err = manifest.OpenSection(j.r.segments(), ref)
	return err
}

// block writes the rows of a block.
func (j *removedJoin) block(path string, b int) error {
	var h [chunkHeader]byte
	for at := int64(0); at < j.section.Size(); {
		if _, err := j.section.ReadAt(h[:], at); err != nil {
			return j.damaged(b, at)
		}
		at += chunkHeader
		stage := int(binary.LittleEndian.Uint32(h[4:]))
		size, packed := int64(binary.LittleEndian.Uint64(h[8:])), int64(binary.LittleEndian.Uint64(h[16:]))
		if packed < 0 || packed > j.section.Size()-at || size < 0 || !j.dropsIn(stage) {
			return j.damaged(b, at)
		}
		if stage == j.r.stageIndex(j.stage.Stage.Name()) {
			if err := j.chunk(path, b, at, h[:], size, packed); err != nil {
				return err
			}
		}
		at += packed
	}
	return nil
}

// dropsIn says that a stage drops rows in the pass: each chunk is looked into for one file.
func (j *removedJoin) dropsIn(stage int) bool {
	return slices.ContainsFunc(j.r.passes[j.pass].Steps, func(s stages.Step) bool { return s.Count && j.r.stageIndex(s.Stage.Name()) == stage })
}

// chunk writes the rows of a chunk, whose body is at a place of the section.
func (j *removedJoin) chunk(path string, b int, at int64, h []byte, size, packed int64) error {
	j.packed = slices.Grow(j.packed[:0], int(packed))[:packed]
	if _, err := j.section.ReadAt(j.packed, at); err != nil {
		return stateError(err)
	}
	if crc32.Update(crc32.Checksum(h[4:], castagnoli), castagnoli, j.packed) != binary.LittleEndian.Uint32(h) {
		return j.damaged(b, at)
	}
	body, err := j.r.removed.Unpack(j.body, j.packed, size, j.shard)
	if err != nil {
		return stateError(err)
	}
	j.body = body
	if j.r.job.Write.Removed == "ids" {
		if j.text, err = j.r.appendIDs(j.text[:0], body, b, j.stage.Stage.Name()); err != nil {
			return err
		}
		body = j.text
	}
	if j.out == nil {
		if j.out, err = manifest.CreateAtomic(path); err != nil {
			return err
		}
		if j.lines, err = j.r.removed.Lines(j.shard, j.out); err != nil {
			return err
		}
	}
	_, err = j.lines.Write(body)
	return err
}

func (j *removedJoin) damaged(block int, at int64) error {
	rec := j.r.records[j.pass][block]
	return stateError(&manifest.DamagedError{Path: filepath.Join(j.r.segments(), rec.removed.File), Offset: rec.removed.Offset + at,
		What: fmt.Sprintf("rows removed from block %d are not what was written", block)})
}
