package pipeline

import (
	"cmp"
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
	"sluice/stages/round"
)

// The list of duplicates is made by a round of its own, of what the last pass notes: a
// removed sample asks under its keeper, the keeper under itself, with its id and how
// its text begins. The judge tells the rank that writes about the removed sample, and
// counts clusters.

// What a note is about, its first byte, and the order of the question that comes
// of it: the keeper's comes first.
const (
	aboutKeeper = iota
	aboutRemoved
	aboutSaved // no question comes of it: collections.go
)

// duplicatesTable is what the last pass notes.
const duplicatesTable = "duplicates"

// maxID is the length of the longest id that the list can hold: two of them go
// into a message of any exchange. A longer one is listed as SHARD:ROW.
const maxID = 3000

// noteDuplicates notes the removals and keepers of a batch, and what is saved. A sample may
// have been removed or have become a keeper in several stages. The note of a keeper is its
// id and the beginning of its text; that of a removed sample is keeper, stage,
// similarity, group, id, and the keeper's id if it is only compared with.
func (r *run) noteDuplicates(b *stages.Batch, note func(stages.Note)) {
	slices.Sort(b.Keepers)
	slices.SortStableFunc(b.Removed, func(a, b stages.Removal) int { return cmp.Compare(a.Row, b.Row) })
	keepers, removed, saved := slices.Compact(b.Keepers), b.Removed, stillSaved(b)
	var payload []byte
	for {
		row := b.Len()
		if len(saved) > 0 {
			row = saved[0].Row
		}
		if len(removed) > 0 {
			row = min(row, removed[0].Row)
		}
		switch {
		case len(keepers) > 0 && keepers[0] <= row:
			row, keepers = keepers[0], keepers[1:]
			payload = appendBytes(append(payload[:0], aboutKeeper), rowID(b, row))
			payload = format.AppendSnippet(payload, b, row)
		case len(removed) > 0 && removed[0].Row <= row:
			d := removed[0]
			removed = removed[1:]
			payload = append(payload[:0], aboutRemoved)
			payload = binary.LittleEndian.AppendUint64(payload, uint64(d.Keeper))
			payload = binary.AppendUvarint(payload, uint64(r.stageIndex(d.Stage)))
			payload = binary.LittleEndian.AppendUint32(payload, math.Float32bits(d.Similarity))
			payload = binary.LittleEndian.AppendUint64(payload, uint64(d.Group))
			payload = appendBytes(payload, rowID(b, row))
			if r.shards[r.blocks[d.Keeper.Block()].Shard].Against != "" {
				payload = append(payload, d.KeeperID...) // that is not read to tell it
			}
		case len(saved) > 0:
			s := saved[0]
			saved = saved[1:]
			payload = binary.AppendUvarint(append(payload[:0], aboutSaved), uint64(r.stageIndex(s.Stage)))
			payload = append(appendBytes(payload, rowID(b, row)), s.Record...)
		default:
			return
		}
		note(stages.Note{Sample: b.ID(row), Payload: payload})
	}
}

// rowID returns the user's id of a row; nil where it has none that a list can hold.
func rowID(b *stages.Batch, i int) []byte {
	if b.RowID == nil || len(b.RowID[i]) > maxID {
		return nil
	}
	return b.RowID[i]
}

// stageIndex returns the place of a stage in the job.
func (r *run) stageIndex(name string) int {
	return slices.IndexFunc(r.stages, func(s stages.Stage) bool { return s.Name() == name })
}

// askDuplicate makes a question of a note.
func askDuplicate(id stages.ID, payload []byte) stages.Question {
	if payload[0] == aboutKeeper {
		return stages.Question{Key: stages.Mix64(uint64(id)), Order: aboutKeeper, Sample: id, Payload: payload[1:]}
	}
	keeper := binary.LittleEndian.Uint64(payload[1:])
	return stages.Question{Key: stages.Mix64(keeper), Order: aboutRemoved, Sample: id, Payload: payload[1:]}
}

// A clusterJudge judges what became of the samples of each keeper. It belongs to
// one rank.
type clusterJudge struct {
	tallies []tally // by stage
	removed []int64 // for the sake of the keeper, by stage
	keeper  []byte  // its id
	text    []byte
	payload []byte
}

func newClusterJudge(stages int) *clusterJudge {
	return &clusterJudge{tallies: make([]tally, stages), removed: make([]int64, stages)}
}

// judge adds the keeper's id to what removed samples asked.
func (j *clusterJudge) judge(_ context.Context, _ uint64, questions iter.Seq[stages.Question], answer func(stages.Note) error) error {
	clear(j.removed)
	j.keeper, j.text = j.keeper[:0], j.text[:0]
	var keeper uint64
	for q := range questions {
		d := decoder{p: q.Payload}
		if q.Order == aboutKeeper {
			j.keeper = append(j.keeper, d.bytes()...)
			j.text = append(j.text, d.p...)
			continue
		}
		keeper = d.uint64()
		stage := d.uint()
		if d.short || stage >= uint64(len(j.removed)) {
			return errShort
		}
		j.removed[stage]++
		j.payload = append(append(j.payload[:0], q.Payload...), j.keeper...)
		if err := answer(stages.Note{Sample: q.Sample, Payload: j.payload}); err != nil {
			return err
		}
	}
	for stage, n := range j.removed {
		if n > 0 {
			j.tallies[stage].add(sized{n + 1, stages.ID(keeper), j.keeper, j.text})
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

// listDuplicates holds the round of pass p, writes the files of the list, and reports
// clusters. It is collective.
func (r *run) listDuplicates(ctx context.Context, p int, c *clock) error {
	m := r.meeting("list of duplicates", &c.Clock)
	m.Tables = map[string]*round.Table{duplicatesTable: r.noted(p)}
	m.Dest = func(id stages.ID) int { return r.rangeOwner(r.rangeOf(id)) }
	clusters := newClusterJudge(len(r.stages))
	answers, err := m.ByKey(ctx, stages.ByKey{Judge: clusters.judge, Ask: func(ask func(stages.Question) error) error {
		return m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
			for _, n := range notes[0] {
				if n.Payload[0] == aboutSaved {
					continue
				}
				if err := ask(askDuplicate(id, n.Payload)); err != nil {
					return err
				}
			}
			return nil
		}, duplicatesTable)
	}})
	if err != nil {
		return err
	}
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
	return r.sumClusters(ctx, clusters.tallies)
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

// stopEvery is after how many rows a rank looks whether it was asked to stop.
const stopEvery = 1024

// writeRanges writes the files of the list whose ranges are this rank's, out of
// the answers that came to it.
func (r *run) writeRanges(answers stages.Notes) (rows int64, err error) {
	n, err := answers.Next()
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
		for ; err == nil && r.rangeOf(n.Sample) == k; n, err = answers.Next() {
			d, e := r.duplicate(n.Sample, n.Payload)
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
	keeper := stages.ID(d.uint64())
	stage := d.uint()
	similarity := math.Float32frombits(d.uint32())
	group := stages.ID(d.uint64())
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
