package dedup

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"

	"sluice/stages"
)

// partners is with how many better samples the sets of a sample are compared in a
// wave. One that is similar and stays is enough for it to go; the others wait.
func (f *fuzzy) partners(wave int) int {
	if f.components {
		return math.MaxInt // any of them may link it to others
	}
	return 8 << (2 * (wave - 1))
}

// settled says of a sample with some verdicts that no further pair of it matters.
func (f *fuzzy) settled(verdicts []stages.Note) bool {
	return !f.components && len(verdicts) > 0 && verdict(verdicts[0].Payload).gone()
}

// Notes about pairs: a link alone is a pair that is open; one that is followed by a
// byte waits for a later wave; an empty note says that the sample is the better of
// some pair.
const waits = 1

// compare fetches the sketch of the better of each pair of candidates, drops
// the pairs that the sketches reject, and opens the most promising of the others. Where
// sketches are all that is compared, the others are similar.
func (f *fuzzy) compare(ctx context.Context, m stages.Meeting, wave int) (stages.Notes, error) {
	passed, err := f.agreeing(ctx, m, wave)
	if err != nil {
		return nil, err
	}
	chosen := m.Sorter()
	if f.estimates {
		err = estimated(passed, chosen)
	} else {
		err = f.choose(passed, f.partners(wave), chosen)
	}
	if err == nil {
		err = f.pairsOf(ctx, m, wave, true, func(id stages.ID, _ []byte, l link) error {
			return chosen.Add(stages.Note{Sample: id, Payload: append(slices.Clone(l), waits)})
		})
	}
	if f.estimates {
		if err := m.Agree(ctx, err); err != nil {
			return nil, errors.Join(err, chosen.Close())
		}
		return chosen.Sorted()
	}
	if err := m.Agree(ctx, keepSorted(m, tableChosen, chosen, err)); err != nil {
		return nil, err
	}
	return f.open(ctx, m)
}

// tableChosen is what compare knows before the better samples are told.
const tableChosen = "chosen"

// pairsOf calls each with the pairs of candidates of samples at home that were not
// compared before a wave: those that share a band and did not in an earlier wave, and those that
// wait. It does so for the samples that are settled, or for the others.
func (f *fuzzy) pairsOf(ctx context.Context, m stages.Meeting, wave int, settled bool, each func(id stages.ID, sketch []byte, l link) error) error {
	tables := append([]string{f.table(tableSketches), f.table(tableVerdicts), f.ofWave(tableCandidates, wave), f.ofWave(tableOpen, wave-1)},
		f.waves(tableCandidates, wave-1)...)
	if wave == 1 {
		tables = []string{tables[0], "", tables[2], ""}
	}
	return m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
		if f.settled(notes[1]) != settled {
			return nil
		}
		for _, n := range notes[2] {
			if len(n.Payload) != linkSize || among(notes[4:], n.Payload) {
				continue
			}
			if err := each(id, f.sketched(notes[0][0]).sketch(), link(n.Payload)); err != nil {
				return err
			}
		}
		for _, n := range notes[3] {
			if len(n.Payload) != linkSize+waits {
				continue
			}
			if err := each(id, f.sketched(notes[0][0]).sketch(), link(n.Payload[:linkSize])); err != nil {
				return err
			}
		}
		return nil
	}, tables...)
}

// agreeing returns the pairs of a wave that the sketches do not reject: a
// link, and in how many coordinates they agree, 2 bytes; 0 where the better one is not
// kept at present.
func (f *fuzzy) agreeing(ctx context.Context, m stages.Meeting, wave int) (stages.Notes, error) {
	var theirs, own []uint16
	return m.Fetch(ctx, stages.Fetch{
		Ask: func(ask func(stages.Question) error) error {
			var payload []byte
			return f.pairsOf(ctx, m, wave, false, func(id stages.ID, sketch []byte, l link) error {
				payload = append(append(payload[:0], l...), sketch...)
				return ask(stages.Question{Key: uint64(l.to()), Sample: id, Payload: payload})
			})
		},
		Tables: []string{f.table(tableSketches), f.table(tableVerdicts)},
		Record: func(_ stages.ID, notes [][]stages.Note) ([]byte, error) {
			if len(notes[0]) == 0 {
				return nil, errNoSketch
			}
			if f.settled(notes[1]) {
				return nil, nil
			}
			return f.sketched(notes[0][0]).sketch(), nil
		},
		Judge: func(_ context.Context, _ stages.ID, record []byte, questions questions, answer func(stages.Note) error) error {
			theirs = coordinates(theirs, record)
			var payload [linkSize + 2]byte
			for q := range questions {
				n := 0
				if len(record) > 0 {
					own = coordinates(own, q.Payload[linkSize:])
					if n = f.family.agreeing(theirs, own); n < f.least {
						continue
					}
				}
				p := binary.LittleEndian.AppendUint16(append(payload[:0], q.Payload[:linkSize]...), uint16(n))
				if err := answer(stages.Note{Sample: q.Sample, Payload: p}); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// choose reads the pairs that passed, closes them, and adds to out which are open and
// which wait.
func (f *fuzzy) choose(passed stages.Notes, partners int, out stages.Sorter) error {
	var group [][]byte
	var sample stages.ID
	end := func() error {
		f.promising(group)
		for i, p := range group {
			agree := binary.LittleEndian.Uint16(p[linkSize:])
			p = p[:linkSize]
			if i >= partners || agree == 0 {
				p = append(p, waits)
			}
			if err := out.Add(stages.Note{Sample: sample, Payload: p}); err != nil {
				return err
			}
		}
		group = group[:0]
		return nil
	}
	for {
		n, err := passed.Next()
		if errors.Is(err, io.EOF) {
			return errors.Join(end(), passed.Close())
		}
		if err == nil && n.Sample != sample {
			err = end()
		}
		if err != nil {
			return errors.Join(err, passed.Close())
		}
		sample = n.Sample
		group = append(group, slices.Clone(n.Payload))
	}
}

// promising orders the pairs of one sample, in place: by turns the best in keep order
// of those whose sketches say that they are similar, since it is the likeliest to
// stay, and the most similar of those that are left.
func (f *fuzzy) promising(pairs [][]byte) {
	agree := func(p []byte) uint16 { return binary.LittleEndian.Uint16(p[linkSize:]) }
	rank := func(a, b []byte) int {
		return cmp.Or(cmp.Compare(link(a).toOrder(), link(b).toOrder()), cmp.Compare(link(a).to(), link(b).to()))
	}
	similar := uint16(uint64(f.family.size) * f.threshold.num / f.threshold.den)
	slices.SortFunc(pairs, func(a, b []byte) int { return cmp.Or(cmp.Compare(agree(b), agree(a)), rank(a, b)) })
	best := slices.Clone(pairs)
	best = slices.DeleteFunc(best, func(p []byte) bool { return agree(p) < similar })
	slices.SortFunc(best, rank)
	taken := make(map[stages.ID]bool, len(pairs))
	var order [][]byte
	take := func(list [][]byte) [][]byte {
		for len(list) > 0 {
			p := list[0]
			list = list[1:]
			if to := link(p).to(); !taken[to] {
				taken[to] = true
				order = append(order, p)
				break
			}
		}
		return list
	}
	for rest := slices.Clone(pairs); len(order) < len(pairs); {
		best = take(best)
		rest = take(rest)
	}
	copy(pairs, order)
}

// open returns what was chosen, and tells the better of each pair.
func (f *fuzzy) open(ctx context.Context, m stages.Meeting) (stages.Notes, error) {
	return distinct(m.Fetch(ctx, stages.Fetch{
		Ask: func(ask func(stages.Question) error) error {
			return m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
				for _, n := range notes[0] {
					if err := ask(stages.Question{Key: uint64(link(n.Payload).to()), Sample: id, Payload: n.Payload}); err != nil {
						return err
					}
				}
				return nil
			}, tableChosen)
		},
		Record: func(stages.ID, [][]stages.Note) ([]byte, error) { return nil, nil },
		Judge: func(_ context.Context, about stages.ID, _ []byte, questions questions, answer func(stages.Note) error) error {
			for q := range questions {
				if err := answer(stages.Note{Sample: q.Sample, Payload: q.Payload}); err != nil {
					return err
				}
			}
			return answer(stages.Note{Sample: about})
		},
	}))
}

// need notes which samples in pairs have no shingle set from an earlier wave. Those
// of pairs that wait are among them: later waves need not read for them again.
func (f *fuzzy) need(ctx context.Context, m stages.Meeting, wave int) (stages.Notes, error) {
	needs := m.Sorter()
	err := m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
		if len(notes[0]) == 0 || len(first(notes[1:])) > 0 {
			return nil
		}
		return needs.Add(stages.Note{Sample: id})
	}, append([]string{f.ofWave(tableOpen, wave)}, f.waves(tableSets, wave-1)...)...)
	if err != nil {
		return nil, errors.Join(err, needs.Close())
	}
	return needs.Sorted()
}

// first returns the first of some lists that has notes.
func first(lists [][]stages.Note) []stages.Note {
	for _, list := range lists {
		if len(list) > 0 {
			return list
		}
	}
	return nil
}

// among says that a note stands in one of the tables.
func among(tables [][]stages.Note, payload []byte) bool {
	for _, list := range tables {
		if slices.ContainsFunc(list, func(n stages.Note) bool { return string(n.Payload) == string(payload) }) {
			return true
		}
	}
	return false
}
