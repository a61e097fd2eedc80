package dedup

import (
	"context"
	"encoding/binary"
	"slices"

	"sluice/stages"
)

// sets is a wave of dedup.fuzzy. Its pass notes the shingle sets of texts in open pairs; its
// rounds compare them, settle who stays, and find the pairs of the next wave.
type sets struct {
	*fuzzy
	wave int
}

// last says that what the wave settles is applied.
func (s *sets) last() bool { return s.wave == maxWaves }

// Columns: the last part marks.
func (s *sets) Columns() stages.Columns {
	c := stages.Columns{Reads: []stages.Need{s.text()}}
	if s.last() && s.common.Action == "mark" {
		c.Adds, c.Kinds = markColumns(s.common), markKinds(s.common)
	}
	return c
}

// Tables of the wave.
func (s *sets) Tables() stages.Tables {
	t := stages.Tables{Given: s.ofWave(tableNeeds, s.wave), Notes: s.ofWave(tableSets, s.wave)}
	if s.last() {
		t.Apply = s.table(tableVerdicts)
	}
	return t
}

// Note notes the shingle sets of the rows that need one.
func (s *sets) Note(_ context.Context, b *stages.Batch, given []stages.Note, note func(stages.Note)) error {
	if b.Records != nil {
		return s.noteRecords(b, given, note)
	}
	w := s.workers.Get().(*sketcher)
	defer s.workers.Put(w)
	texts := b.Column(s.common.Column).Text
	for _, g := range given {
		i := int(g.Sample.Row() - b.First)
		if !b.Keep[i] {
			continue
		}
		w.shingles = w.shingler.Append(w.shingles[:0], texts[i])
		w.note = appendSet(w.note[:0], w.shingles)
		note(stages.Note{Sample: g.Sample, Payload: w.note})
	}
	return nil
}

// noteRecords notes the sets of records.
func (s *sets) noteRecords(b *stages.Batch, given []stages.Note, note func(stages.Note)) error {
	for _, g := range given {
		_, set, err := record(b.Records[g.Sample.Row()-b.First]).parts(s.family.bytes())
		if err != nil {
			return err
		}
		note(stages.Note{Sample: g.Sample, Payload: set})
	}
	return nil
}

// hashBytes is how much of the hash of a shingle stands in a set: two texts of a
// thousand shingles have a false one in common once in a million pairs.
const hashBytes = 5

// appendSet appends the set of some shingles: the high bytes of their
// hashes, sorted, each once, big endian, so that sets compare as bytes. It reorders
// the shingles.
func appendSet(b []byte, shingles []uint64) []byte {
	const shift = 64 - 8*hashBytes
	for i := range shingles {
		shingles[i] >>= shift
	}
	sortUint64s(shingles, 8*hashBytes)
	b = slices.Grow(b, len(shingles)*hashBytes+8)
	for i, v := range shingles {
		if i == 0 || v != shingles[i-1] {
			b = binary.BigEndian.AppendUint64(b, v<<shift)
			b = b[:len(b)-8+hashBytes]
		}
	}
	return b
}

// overlap returns how many elements two sets have in common, and how many in all.
func overlap(a, b []byte) (common, all uint64) {
	all = uint64(len(a)+len(b)) / hashBytes
	for len(a) > 0 && len(b) > 0 {
		x, y := element(a), element(b)
		if x == y {
			common++
		}
		if x <= y {
			a = a[hashBytes:]
		}
		if y <= x {
			b = b[hashBytes:]
		}
	}
	return common, all - common
}

func element(set []byte) uint64 {
	return uint64(binary.BigEndian.Uint32(set))<<8 | uint64(set[4])
}

// Rounds of the wave.
func (s *sets) Rounds() []stages.Round {
	rounds := []stages.Round{{
		Name: s.Name() + ": shingle sets", Makes: s.ofWave(tableEdges, s.wave), Given: []string{s.ofWave(tableOpen, s.wave)}, Run: s.verify,
	}, s.settleRound()}
	if !s.last() {
		rounds = append(rounds, s.pairs(s.wave+1)...)
	}
	return rounds
}

// settleRound is the round that settles who stays.
func (s *sets) settleRound() stages.Round {
	settle := stages.Round{Name: s.Name() + ": who stays", Makes: s.table(tableVerdicts), Run: s.settle}
	if s.wave > 1 {
		settle.Given = []string{s.ofWave(tableEdges, s.wave)} // who stays is known, but for new pairs
	}
	return settle
}

// verify fetches the set of the better of each open pair, and notes with the worse
// the pairs that are at or above the threshold: a link, then the shingles in common
// and in all, uvarints.
func (s *sets) verify(ctx context.Context, m stages.Meeting) (stages.Notes, error) {
	sets := s.waves(tableSets, s.wave)
	return m.Fetch(ctx, stages.Fetch{
		Ask: func(ask func(stages.Question) error) error {
			var payload []byte
			return m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
				for _, n := range notes[0] {
					if len(n.Payload) != linkSize {
						continue // the better of a pair, or one that waits
					}
					own := first(notes[1:])
					if own == nil {
						return errNoSketch
					}
					payload = append(append(payload[:0], n.Payload...), own[0].Payload...)
					if err := ask(stages.Question{Key: uint64(link(n.Payload).to()), Sample: id, Payload: payload}); err != nil {
						return err
					}
				}
				return nil
			}, append([]string{s.ofWave(tableOpen, s.wave)}, sets...)...)
		},
		Tables: sets,
		Record: func(_ stages.ID, notes [][]stages.Note) ([]byte, error) {
			set := first(notes)
			if set == nil {
				return nil, errNoSketch
			}
			return set[0].Payload, nil
		},
		Judge: func(_ context.Context, _ stages.ID, record []byte, questions questions, answer func(stages.Note) error) error {
			var payload []byte
			for q := range questions {
				common, all := overlap(record, q.Payload[linkSize:])
				if !s.threshold.reached(common, all) {
					continue
				}
				payload = append(payload[:0], q.Payload[:linkSize]...)
				payload = binary.AppendUvarint(payload, common)
				payload = binary.AppendUvarint(payload, all)
				if err := answer(stages.Note{Sample: q.Sample, Payload: payload}); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// Apply removes, or marks, what goes.
func (s *sets) Apply(_ context.Context, b *stages.Batch, notes []stages.Note) error {
	return s.apply(b, notes)
}

// apply applies verdicts to a batch.
func (f *fuzzy) apply(b *stages.Batch, notes []stages.Note) error {
	mark := newMark(b, f.common, 4)
	for _, n := range notes {
		i := int(n.Sample.Row() - b.First)
		v := verdict(n.Payload)
		if !v.gone() {
			b.Keepers = append(b.Keepers, i)
			var name []byte
			if b.RowID != nil {
				name = b.RowID[i]
			}
			mark.in(b, i, n.Sample, name, v.size())
			continue
		}
		common, all, size, name := v.parts()
		mark.in(b, i, v.keeper(), name, size)
		mark.remove(b, stages.Removal{
			Row: i, Stage: f.Name(), Keeper: v.keeper(), Group: v.keeper(), Similarity: float32(float64(common) / float64(all)), KeeperID: name,
		})
	}
	return nil
}
