package dedup

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/zeebo/xxh3"

	"sluice/stages"
)

// Pages of one template agree in bands whatever they say: their buckets are hot. A
// bucket of more than tooMany members is taken for a template; the most frequent
// value of each coordinate over its first members, the voters, is what the template
// gives. Each member asks once more under each coordinate in which it differs from
// that, a residual: the lists are short, and hold what tells the pages apart.
const (
	tooMany      = 256
	voters       = 64
	maxResiduals = 96 // of a sample and template
)

// listHubs is what hubs is in the lists of residuals at most: they are many and short, and hold
// what pages have beyond their template. With 16, pages that are not similar cost
// twice as much in later waves, and none more is found (sluice bench shapes).
const listHubs = 4

// Tables that last for one meeting.
const (
	tableMet       = "met"       // what the bands gave
	tableModes     = "modes"     // to the first of a hot bucket: band, mode
	tableResiduals = "residuals" // modes, and where a sample differs from them
)

// A membership is the note of a member of a hot bucket: the band, whether the
// sample votes, the first member, and the order of the sample.
type membership []byte

const membershipSize = 1 + 1 + 8 + 8

func (n membership) band() byte        { return n[0] }
func (n membership) votes() bool       { return n[1] == 1 }
func (n membership) leader() stages.ID { return stages.ID(binary.LittleEndian.Uint64(n[2:])) }
func (n membership) order() uint64     { return binary.LittleEndian.Uint64(n[10:]) }

// tell tells a member that its bucket is hot.
func (b *bucket) tell(p place, votes bool, band byte, answer func(stages.Note) error) error {
	b.hot++
	n := []byte{band, 0}
	if votes {
		n[1] = 1
	}
	n = binary.LittleEndian.AppendUint64(appendID(n, b.early[0].id), p.order)
	return answer(stages.Note{Sample: p.id, Payload: n})
}

// meetInLists lets the members of hot buckets meet by their residuals. It adds the
// pairs to found, and returns them all.
func (f *fuzzy) meetInLists(ctx context.Context, m stages.Meeting, found stages.Sorter, wave int) (stages.Notes, error) {
	met, err := distinct(found.Sorted())
	if err == nil {
		err = m.Keep(tableMet, met)
	}
	if err := m.Agree(ctx, err); err != nil {
		return nil, err
	}
	for _, step := range []struct {
		table string
		hold  func(context.Context, stages.Meeting) (stages.Notes, error)
	}{{tableModes, f.vote}, {tableResiduals, f.differ}} {
		notes, err := step.hold(ctx, m)
		if err == nil {
			err = m.Agree(ctx, m.Keep(step.table, notes))
		}
		if err != nil {
			return nil, err
		}
	}
	pairs, err := m.ByKey(ctx, stages.ByKey{
		Ask:    func(ask func(stages.Question) error) error { return f.askResiduals(ctx, m, ask) },
		Judge:  (&bucket{keep: f.keep, hubs: min(hubs(wave), listHubs)}).judge,
		Shared: true,
	})
	if err != nil {
		return nil, err
	}
	all := m.Sorter()
	if err = move(all, pairs); err == nil {
		err = m.Home(ctx, func(_ stages.ID, notes [][]stages.Note) error {
			for _, n := range notes[0] {
				if len(n.Payload) == membershipSize {
					continue
				}
				if err := all.Add(n); err != nil {
					return err
				}
			}
			return nil
		}, tableMet)
	}
	if err != nil {
		return nil, errors.Join(err, all.Close())
	}
	return distinct(all.Sorted())
}

// members calls do with each membership of samples at home and their sketch.
func (f *fuzzy) members(ctx context.Context, m stages.Meeting, do func(id stages.ID, n membership, sketch []byte) error) error {
	return m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
		for _, n := range notes[1] {
			if len(n.Payload) != membershipSize {
				continue
			}
			if err := do(id, n.Payload, f.sketched(notes[0][0]).sketch()); err != nil {
				return err
			}
		}
		return nil
	}, f.table(tableSketches), tableMet)
}

// vote tells the first member of each hot bucket the mode of the bucket.
func (f *fuzzy) vote(ctx context.Context, m stages.Meeting) (stages.Notes, error) {
	return m.ByKey(ctx, stages.ByKey{
		Ask: func(ask func(stages.Question) error) error {
			var sketch []uint16
			var payload []byte
			return f.members(ctx, m, func(id stages.ID, n membership, p []byte) error {
				if !n.votes() {
					return nil
				}
				sketch = coordinates(sketch, p)
				payload = append(append(payload[:0], n[:10]...), p...)
				return ask(stages.Question{Key: f.family.key(f.bands, sketch, int(n.band())), Order: n.order(), Sample: id, Payload: payload})
			})
		},
		Judge: func(_ context.Context, _ uint64, questions questions, answer func(stages.Note) error) error {
			var votes [][]uint16
			var head []byte
			for q := range questions {
				if votes == nil {
					head = slices.Clone(q.Payload[:10])
				}
				votes = append(votes, coordinates(nil, q.Payload[10:]))
			}
			note := []byte{head[0]}
			for j := range votes[0] {
				note = binary.LittleEndian.AppendUint16(note, majority(votes, j))
			}
			return answer(stages.Note{Sample: stages.ID(binary.LittleEndian.Uint64(head[2:])), Payload: note})
		},
	})
}

// majority returns the value that coordinate j has in most of the votes, if one has
// in more than half (Boyer, Moore, "MJRTY: A Fast Majority Vote Algorithm", 1981).
func majority(votes [][]uint16, j int) (value uint16) {
	n := 0
	for _, v := range votes {
		switch {
		case n == 0:
			value, n = v[j], 1
		case v[j] == value:
			n++
		default:
			n--
		}
	}
	return value
}

// differ notes where each member of a hot bucket differs from the mode: a hash of the
// mode, the order of the sample, and the coordinates, 1 byte each, with their values. A
// sample in several buckets of one template has one such note.
func (f *fuzzy) differ(ctx context.Context, m stages.Meeting) (stages.Notes, error) {
	return distinct(m.Fetch(ctx, stages.Fetch{
		Ask: func(ask func(stages.Question) error) error {
			var payload []byte
			return f.members(ctx, m, func(id stages.ID, n membership, p []byte) error {
				payload = append(append(payload[:0], n...), p...)
				return ask(stages.Question{Key: uint64(n.leader()), Sample: id, Payload: payload})
			})
		},
		Tables: []string{tableModes},
		Record: func(_ stages.ID, notes [][]stages.Note) ([]byte, error) {
			var all []byte
			for _, n := range notes[0] {
				all = append(all, n.Payload...)
			}
			return all, nil
		},
		Judge: func(_ context.Context, _ stages.ID, record []byte, questions questions, answer func(stages.Note) error) error {
			size := 1 + 2*f.family.size
			var payload []byte
			for q := range questions {
				n, own := membership(q.Payload[:membershipSize]), q.Payload[membershipSize:]
				// The first of a bucket may lead in several bands, or in two
				// buckets of one band only if it has two sketches.
				for r := record; len(r) >= size; r = r[size:] {
					if r[0] != n.band() {
						continue
					}
					payload = appendResidual(payload[:0], r[1:size], own, n.order())
					if err := answer(stages.Note{Sample: q.Sample, Payload: payload}); err != nil {
						return err
					}
				}
			}
			return nil
		},
	}))
}

const residualAt = 16

// appendResidual appends where a sketch differs from a mode.
func appendResidual(b, mode, sketch []byte, order uint64) []byte {
	b = binary.LittleEndian.AppendUint64(b, xxh3.Hash(mode))
	b = binary.LittleEndian.AppendUint64(b, order)
	n := 0
	for j := 0; j < len(mode) && n < maxResiduals; j += 2 {
		if mode[j] != sketch[j] || mode[j+1] != sketch[j+1] {
			b = append(b, byte(j/2), sketch[j], sketch[j+1])
			n++
		}
	}
	return b
}

// askResiduals asks under each residual.
func (f *fuzzy) askResiduals(ctx context.Context, m stages.Meeting, ask func(stages.Question) error) error {
	return m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
		for _, n := range notes[0] {
			mode, order := binary.LittleEndian.Uint64(n.Payload), binary.LittleEndian.Uint64(n.Payload[8:])
			for r := n.Payload[residualAt:]; len(r) >= 3; r = r[3:] {
				key := stages.Mix64(mode ^ stages.Mix64(uint64(r[0])<<16|uint64(r[1])<<8|uint64(r[2])))
				if err := ask(stages.Question{Key: key, Order: order, Sample: id}); err != nil {
					return err
				}
			}
		}
		return nil
	}, tableResiduals)
}
