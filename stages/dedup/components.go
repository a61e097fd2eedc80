package dedup

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"

	"sluice/stages"
)

// Tables that last for one settling.
const (
	tableBefore = "before" // edges before a step
	tableAfter  = "after"  // and after it
)

// connected finds the connected components of all edges so far by large-star and
// small-star steps (Kiveris, Lattanzi, Mirrokni, Rastogi, Vassilvitskii,
// "Connected Components in MapReduce and Beyond", SoCC 2014), until each
// sample has one edge left, to the first of its component in keep order: the keeper.
// The keeper need not be similar to all of them. Each edge lies with its worse end.
// The steps are O(log^2 of the samples); a hot sample costs no memory.
func (t *settling) connected(ctx context.Context) (stages.Notes, error) {
	err := t.keepEdges(ctx, tableBefore)
	if err := t.m.Agree(ctx, err); err != nil {
		return nil, err
	}
	for {
		changed := []uint64{0}
		for _, step := range []func(ctx context.Context) stages.ByKey{t.largeStar, t.smallStar} {
			edges, err := distinct(t.m.ByKey(ctx, step(ctx)))
			if err != nil {
				return nil, err
			}
			if err = t.m.Keep(tableAfter, edges); err == nil {
				err = t.compareSteps(ctx, changed)
			}
			if err := t.m.Agree(ctx, err); err != nil {
				return nil, err
			}
		}
		if err := t.m.Sum(ctx, changed); err != nil {
			return nil, err
		}
		if changed[0] == 0 {
			return t.labelled(ctx)
		}
	}
}

// keepEdges keeps all edges as links.
func (t *settling) keepEdges(ctx context.Context, table string) error {
	links := t.m.Sorter()
	err := t.m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
		for _, list := range notes {
			for _, n := range list {
				if err := links.Add(stages.Note{Sample: id, Payload: n.Payload[:linkSize]}); err != nil {
					return err
				}
			}
		}
		return nil
	}, t.edges...)
	return keepSorted(t.m, table, links, err)
}

// A question of a step is asked under one end of an edge, of which it has the
// ID and order, by the other.
func askStep(under stages.ID, underOrder uint64, by stages.ID, byOrder uint64) stages.Question {
	p := binary.LittleEndian.AppendUint64(appendID(nil, under), underOrder)
	return stages.Question{Key: stages.Mix64(uint64(under)), Order: byOrder, Sample: by, Payload: p}
}

// largeStar links all worse neighbours of a sample to the best of its
// neighbours and itself.
func (t *settling) largeStar(ctx context.Context) stages.ByKey {
	return stages.ByKey{
		Ask: func(ask func(stages.Question) error) error {
			return t.eachLink(ctx, func(id stages.ID, l link) error {
				err := ask(askStep(id, l.ownOrder(), l.to(), l.toOrder()))
				if err == nil {
					err = ask(askStep(l.to(), l.toOrder(), id, l.ownOrder()))
				}
				return err
			})
		},
		Judge: func(_ context.Context, _ uint64, questions questions, answer func(stages.Note) error) error {
			return joinStar(questions, answer, false)
		},
	}
}

// smallStar links a sample and its better neighbours to the best of them.
func (t *settling) smallStar(ctx context.Context) stages.ByKey {
	return stages.ByKey{
		Ask: func(ask func(stages.Question) error) error {
			return t.eachLink(ctx, func(id stages.ID, l link) error {
				return ask(askStep(id, l.ownOrder(), l.to(), l.toOrder()))
			})
		},
		Judge: func(_ context.Context, _ uint64, questions questions, answer func(stages.Note) error) error {
			return joinStar(questions, answer, true)
		},
	}
}

// A place is a sample with its place in keep order.
type place struct {
	order uint64
	id    stages.ID
}

func (p place) before(q place) bool { return p.order < q.order || p.order == q.order && p.id < q.id }

// joinStar reads the neighbours of a sample, the best first, and links to the best
// of all: with small the neighbours and the sample, otherwise the worse neighbours.
func joinStar(questions questions, answer func(stages.Note) error, small bool) error {
	var center, top place
	some := false
	to := func(p place) error {
		if p == top {
			return nil
		}
		return answer(stages.Note{Sample: p.id, Payload: appendLink(nil, top.id, top.order, p.order)})
	}
	for q := range questions {
		p := place{q.Order, q.Sample}
		if !some {
			center = place{binary.LittleEndian.Uint64(q.Payload[8:]), stages.ID(binary.LittleEndian.Uint64(q.Payload))}
			top, some = center, true
			if p.before(top) {
				top = p
			}
		}
		if small || center.before(p) {
			if err := to(p); err != nil {
				return err
			}
		}
	}
	if small {
		return to(center)
	}
	return nil
}

// eachLink calls f with each edge before the step.
func (t *settling) eachLink(ctx context.Context, f func(id stages.ID, l link) error) error {
	return t.m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
		for _, n := range notes[0] {
			if err := f(id, n.Payload); err != nil {
				return err
			}
		}
		return nil
	}, tableBefore)
}

// compareSteps counts the samples whose edges a step has changed, and makes
// the edges after it those before the next.
func (t *settling) compareSteps(ctx context.Context, changed []uint64) error {
	edges := t.m.Sorter()
	err := t.m.Home(ctx, func(_ stages.ID, notes [][]stages.Note) error {
		same := len(notes[0]) == len(notes[1])
		for i, n := range notes[1] {
			same = same && bytes.Equal(n.Payload, notes[0][i].Payload)
			if err := edges.Add(n); err != nil {
				return err
			}
		}
		if !same {
			changed[0]++
		}
		return nil
	}, tableBefore, tableAfter)
	return keepSorted(t.m, tableBefore, edges, err)
}

// labelled returns the verdicts that follow from the edges that are left. Two
// samples that were not compared have no similarity.
func (t *settling) labelled(ctx context.Context) (stages.Notes, error) {
	found := t.m.Sorter()
	err := t.m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
		if len(notes[0]) == 0 {
			return nil
		}
		keeper := link(notes[0][0].Payload).to()
		similarity := []byte{0, 0}
		for _, list := range notes[1:] {
			for _, n := range list {
				if link(n.Payload).to() == keeper {
					similarity = n.Payload[linkSize:]
				}
			}
		}
		return found.Add(stages.Note{Sample: id, Payload: appendVerdict(nil, keeper, similarity)})
	}, append([]string{tableBefore}, t.edges...)...)
	if err := t.m.Agree(ctx, err); err != nil {
		return nil, errors.Join(err, found.Close())
	}
	notes, err := found.Sorted()
	return notes, t.m.Agree(ctx, err)
}
