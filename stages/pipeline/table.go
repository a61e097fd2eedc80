package pipeline

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"path/filepath"
	"slices"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/format"
	"sluice/stages/manifest"
	"sluice/stages/spill"
)

// The list of duplicates is made by a round of its own, which the last pass asks: a
// removed sample asks under its keeper, the keeper under itself, with its id. The
// judge tells the rank that writes about the removed sample.

// mix64 is the finalizer of SplitMix64: a bijection that spreads IDs over keys.
func mix64(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// Orders of the questions: the keeper's comes first.
const (
	orderKeeper = iota
	orderRemoved
)

// maxID is the length of the longest id that the list can hold: two of them go
// into a message of any exchange. A longer one is listed as SHARD:ROW.
const maxID = 3000

// askTable asks about the removals and keepers of a batch. A sample may have
// been removed or have become a keeper in several stages.
func (r *run) askTable(b *stages.Batch, ask func(stages.Question)) {
	id := func(i int) []byte {
		if b.RowID == nil || len(b.RowID[i]) > maxID {
			return nil
		}
		return b.RowID[i]
	}
	slices.Sort(b.Keepers)
	for _, i := range slices.Compact(b.Keepers) {
		ask(stages.Question{Key: mix64(uint64(b.ID(i))), Order: orderKeeper, Sample: b.ID(i), Payload: id(i)})
	}
	var payload []byte
	for _, removal := range b.Removed {
		payload = binary.AppendUvarint(payload[:0], uint64(r.stageIndex(removal.Stage)))
		payload = binary.LittleEndian.AppendUint32(payload, math.Float32bits(removal.Similarity))
		payload = binary.LittleEndian.AppendUint64(payload, uint64(removal.Keeper))
		payload = binary.LittleEndian.AppendUint64(payload, uint64(removal.Group))
		payload = appendBytes(payload, id(removal.Row))
		ask(stages.Question{Key: mix64(uint64(removal.Keeper)), Order: orderRemoved, Sample: b.ID(removal.Row), Payload: payload})
	}
}

// stageIndex returns the place of a stage in the job.
func (r *run) stageIndex(name string) int {
	return slices.IndexFunc(r.stages, func(s stages.Stage) bool { return s.Name() == name })
}

// judgeTable adds the keeper's id to what removed samples asked.
func judgeTable(_ context.Context, _ uint64, questions iter.Seq[stages.Question], answer func(stages.Answer) error) error {
	var keeper, payload []byte
	for q := range questions {
		if q.Order == orderKeeper {
			keeper = append(keeper[:0], q.Payload...)
			continue
		}
		payload = append(append(payload[:0], q.Payload...), keeper...)
		if err := answer(stages.Answer{Sample: q.Sample, Payload: payload}); err != nil {
			return err
		}
	}
	return nil
}

// tableRanges cuts the shards into ranges, each of which is a file of the list: by
// bytes and number of shards, never by rank. It returns the first shard of
// each range, and the number of shards.
func tableRanges(shards []stages.Shard) []int {
	const maxBytes, maxShards = 64 << 30, 4096
	ranges := []int{0}
	var bytes int64
	for i, s := range shards {
		if first := ranges[len(ranges)-1]; i > first && (bytes+s.Size > maxBytes || i-first >= maxShards) {
			ranges = append(ranges, i)
			bytes = 0
		}
		bytes += s.Size
	}
	return append(ranges, len(shards))
}

// writeTable writes the files of the list whose ranges are this rank's, out of
// the answers that came to it, and closes answers. It is collective.
func (r *run) writeTable(ctx context.Context, answers *spill.Sorter) error {
	rows, err := r.writeRanges(answers)
	err = errors.Join(err, answers.Close())
	if err := mpi.Agree(ctx, r.comm, err); err != nil {
		return err
	}
	sum := []uint64{uint64(rows)}
	if err := r.comm.AllReduce(ctx, sum, mpi.Sum); err != nil {
		return err
	}
	r.duplicates = int64(sum[0])
	return nil
}

// rangeOf returns the range of a sample and rangeOwner the rank that writes it.
func (r *run) rangeOf(id stages.ID) int {
	i, found := slices.BinarySearch(r.ranges, r.blocks[id.Block()].Shard)
	if !found {
		i--
	}
	return i
}

func (r *run) rangeOwner(k int) int { return k % r.comm.Size() }

func (r *run) writeRanges(answers *spill.Sorter) (rows int64, err error) {
	it, err := answers.Sorted()
	if err != nil {
		return 0, err
	}
	rec, err := it.Next()
	for k := r.comm.Rank(); k < len(r.ranges)-1; k += r.comm.Size() {
		path := filepath.Join(r.job.Output, "duplicates", fmt.Sprintf("part-%05d.parquet", k))
		out, e := manifest.CreateAtomic(path)
		if e != nil {
			return rows, e
		}
		defer out.Abort()
		table, e := format.NewTable(out)
		if e != nil {
			return rows, e
		}
		for ; err == nil && r.rangeOf(stages.ID(rec.Sample)) == k; rec, err = it.Next() {
			d, e := r.duplicate(stages.ID(rec.Sample), rec.Payload)
			if e == nil {
				e = table.Write(d)
			}
			if e != nil {
				return rows, diskError(e)
			}
			if rows++; rows%stopEvery == 0 && r.stopping() {
				return rows, mpi.ErrStopped
			}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return rows, err
		}
		if e := table.Close(); e != nil {
			return rows, diskError(e)
		}
		if e := out.Commit(); e != nil {
			return rows, diskError(e)
		}
		if e := r.placed.Appeared(path); e != nil {
			return rows, diskError(e)
		}
	}
	return rows, nil
}

// duplicate makes a row of the list from an answer.
func (r *run) duplicate(sample stages.ID, payload []byte) (format.Duplicate, error) {
	d := decoder{p: payload}
	stage := d.uint()
	similarity := math.Float32frombits(d.uint32())
	keeper, group := stages.ID(d.uint64()), stages.ID(d.uint64())
	id := string(d.bytes())
	if d.short || stage >= uint64(len(r.stages)) {
		return format.Duplicate{}, errShort
	}
	shard, row := r.locate(sample)
	keeperShard, keeperRow := r.locate(keeper)
	groupShard, groupRow := r.locate(group)
	rec := format.Duplicate{
		ID: id, Shard: shard, Row: row, Stage: r.stages[stage].Name(),
		Group:    rowName(groupShard, groupRow),
		KeeperID: string(d.p), KeeperShard: keeperShard, KeeperRow: keeperRow, Keeper: rowName(keeperShard, keeperRow),
	}
	if rec.ID == "" {
		rec.ID = rowName(shard, row)
	}
	if rec.KeeperID == "" {
		rec.KeeperID = rec.Keeper
	}
	if similarity == similarity { // not NaN
		rec.Similarity = &similarity
	}
	return rec, nil
}

// rowName is the id of a sample that has none of its own.
func rowName(shard string, row int64) string { return fmt.Sprintf("%s:%d", shard, row) }

// locate returns the shard of a sample and its row in it.
func (r *run) locate(id stages.ID) (shard string, row int64) {
	return r.shards[r.blocks[id.Block()].Shard].Name, r.bases[id.Block()] + id.Row()
}
