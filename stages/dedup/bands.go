package dedup

import (
	"context"
	"errors"
	"iter"

	"sluice/stages"
)

type questions = iter.Seq[stages.Question]

// errNoSketch reports a sample that is named and has no note: it cannot be.
var errNoSketch = errors.New("a sample that others were compared with has no sketch: this is a bug")

// hubs is with how many of a bucket each other member is compared in a wave: with the
// best-ranked. Few are left to meet in later waves, and these are compared with more.
func hubs(wave int) int { return 4 << (2 * (wave - 1)) }

// perGroup is how many questions all ranks ask at a time, about: bands are
// looked at in groups, so that scratch is bounded.
const perGroup = 1 << 29

// meetInBands lets samples that agree in a band meet, and notes with the worse of a
// pair that they are candidates. A member of a bucket that is too large to be compared
// with all before it gets an empty note besides. In later waves only those ask that got one,
// and are still kept.
func (f *fuzzy) meetInBands(ctx context.Context, m stages.Meeting, wave int) (stages.Notes, error) {
	tables := []string{f.table(tableSketches), f.table(tableSame)}
	if wave > 1 {
		tables = append(tables, f.ofWave(tableCandidates, wave-1), f.table(tableVerdicts))
		left, err := count(ctx, m, f.meets, tables...)
		if err != nil || left == 0 {
			return nil, err
		}
	}
	group := f.bands.Bands
	if n := m.Samples(); n > 0 {
		group = int(min(max(perGroup/n, 4), int64(group)))
	}
	found := m.Sorter()
	for from := 0; from < f.bands.Bands; from += group {
		notes, err := m.ByKey(ctx, stages.ByKey{
			Ask: func(ask func(stages.Question) error) error {
				return f.askBands(ctx, m, tables, from, min(from+group, f.bands.Bands), ask)
			},
			Judge:  f.judgeBucket(hubs(wave)),
			Shared: true,
		})
		if err == nil {
			err = m.Agree(ctx, move(found, notes))
		}
		if err != nil {
			return nil, errors.Join(err, found.Close())
		}
	}
	return distinct(found.Sorted())
}

// meets says whether a sample meets others in its bands: it has a sketch, and no
// other with the same shingles stands for it; in later waves also it was not
// compared with all before it, and was not removed.
func (f *fuzzy) meets(notes [][]stages.Note) bool {
	if len(notes[0]) == 0 || len(notes[1]) > 0 || sketched(notes[0][0].Payload).empty() {
		return false
	}
	if len(notes) == 2 {
		return true
	}
	return len(notes[2]) > 0 && len(notes[2][0].Payload) == 0 && !f.settled(notes[3])
}

// askBands asks under the keys of some bands.
func (f *fuzzy) askBands(ctx context.Context, m stages.Meeting, tables []string, from, to int, ask func(stages.Question) error) error {
	var sketch []uint16
	return m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
		if !f.meets(notes) {
			return nil
		}
		n := sketched(notes[0][0].Payload)
		sketch = coordinates(sketch, n.sketch())
		for band := from; band < to; band++ {
			if err := ask(stages.Question{Key: f.family.key(f.bands, sketch, band), Order: n.order(), Sample: id}); err != nil {
				return err
			}
		}
		return nil
	}, tables...)
}

// judgeBucket makes candidates of the members of a bucket.
func (f *fuzzy) judgeBucket(hubs int) stages.Judge {
	best := make([]stages.Question, 0, hubs)
	payload := make([]byte, 0, linkSize)
	return func(_ context.Context, _ uint64, questions questions, answer func(stages.Note) error) error {
		best = best[:0]
		for q := range questions {
			if f.keep.fixed(q.Order) {
				// It stays whatever it is similar to.
				if len(best) < hubs {
					best = append(best, q)
				}
				continue
			}
			for _, b := range best {
				if err := answer(stages.Note{Sample: q.Sample, Payload: appendLink(payload[:0], b.Sample, b.Order, q.Order)}); err != nil {
					return err
				}
			}
			if len(best) < hubs {
				best = append(best, q)
			} else if err := answer(stages.Note{Sample: q.Sample}); err != nil {
				return err
			}
		}
		return nil
	}
}

// firsts tells each question with the payload of an earlier one the sample of the
// first of these.
func firsts(_ context.Context, _ uint64, questions questions, answer func(stages.Note) error) error {
	type group struct {
		low   string
		first stages.ID
	}
	var groups []group // more than one only where 64 bits collide
	var payload [8]byte
next:
	for q := range questions {
		for _, g := range groups {
			if g.low == string(q.Payload) {
				if err := answer(stages.Note{Sample: q.Sample, Payload: appendID(payload[:0], g.first)}); err != nil {
					return err
				}
				continue next
			}
		}
		groups = append(groups, group{string(q.Payload), q.Sample})
	}
	return nil
}
