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
func hubs(wave int) int {
	if wave == 1 {
		return 2
	}
	return 16
}

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
		tables = append(append(tables, f.table(tableVerdicts)), f.waves(tableCandidates, wave-1)...)
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
	bucket := f.newBucket(hubs(wave))
	for from := 0; from < f.bands.Bands; from += group {
		notes, err := m.ByKey(ctx, stages.ByKey{
			Ask: func(ask func(stages.Question) error) error {
				return f.askBands(ctx, m, tables, from, min(from+group, f.bands.Bands), ask)
			},
			Judge:  bucket.judge,
			Shared: true,
		})
		if err == nil {
			err = m.Agree(ctx, move(found, notes))
		}
		if err != nil {
			return nil, errors.Join(err, found.Close())
		}
	}
	hot := []uint64{uint64(bucket.hot)}
	if err := m.Sum(ctx, hot); err != nil {
		return nil, errors.Join(err, found.Close())
	}
	if hot[0] == 0 {
		return distinct(found.Sorted())
	}
	return f.meetInLists(ctx, m, found, wave)
}

// meets says whether a sample meets others in its bands: it has a sketch, and no
// other with the same shingles stands for it; in later waves also it was not
// compared with all before it, and was not removed.
func (f *fuzzy) meets(notes [][]stages.Note) bool {
	if len(notes[0]) == 0 || len(notes[1]) > 0 || f.sketched(notes[0][0]).empty() {
		return false
	}
	if len(notes) == 2 {
		return true
	}
	if f.settled(notes[2]) {
		return false
	}
	for i := len(notes) - 1; i >= 3; i-- {
		if list := notes[i]; len(list) > 0 {
			return len(list[0].Payload) == 0 // as of the last time that it asked
		}
	}
	return false
}

// askBands asks under the keys of some bands.
func (f *fuzzy) askBands(ctx context.Context, m stages.Meeting, tables []string, from, to int, ask func(stages.Question) error) error {
	var sketch []uint16
	payload := make([]byte, 1)
	return m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
		if !f.meets(notes) {
			return nil
		}
		n := f.sketched(notes[0][0])
		sketch = coordinates(sketch, n.sketch())
		for band := from; band < to; band++ {
			payload[0] = byte(band)
			if err := ask(stages.Question{Key: f.family.key(f.bands, sketch, band), Order: n.order(), Sample: id, Payload: payload}); err != nil {
				return err
			}
		}
		return nil
	}, tables...)
}

// hotHubs is what hubs is beyond the first members of a hot bucket.
const hotHubs = 2

// A bucket makes candidates of the samples that agree in a band. Its members come in
// keep order: first those that are only compared with, then the others.
type bucket struct {
	keep    keep
	hubs    int
	refine  bool    // buckets that are too large
	best    []place // the first members
	recent  []place // the last members before the present one
	past    place   // the last member that is no longer recent, if there is some
	some    bool
	full    bool    // no more of the best are taken
	early   []place // members that were met before a bucket turned out to be hot
	hot     int     // members of hot buckets
	payload [linkSize]byte

	fixed   []place // members that are only compared with, the first of them
	nearest []place // the last of them
	crowd   []place // those between
	told    bool    // the crowd knows that there are others to meet
}

func (f *fuzzy) newBucket(hubs int) *bucket {
	// Templates are found by coordinates of 16 bits.
	return &bucket{keep: f.keep, hubs: hubs, refine: f.family.lanes == 1}
}

// judge is the judge of a band.
func (b *bucket) judge(_ context.Context, _ uint64, questions questions, answer func(stages.Note) error) error {
	b.best, b.recent, b.early, b.full = b.best[:0], b.recent[:0], b.early[:0], false
	b.some, b.told = false, false
	b.fixed, b.nearest, b.crowd = b.fixed[:0], b.nearest[:0], b.crowd[:0]
	n := 0
	for q := range questions {
		p := place{q.Order, q.Sample}
		if n == tooMany && b.refine {
			// The rest is for residuals.
			b.best, b.full = b.best[:min(len(b.best), hotHubs)], true
			b.fixed = b.fixed[:min(len(b.fixed), hotHubs)]
		}
		if err := b.compare(p, answer); err != nil {
			return err
		}
		if n++; !b.refine {
			continue
		}
		if n <= tooMany {
			b.early = append(b.early, p)
			continue
		}
		if n == tooMany+1 {
			for i, p := range b.early {
				if err := b.tell(p, i < voters, q.Payload[0], answer); err != nil {
					return err
				}
			}
		}
		if err := b.tell(p, false, q.Payload[0], answer); err != nil {
			return err
		}
	}
	return nil
}

// neighbours is with how many of the members just before it each is compared
// besides: of versions, and of pages that stand together, these are the most similar.
const neighbours = 2

// compare makes pairs of a member and the best before it, and the last before it; of
// both kinds of members.
func (b *bucket) compare(p place, answer func(stages.Note) error) error {
	if b.keep.fixed(p.order) {
		b.hold(p)
		return nil
	}
	for _, list := range [][]place{b.fixed, b.nearest, b.best, b.recent} {
		for _, q := range list {
			if err := answer(stages.Note{Sample: p.id, Payload: appendLink(b.payload[:0], q.id, q.order, p.order)}); err != nil {
				return err
			}
		}
	}
	missed := len(b.crowd) > 0 || b.full // somebody before it
	if !b.told {
		b.told = true
		// The first that is not only compared with: there is somebody to meet.
		for _, q := range b.crowd {
			if err := answer(stages.Note{Sample: q.id}); err != nil {
				return err
			}
		}
	}
	switch {
	case len(b.best) < b.hubs && !b.full:
		b.best = append(b.best, p)
	case len(b.recent) < neighbours:
		b.recent = append(b.recent, p)
	default:
		// It was not compared with those that were recent before. The last of them learns
		// of it here, the others have been told.
		if b.some {
			missed = true
			if err := answer(stages.Note{Sample: b.past.id}); err != nil {
				return err
			}
		}
		b.past, b.some = b.recent[0], true
		b.recent = append(append(b.recent[:0], b.recent[1:]...), p)
	}
	if missed {
		return answer(stages.Note{Sample: p.id})
	}
	return nil
}

// hold takes note of a member that is only compared with: it stays whatever it is
// similar to, so that none of them makes room for another. In the first wave they are
// hubs as others are; those that meet again are all compared with.
func (b *bucket) hold(p place) {
	most := b.hubs
	if most > hubs(1) {
		most = tooMany
	}
	if len(b.fixed) < most && !b.full {
		b.fixed = append(b.fixed, p)
		return
	}
	if b.nearest = append(b.nearest, p); len(b.nearest) <= neighbours {
		return
	}
	if len(b.crowd) < tooMany {
		b.crowd = append(b.crowd, b.nearest[0])
	}
	b.nearest = append(b.nearest[:0], b.nearest[1:]...)
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
