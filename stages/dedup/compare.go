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
	return 4 << (2 * (wave - 1))
}

// settled says of a sample with some verdicts that no further pair of it matters.
func (f *fuzzy) settled(verdicts []stages.Note) bool {
	return !f.components && len(verdicts) > 0 && verdict(verdicts[0].Payload).gone()
}

// Notes about open pairs: a link alone is a pair that is open; one that is followed
// by a byte waits for a later wave; an empty note says that the sample is the
// better of an open pair.
const waits = 1

// compare fetches the sketch of the better of each pair of candidates, drops
// the pairs that the sketches reject, and opens the most promising of the others.
func (f *fuzzy) compare(ctx context.Context, m stages.Meeting, wave int) (stages.Notes, error) {
	passed, err := f.agreeing(ctx, m, wave)
	if err != nil {
		return nil, err
	}
	chosen := m.Sorter()
	if err = f.choose(passed, f.partners(wave), chosen); err == nil {
		var notes stages.Notes
		if notes, err = chosen.Sorted(); err == nil {
			err = m.Keep(tableChosen, notes)
		}
	} else {
		err = errors.Join(err, chosen.Close())
	}
	if err := m.Agree(ctx, err); err != nil {
		return nil, err
	}
	return f.open(ctx, m)
}

// tableChosen is what compare knows before the better samples are told.
const tableChosen = "chosen"

// pairsOf calls f with each pair of candidates of a sample at home that is to be
// compared in a wave: those that share a band and did not in an earlier wave, and those that
// wait, if the sample is still kept.
func (f *fuzzy) pairsOf(ctx context.Context, m stages.Meeting, wave int, each func(id stages.ID, sketch []byte, l link) error) error {
	tables := append([]string{f.table(tableSketches), f.table(tableVerdicts), f.ofWave(tableCandidates, wave), f.ofWave(tableOpen, wave-1)},
		f.waves(tableCandidates, wave-1)...)
	if wave == 1 {
		tables = []string{tables[0], "", tables[2], ""}
	}
	return m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
		if f.settled(notes[1]) {
			return nil
		}
		for _, n := range notes[2] {
			if len(n.Payload) < linkSize || among(notes[4:], n.Payload) {
				continue
			}
			if err := each(id, sketched(notes[0][0].Payload).sketch(), link(n.Payload)); err != nil {
				return err
			}
		}
		for _, n := range notes[3] {
			if len(n.Payload) != linkSize+waits {
				continue
			}
			if err := each(id, sketched(notes[0][0].Payload).sketch(), link(n.Payload[:linkSize])); err != nil {
				return err
			}
		}
		return nil
	}, tables...)
}

// agreeing returns the pairs of a wave that the sketches do not reject: a
// link, and in how many coordinates they agree, 2 bytes. The better one is still kept.
func (f *fuzzy) agreeing(ctx context.Context, m stages.Meeting, wave int) (stages.Notes, error) {
	var theirs, own []uint16
	return m.Fetch(ctx, stages.Fetch{
		Ask: func(ask func(stages.Question) error) error {
			var payload []byte
			return f.pairsOf(ctx, m, wave, func(id stages.ID, sketch []byte, l link) error {
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
			return sketched(notes[0][0].Payload).sketch(), nil
		},
		Judge: func(_ context.Context, _ stages.ID, record []byte, questions questions, answer func(stages.Note) error) error {
			if len(record) == 0 {
				return nil
			}
			theirs = coordinates(theirs, record)
			var payload [linkSize + 2]byte
			for q := range questions {
				own = coordinates(own, q.Payload[linkSize:])
				n := f.family.agreeing(theirs, own)
				if n < f.least {
					continue
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
		slices.SortFunc(group, f.morePromising)
		for i, p := range group {
			p = p[:linkSize]
			if i >= partners {
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

// morePromising orders pairs of one sample: those first whose sketches say that they are
// similar, of these the better in keep order, since that is likelier to stay; then
// the others, the more similar first.
func (f *fuzzy) morePromising(a, b []byte) int {
	x, y := binary.LittleEndian.Uint16(a[linkSize:]), binary.LittleEndian.Uint16(b[linkSize:])
	similar := uint16(uint64(f.family.size) * f.threshold.num / f.threshold.den)
	rank := cmp.Or(cmp.Compare(link(a).toOrder(), link(b).toOrder()), cmp.Compare(link(a).to(), link(b).to()))
	switch {
	case x >= similar && y >= similar:
		return rank
	case x >= similar || y >= similar:
		return cmp.Compare(y, x)
	}
	return cmp.Or(cmp.Compare(y, x), rank)
}

// open returns what was chosen, and tells the better of each open pair.
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
			open := false
			for q := range questions {
				open = open || len(q.Payload) == linkSize
				if err := answer(stages.Note{Sample: q.Sample, Payload: q.Payload}); err != nil {
					return err
				}
			}
			if !open {
				return nil
			}
			return answer(stages.Note{Sample: about})
		},
	}))
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
