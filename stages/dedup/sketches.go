package dedup

import (
	"context"
	"encoding/binary"
	"slices"
	"unsafe"

	"github.com/zeebo/xxh3"

	"sluice/stages"
)

// sketches is the first part of dedup.fuzzy. Its pass notes the sketch of each
// text; its rounds find which texts have the same shingles, which share a band, and
// which of these the sketches do not reject.
type sketches struct{ *fuzzy }

// Columns of a part that changes nothing.
func (s *sketches) Columns() stages.Columns {
	return stages.Columns{Reads: append(s.keep.needs(s.common.Column), s.text())}
}

// Tables: what the last part applies comes of several passes.
func (s *sketches) Tables() stages.Tables { return stages.Tables{Notes: s.table(tableSketches)} }

// Apply is never called.
func (s *sketches) Apply(context.Context, *stages.Batch, []stages.Note) error { return nil }

// A sketched is what the first pass notes of a text: order 8 bytes, hash of all
// its shingles 16, the coordinates of its sketch. A text without a
// shingle has no sketch, and the hash is that of the normalised text. All little endian.
type sketched []byte

const sketchAt = 24

func (s sketched) order() uint64 { return binary.LittleEndian.Uint64(s) }
func (s sketched) hash() (hi, lo uint64) {
	return binary.LittleEndian.Uint64(s[8:]), binary.LittleEndian.Uint64(s[16:])
}
func (s sketched) empty() bool    { return len(s) == sketchAt }
func (s sketched) sketch() []byte { return s[sketchAt:] }

// Where the names of keepers are asked for, the note ends with the name of the sample, and
// its length, 2 bytes.

// maxName is the length of the longest name: it goes into a message of any exchange.
const maxName = 3000

// appendName appends the name of row i of a batch, none where it has none or too long
// a one.
func appendName(note []byte, b *stages.Batch, i int) []byte {
	var name []byte
	if b.RowID != nil && len(b.RowID[i]) <= maxName {
		name = b.RowID[i]
	}
	return binary.LittleEndian.AppendUint16(append(note, name...), uint16(len(name)))
}

// sketched takes the name off a note of the first pass.
func (f *fuzzy) sketched(n stages.Note) sketched {
	if !f.named {
		return n.Payload
	}
	end := len(n.Payload) - 2
	return n.Payload[:end-int(binary.LittleEndian.Uint16(n.Payload[end:]))]
}

// name returns the name in a note of the first pass.
func (f *fuzzy) name(n stages.Note) []byte {
	if !f.named {
		return nil
	}
	return n.Payload[len(f.sketched(n)) : len(n.Payload)-2]
}

// coordinates decodes a sketch into dst.
func coordinates(dst []uint16, p []byte) []uint16 {
	dst = slices.Grow(dst[:0], len(p)/2)[:len(p)/2]
	copy(bytesOf(dst), p)
	return dst
}

// Note sketches the kept rows.
func (s *sketches) Note(_ context.Context, b *stages.Batch, _ []stages.Note, note func(stages.Note)) error {
	w := s.workers.Get().(*sketcher)
	defer s.workers.Put(w)
	if b.Records != nil {
		return s.noteRecords(w, b, note)
	}
	orders, err := s.keep.orders(b, s.common.Column)
	if err != nil {
		return err
	}
	texts := b.Column(s.common.Column).Text
	for i, kept := range b.Keep {
		if kept && texts[i] != nil {
			s.sketch(w, texts[i], orders[i])
			s.note(w, b, i, note)
		}
	}
	return nil
}

// noteRecords notes the sketches of records. They come in their order, before all others.
func (s *sketches) noteRecords(w *sketcher, b *stages.Batch, note func(stages.Note)) error {
	for i, r := range b.Records {
		sketched, _, err := record(r).parts(s.family.bytes())
		if err != nil {
			return err
		}
		w.note = append(binary.LittleEndian.AppendUint64(w.note[:0], 0), sketched...)
		s.note(w, b, i, note)
	}
	return nil
}

// note gives the note of row i, which w holds.
func (s *sketches) note(w *sketcher, b *stages.Batch, i int, note func(stages.Note)) {
	if s.named {
		w.note = appendName(w.note, b, i)
	}
	note(stages.Note{Sample: b.ID(i), Payload: w.note})
}

// sketch makes the note of a text, good until the next call with w.
func (s *sketches) sketch(w *sketcher, text []byte, order uint64) sketched {
	w.note = binary.LittleEndian.AppendUint64(w.note[:0], order)
	var ok bool
	if w.note, ok = w.appendSketch(w.note, text); !ok {
		w.text = s.words.Append(w.text[:0], text)
		w.note = appendHash(w.note, xxh3.Hash128Seed(w.text, 1))
	}
	return w.note
}

func appendHash(b []byte, h xxh3.Uint128) []byte {
	b = binary.LittleEndian.AppendUint64(b, h.Hi)
	return binary.LittleEndian.AppendUint64(b, h.Lo)
}

// bytesOf returns the memory of v. All machines that this is built for are
// little endian.
func bytesOf[T uint16 | uint32 | uint64](v []T) []byte {
	var t T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), int(unsafe.Sizeof(t))*len(v))
}

// Rounds of the first part.
func (s *sketches) Rounds() []stages.Round {
	return append([]stages.Round{{
		Name: s.Name() + ": same shingles", Makes: s.table(tableSame), Run: s.collapse,
	}}, s.pairs(1)...)
}

// pairs are the rounds that find the pairs of a wave.
func (f *fuzzy) pairs(wave int) []stages.Round {
	find := stages.Round{
		Name: f.Name() + ": bands", Makes: f.ofWave(tableCandidates, wave),
		Run: func(ctx context.Context, m stages.Meeting) (stages.Notes, error) { return f.meetInBands(ctx, m, wave) },
	}
	given := []string{f.ofWave(tableCandidates, wave)}
	if wave > 1 {
		find.Given = []string{f.ofWave(tableCandidates, wave-1)}
		if wave > 2 { // the second compares with more than the first
			find.Given = []string{f.ofWave(tableEdges, wave-1)} // without them nobody's lot has changed
		}
		given = append(given, f.ofWave(tableOpen, wave-1)) // some may wait
	}
	return []stages.Round{find, {
		Name: f.Name() + ": sketches", Makes: f.ofWave(tableOpen, wave), Given: given,
		Run: func(ctx context.Context, m stages.Meeting) (stages.Notes, error) { return f.compare(ctx, m, wave) },
	}, {
		Name: f.Name() + ": sets to read", Makes: f.ofWave(tableNeeds, wave), Given: []string{f.ofWave(tableOpen, wave)},
		Run: func(ctx context.Context, m stages.Meeting) (stages.Notes, error) { return f.need(ctx, m, wave) },
	}}
}

// collapse tells each sample that has the shingles of another which one stands for
// all of them: the first in keep order.
func (s *sketches) collapse(ctx context.Context, m stages.Meeting) (stages.Notes, error) {
	return m.ByKey(ctx, stages.ByKey{
		Ask: func(ask func(stages.Question) error) error {
			return m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
				n := s.sketched(notes[0][0])
				hi, _ := n.hash()
				return ask(stages.Question{Key: hi, Order: n.order(), Sample: id, Payload: n[16:sketchAt]})
			}, s.table(tableSketches))
		},
		Judge:  firsts,
		Shared: true,
	})
}

// A link is a note that names another sample, and what is known of the two: its ID,
// its order, and the order of the sample that the note is about, 8 bytes each,
// then the rest.
type link []byte

const linkSize = 24

func appendLink(b []byte, to stages.ID, toOrder, ownOrder uint64) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(to))
	b = binary.LittleEndian.AppendUint64(b, toOrder)
	return binary.LittleEndian.AppendUint64(b, ownOrder)
}

func (l link) to() stages.ID    { return stages.ID(binary.LittleEndian.Uint64(l)) }
func (l link) toOrder() uint64  { return binary.LittleEndian.Uint64(l[8:]) }
func (l link) ownOrder() uint64 { return binary.LittleEndian.Uint64(l[16:]) }
