package dedup

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"

	"sluice/stages"
)

// Tables that last for one settling.
const (
	tableLive = "live" // edges between samples that are undecided
	tableGone = "gone" // samples that are decided to go
	tableNews = "news" // what was found out about the better ends of live edges
)

// star finds the lexicographically first maximal independent set of all
// edges so far in keep order (Blelloch, Fineman, Shun, "Greedy sequential maximal
// independent set and matching are parallel on average", SPAA 2012). Each edge lies with
// its worse end. In a round each undecided sample learns which of its better
// neighbours are decided: it goes once one of them stays, and stays once all of
// them go. Keep order is not random and chains take many rounds; so once few
// edges are left one rank decides the rest in keep order.
func (t *settling) star(ctx context.Context) (stages.Notes, error) {
	if err := t.m.Agree(ctx, t.begin(ctx)); err != nil {
		return nil, err
	}
	for {
		// Edges that are live, what one rank can hold of them, ranks.
		sum := []uint64{uint64(t.m.Held(tableLive)), uint64(t.m.Room() / perEdge), 1}
		if err := t.m.Sum(ctx, sum); err != nil {
			return nil, err
		}
		var err error
		switch live, few := sum[0], min(sum[1]/sum[2], maxFew); {
		case live == 0:
			return t.keepers(ctx)
		case live <= few:
			if err := t.finish(ctx); err != nil {
				return nil, err
			}
			return t.keepers(ctx)
		}
		if err = t.step(ctx); err != nil {
			return nil, err
		}
	}
}

// maxFew is how many edges one rank decides about at the most.
const maxFew = 10_000_000

// perEdge is about how many bytes of memory [settling.finish] takes for an edge.
const perEdge = 64

// begin makes all edges live, and nobody gone.
func (t *settling) begin(ctx context.Context) error {
	return errors.Join(t.keepEdges(ctx, tableLive), keepSorted(t.m, tableGone, t.m.Sorter(), nil))
}

// What is known of a sample.
const (
	stays = iota
	goes
	undecided
)

// step asks after the better ends of all live edges, and decides what follows.
func (t *settling) step(ctx context.Context) error {
	news, err := t.m.Fetch(ctx, stages.Fetch{
		Ask: func(ask func(stages.Question) error) error {
			return t.m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
				for _, n := range notes[0] {
					if err := ask(stages.Question{Key: uint64(link(n.Payload).to()), Sample: id}); err != nil {
						return err
					}
				}
				return nil
			}, tableLive)
		},
		Tables: []string{tableLive, tableGone},
		Record: func(_ stages.ID, notes [][]stages.Note) ([]byte, error) {
			switch {
			case len(notes[0]) > 0:
				return []byte{undecided}, nil
			case len(notes[1]) > 0:
				return []byte{goes}, nil
			}
			return []byte{stays}, nil
		},
		Judge: func(_ context.Context, about stages.ID, record []byte, questions questions, answer func(stages.Note) error) error {
			if record[0] == undecided {
				return nil
			}
			var payload [9]byte
			for q := range questions {
				if err := answer(stages.Note{Sample: q.Sample, Payload: append(appendID(payload[:0], about), record[0])}); err != nil {
					return err
				}
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	if err = t.m.Keep(tableNews, news); err == nil {
		err = t.decide(ctx)
	}
	return t.m.Agree(ctx, err)
}

// decide applies the news to the live edges of this rank.
func (t *settling) decide(ctx context.Context) error {
	live, gone := t.m.Sorter(), t.m.Sorter()
	err := t.m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
		edges, news, before := notes[0], notes[1], notes[2]
		if len(before) > 0 {
			return gone.Add(before[0])
		}
		left := edges[:0]
		for _, e := range edges {
			switch status(news, link(e.Payload).to()) {
			case stays:
				return gone.Add(stages.Note{Sample: id})
			case undecided:
				left = append(left, e)
			}
		}
		for _, e := range left {
			if err := live.Add(e); err != nil {
				return err
			}
		}
		return nil
	}, tableLive, tableNews, tableGone)
	if err != nil {
		return errors.Join(err, live.Close(), gone.Close())
	}
	return errors.Join(keepSorted(t.m, tableLive, live, nil), keepSorted(t.m, tableGone, gone, nil))
}

// status returns what the news say of a sample.
func status(news []stages.Note, of stages.ID) byte {
	for _, n := range news {
		if stages.ID(binary.LittleEndian.Uint64(n.Payload)) == of {
			return n.Payload[8]
		}
	}
	return undecided
}

// finish lets one rank decide about all that is live, in keep order.
func (t *settling) finish(ctx context.Context) error {
	if err := t.refresh(ctx); err != nil {
		return err
	}
	news, err := t.m.ByKey(ctx, stages.ByKey{
		Ask: func(ask func(stages.Question) error) error {
			return t.m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
				for _, n := range notes[0] {
					if err := ask(stages.Question{Order: link(n.Payload).ownOrder(), Sample: id, Payload: n.Payload[:8]}); err != nil {
						return err
					}
				}
				return nil
			}, tableLive)
		},
		Judge: func(_ context.Context, _ uint64, questions questions, answer func(stages.Note) error) error {
			// Better ends are undecided or stay, and each question comes after
			// those about its better end: what is not gone by then stays.
			gone := map[stages.ID]bool{}
			for q := range questions {
				if gone[q.Sample] || gone[stages.ID(binary.LittleEndian.Uint64(q.Payload))] {
					continue
				}
				gone[q.Sample] = true
				if err := answer(stages.Note{Sample: q.Sample}); err != nil {
					return err
				}
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	return t.m.Agree(ctx, t.add(ctx, tableGone, news))
}

// refresh takes out the live edges whose better end was decided to go by the last
// step: their worse ends have not heard of it.
func (t *settling) refresh(ctx context.Context) error {
	live, err := t.notGone(ctx, func(ask func(id stages.ID, edge []byte) error) error {
		return t.m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
			for _, n := range notes[0] {
				if err := ask(id, n.Payload); err != nil {
					return err
				}
			}
			return nil
		}, tableLive)
	})
	if err != nil {
		return err
	}
	return t.m.Agree(ctx, t.m.Keep(tableLive, live))
}

// keepers returns the verdicts of the samples that go: the keeper is the most
// similar of the neighbours that come earlier and stay.
func (t *settling) keepers(ctx context.Context) (stages.Notes, error) {
	kept, err := t.keptNeighbours(ctx)
	if err != nil {
		return nil, err
	}
	found := t.m.Sorter()
	if err := best(kept, found); err != nil {
		return nil, t.m.Agree(ctx, errors.Join(err, found.Close()))
	}
	notes, err := found.Sorted()
	return notes, t.m.Agree(ctx, err)
}

// keptNeighbours returns the edges from samples that go to samples that stay.
func (t *settling) keptNeighbours(ctx context.Context) (stages.Notes, error) {
	return t.notGone(ctx, func(ask func(id stages.ID, edge []byte) error) error {
		return t.m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
			if len(notes[0]) == 0 {
				return nil
			}
			for _, list := range notes[1:] {
				for _, n := range list {
					if err := ask(id, n.Payload); err != nil {
						return err
					}
				}
			}
			return nil
		}, append([]string{tableGone}, t.edges...)...)
	})
}

// notGone returns the edges, of those that are asked about, whose better end is not gone.
func (t *settling) notGone(ctx context.Context, edges func(ask func(id stages.ID, edge []byte) error) error) (stages.Notes, error) {
	return t.m.Fetch(ctx, stages.Fetch{
		Ask: func(ask func(stages.Question) error) error {
			return edges(func(id stages.ID, edge []byte) error {
				return ask(stages.Question{Key: uint64(link(edge).to()), Sample: id, Payload: edge})
			})
		},
		Tables: []string{tableGone},
		Record: func(_ stages.ID, notes [][]stages.Note) ([]byte, error) {
			if len(notes[0]) > 0 {
				return []byte{goes}, nil
			}
			return []byte{stays}, nil
		},
		Judge: func(_ context.Context, _ stages.ID, record []byte, questions questions, answer func(stages.Note) error) error {
			if record[0] == goes {
				return nil
			}
			for q := range questions {
				if err := answer(stages.Note{Sample: q.Sample, Payload: q.Payload}); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// best adds to out a verdict for each sample in edges, which it closes: the most
// similar neighbour, of equal ones the first in keep order.
func best(edges stages.Notes, out stages.Sorter) error {
	var top []byte
	var sample stages.ID
	end := func() error {
		if top == nil {
			return nil
		}
		return out.Add(stages.Note{Sample: sample, Payload: appendVerdict(nil, link(top).to(), top[linkSize:])})
	}
	for {
		n, err := edges.Next()
		if errors.Is(err, io.EOF) {
			return errors.Join(end(), edges.Close())
		}
		if err != nil {
			return errors.Join(err, edges.Close())
		}
		if top != nil && n.Sample == sample {
			if better(n.Payload, top) {
				top = bytes.Clone(n.Payload)
			}
			continue
		}
		if err := end(); err != nil {
			return errors.Join(err, edges.Close())
		}
		sample, top = n.Sample, bytes.Clone(n.Payload)
	}
}

// better says that edge a is to be preferred to b.
func better(a, b link) bool {
	ac, aa := shared(a[linkSize:])
	bc, ba := shared(b[linkSize:])
	ah, al := bits.Mul64(ac, ba)
	bh, bl := bits.Mul64(bc, aa)
	return cmp.Or(cmp.Compare(bh, ah), cmp.Compare(bl, al), cmp.Compare(a.toOrder(), b.toOrder()), cmp.Compare(a.to(), b.to())) < 0
}
