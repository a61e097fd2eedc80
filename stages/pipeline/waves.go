package pipeline

import (
	"context"
	"fmt"
	"math"
	"strings"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/manifest"
	"sluice/stages/round"
)

// Before rows move, they are counted: for each output shard the rows that are to stand in it. All ranks know
// all counts. So they cut the same waves; and no shard is put in its place, or believed, that
// has fewer rows or more.

// samples gives the rows of a block that are left, in their order, each with the index of its label.
type samples struct {
	block int
	at    int64   // row of the block
	alive []byte  // nil: all rows are left
	tags  decoder // of no bytes: there are no labels
}

func (m *move) samples(block int) (*samples, error) {
	rec := m.r.records[len(m.r.passes)-1][block]
	s := &samples{block: block, at: -1}
	var err error
	if rec.alive != (manifest.Ref{}) {
		if s.alive, err = manifest.ReadRef(m.r.segments(), rec.alive); err != nil {
			return nil, stateError(err)
		}
	}
	if rec.tags != (manifest.Ref{}) {
		if s.tags.p, err = manifest.ReadRef(m.r.segments(), rec.tags); err != nil {
			return nil, stateError(err)
		}
	}
	return s, nil
}

func (s *samples) next() (id stages.ID, label int) {
	if s.tags.p != nil {
		label = int(s.tags.uint())
	}
	for s.at++; s.alive != nil && !testBit(s.alive, s.at); s.at++ {
	}
	return stages.MakeID(s.block, s.at), label
}

// count fills in what belongs into each output. It is collective.
func (m *move) count(ctx context.Context) error {
	m.expected, m.need = make([]uint64, len(m.outputs)), make([]uint64, len(m.outputs))
	if err := mpi.Agree(ctx, m.r.comm, m.countHere()); err != nil {
		return err
	}
	for _, list := range [][]uint64{m.expected, m.need} {
		if err := m.r.comm.AllReduce(ctx, list, mpi.Sum); err != nil {
			return err
		}
	}
	var sum uint64
	for _, n := range m.expected {
		sum += n
	}
	if sum != uint64(m.rows) {
		return fmt.Errorf("stage %q has places for %d rows, and arranged %d: this is a bug", m.r.mover.Name(), sum, m.rows)
	}
	return nil
}

// countHere counts the rows of the blocks at home.
func (m *move) countHere() error {
	r := m.r
	for b := r.homes[r.comm.Rank()]; b < r.homes[r.comm.Rank()+1]; b++ {
		rec := r.records[len(r.passes)-1][b]
		if rec == nil || rec.left == 0 {
			continue
		}
		each := m.perRow(b, rec)
		samples, err := m.samples(b)
		if err != nil {
			return err
		}
		place := m.places(b)
		put := func(p stages.Place) error {
			if p.Output < 0 || p.Output >= len(m.outputs) {
				return fmt.Errorf("stage %q puts a row into output shard %d of %d: this is a bug", r.mover.Name(), p.Output, len(m.outputs))
			}
			m.expected[p.Output]++
			m.need[p.Output] += each
			return nil
		}
		for n := int64(0); n < rec.left; n++ {
			if n%4096 == 0 && r.stopping() {
				return mpi.ErrStopped
			}
			id, label := samples.next()
			if err := place(id, label, put); err != nil {
				return err
			}
		}
	}
	return nil
}

// packed is how many bytes of rows a byte of a compressed piece is taken to hold.
const packed = 8

// perRow returns the bytes of scratch that a row of the block takes, if all are of one length.
func (m *move) perRow(block int, rec *blockRecord) uint64 {
	s := &m.r.shards[m.r.blocks[block].Shard]
	bytes := uint64(rec.bytesOut)
	if !strings.HasSuffix(m.r.sinks[keyOf(s)].Name(s), ".jsonl") {
		bytes *= packed
	}
	return (bytes+uint64(rec.left)-1)/uint64(rec.left) + round.RowHeader
}

// cut settles how many times the pieces are read, each for a part of the output shards, so that what
// comes to a rank fits its scratch. The ranks agree on it, though each has scratch of its own size.
// The output does not depend on it. It is collective.
func (m *move) cut(ctx context.Context) error {
	room := []uint64{math.MaxUint64}
	if most := m.r.job.ScratchMax / int64(max(1, m.r.comm.LocalSize())); most > 0 {
		room[0] = uint64(most)
	}
	if err := m.r.comm.AllReduce(ctx, room, mpi.Min); err != nil {
		return err
	}
	m.slots = cutSlots(m.need, m.r.comm.Size(), room[0])
	return nil
}

// cutSlots gives each output a slot; the slots of the outputs ascend. A slot is one rank in one wave: with three
// ranks, slot 7 is rank 1 in wave 2. There are as few waves as there can be where no slot has more than room bytes,
// or more than the largest output where that is more; and with these the fullest slot is as empty
// as it can be. need is by output.
func cutSlots(need []uint64, ranks int, room uint64) []int {
	slots := make([]int, len(need))
	if len(need) == 0 {
		return slots
	}
	// least is what an output takes that has no row: a rank should not have all of these.
	const least = 1 << 10
	var largest uint64
	for _, n := range need {
		largest = max(largest, n+least)
	}
	fill := func(most uint64) (last int) {
		var sum uint64
		for o, n := range need {
			if n += least; sum > 0 && sum+n > most {
				sum = 0
				last++
			}
			sum += need[o] + least
			slots[o] = last
		}
		return last
	}
	most := max(room-room/8, largest) // rows are not all of one length
	waves := fill(most)/ranks + 1
	for low := largest; low < most; {
		middle := low + (most-low)/2
		if fill(middle) < waves*ranks {
			most = middle
		} else {
			low = middle + 1
		}
	}
	fill(most)
	return slots
}

// owner returns the rank that writes an output shard.
func (m *move) owner(output int) int { return m.slots[output] % m.r.comm.Size() }
