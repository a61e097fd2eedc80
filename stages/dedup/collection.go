package dedup

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/zeebo/xxh3"

	"sluice/stages"
	"sluice/stages/scan"
)

// A record is what a collection holds of a text: what pass 1 notes of it without the
// order, the hash of all its shingles, 16 bytes, and its sketch; then its shingle
// set, unless sketches are all that is compared. A text without a shingle has but the
// hash of its normalised text.
type record []byte

const recordHash = 16

// errRecord reports a record that is whole and makes no sense.
var errRecord = errors.New("a record of a collection of sketches is of another kind\nsave the collection again")

// parts takes a record apart, with sketches of so many bytes.
func (r record) parts(sketch int) (sketched, set []byte, err error) {
	switch {
	case len(r) == recordHash:
		return r, nil, nil
	case len(r) < recordHash+sketch || (len(r)-recordHash-sketch)%hashBytes != 0:
		return nil, nil, errRecord
	}
	return r[:recordHash+sketch], r[recordHash+sketch:], nil
}

// bytes is the size of a sketch.
func (f *family) bytes() int { return 2 * f.lanes * f.size }

// parameters lists what two jobs must have in common for one to compare with what the
// other saved.
func (f *fuzzy) parameters(o Fuzzy) []stages.Parameter {
	list := []stages.Parameter{
		{Key: "sketch", Value: quoted(f.family.name)},
		{Key: "shingle", Value: quoted(o.Shingle)},
		{Key: "word", Value: quoted(o.Word)},
		{Key: "normalize", Value: fmt.Sprintf("%q", o.Normalize)},
		{Key: "coordinates", Value: strconv.Itoa(f.family.size)},
		{Key: "seed", Value: strconv.FormatUint(uint64(f.family.curator.Seed), 10)},
		{Key: "Unicode", Value: scan.UnicodeVersion},
		{Key: "verify", Value: quoted("exact")},
	}
	if f.estimates {
		// Sets that nobody asks for do no harm.
		list[len(list)-1] = stages.Parameter{Key: "verify", Value: quoted("sketch"), Also: quoted("exact")}
	}
	return list
}

func quoted(s string) string { return strconv.Quote(s) }

// Collection implements stages.Collector.
func (f *fuzzy) Collection() stages.Collection { return f.collection }

// Save saves the rows that stay.
func (f *fuzzy) Save(_ context.Context, b *stages.Batch) error {
	w := f.workers.Get().(*sketcher)
	defer f.workers.Put(w)
	texts := b.Column(f.common.Column).Text
	var stays *stages.Column
	if f.common.Action == "mark" {
		stays = b.Column(f.common.Name)
	}
	for i, kept := range b.Keep {
		if kept && texts[i] != nil && (stays == nil || stays.Values[i].Int == 1) {
			b.Saved = append(b.Saved, stages.Saved{Row: i, Stage: f.Name(), Record: f.record(w, texts[i])})
		}
	}
	return nil
}

// record makes the record of a text.
func (f *fuzzy) record(w *sketcher, text []byte) record {
	note, ok := w.appendSketch(w.note[:0], text)
	w.note = note
	if !ok {
		w.text = f.words.Append(w.text[:0], text)
		w.note = appendHash(w.note, xxh3.Hash128Seed(w.text, 1))
	} else if !f.estimates {
		if w.fast == nil { // Curator's signatures are made without shingles
			w.shingles = w.shingler.Append(w.shingles[:0], text)
		}
		w.note = appendSet(w.note, w.shingles)
	}
	return append(record(nil), w.note...)
}
