package dedup

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"

	"sluice/stages"
)

// judging is the rule by which units go.
type judging struct {
	documents   int64  // in which a unit occurs, from which on it goes
	keeps       bool   // the first document keeps it
	dropRepeats bool   // what stays in a document stays there once
	span        uint32 // parts that a unit takes up
}

// A judge judges units. It belongs to one rank. What it holds is bounded by room, in
// however many documents a unit occurs.
type judge struct {
	judging
	room   int64
	sorter func() stages.Sorter

	groups    []group // of the key; more than one only where 64 bits collide
	positions []uint32
	payload   []byte
}

// A group is what is known of one unit.
type group struct {
	low       uint32
	documents int64
	last      stages.ID // document
	first     uint32    // position in it
	waiting   waiting
}

// judge reads who has the units of one key, document by document and in the order of the text.
func (j *judge) judge(_ context.Context, _ uint64, questions iter.Seq[stages.Question], answer func(stages.Note) error) (err error) {
	j.groups = j.groups[:0]
	defer func() {
		for i := range j.groups {
			err = errors.Join(err, j.groups[i].waiting.drop())
		}
	}()
	for q := range questions {
		if len(q.Payload) < lowSize {
			return errUnits
		}
		if j.positions, err = takePositions(j.positions[:0], q.Payload[lowSize:]); err != nil {
			return err
		}
		g := j.group(binary.LittleEndian.Uint32(q.Payload))
		if g.documents == 0 || g.last != q.Sample {
			g.documents++
			g.last, g.first = q.Sample, j.positions[0]
		}
		if err := j.occur(g, q.Sample, answer); err != nil {
			return err
		}
	}
	return nil
}

// group returns the group of a hash with the key of all.
func (j *judge) group(low uint32) *group {
	for i := range j.groups {
		if j.groups[i].low == low {
			return &j.groups[i]
		}
	}
	if n := len(j.groups); n < cap(j.groups) {
		j.groups = j.groups[:n+1] // with the buffer of an earlier one
		j.groups[n] = group{low: low, waiting: waiting{buf: j.groups[n].waiting.buf[:0]}}
	} else {
		j.groups = append(j.groups, group{low: low})
	}
	return &j.groups[len(j.groups)-1]
}

// occur sees to j.positions, at which the unit of g occurs in a document.
func (j *judge) occur(g *group, document stages.ID, answer func(stages.Note) error) error {
	if g.documents == j.documents {
		// Once, with the first question of the document that makes it enough.
		if err := g.waiting.release(answer); err != nil {
			return err
		}
	}
	keeps := j.keeps && g.documents == 1
	if !keeps && g.documents >= j.documents {
		return j.tell(document, j.positions, answer)
	}
	stay := j.positions
	if j.dropRepeats {
		var repeats []uint32
		stay, repeats = j.repeats(g)
		if err := j.tell(document, repeats, answer); err != nil {
			return err
		}
	}
	if keeps || len(stay) == 0 {
		return nil
	}
	j.payload = appendPositions(j.payload[:0], stay)
	return g.waiting.add(stages.Note{Sample: document, Payload: j.payload}, j.room, j.sorter)
}

// repeats parts j.positions into those that stay if the document keeps the unit, and those that
// do not: they repeat the first, and have no part in common with it. They rise from
// question to question.
func (j *judge) repeats(g *group) (stay, repeats []uint32) {
	n := 0
	for n < len(j.positions) && j.positions[n] < g.first+j.span {
		n++
	}
	return j.positions[:n], j.positions[n:]
}

func (j *judge) tell(document stages.ID, positions []uint32, answer func(stages.Note) error) error {
	if len(positions) == 0 {
		return nil
	}
	j.payload = appendPositions(j.payload[:0], positions)
	return answer(stages.Note{Sample: document, Payload: j.payload})
}
