package round

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"sluice/stages"
	"sluice/stages/manifest"
)

// Any bytes are notes, or an error with a remedy, and never need more memory than they have.
func FuzzNotes(f *testing.F) {
	var p []byte
	for _, n := range plenty(1)[:20] {
		p = AppendNote(p, n)
	}
	f.Add(p)
	f.Add(AppendNote(AppendNote(nil, stages.Note{Payload: make([]byte, 9000)}), stages.Note{Sample: 3}))
	f.Add(append(make([]byte, 8), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1)) // a long payload
	f.Add(make([]byte, 11))
	f.Fuzz(func(t *testing.T, p []byte) {
		dir := t.TempDir()
		w, err := manifest.NewSegmentWriter(filepath.Join(dir, "a.seg"))
		if err != nil {
			t.Fatal(err)
		}
		ref, err := w.Append(p)
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		r, err := (&Table{Blocks: map[int]manifest.Ref{0: ref}}).Open(dir, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var back []byte
		for {
			id, err := r.Sample()
			if err != nil {
				if !errors.Is(err, errBroken) {
					t.Fatal(err)
				}
				break
			}
			if id == none {
				break
			}
			list, err := r.Until(id + 1)
			if err == nil && len(list) == 0 {
				t.Fatalf("no note about %v, which is the next", id)
			}
			for _, n := range list {
				back = AppendNote(back, n)
			}
		}
		// The sample that stands for the end may come first, and lengths may be written longer.
		if len(back) > len(p) {
			t.Fatalf("%d bytes of notes come of %d", len(back), len(p))
		}
	})
}

// Any bytes are an index, or an error.
func FuzzIndex(f *testing.F) {
	ref := manifest.Ref{File: "a.seg", Offset: 40, Length: 7, CRC: 5}
	f.Add([]byte{})
	f.Add(ref.AppendTo([]byte{3, 9}))
	f.Add(ref.AppendTo(ref.AppendTo([]byte{3, 9})))
	f.Add([]byte{0x80})
	f.Add(bytes.Repeat([]byte{0xff}, 30))
	f.Fuzz(func(t *testing.T, p []byte) {
		table, err := DecodeIndex(p)
		if err != nil {
			return
		}
		if table.Count < 0 {
			t.Errorf("%d notes", table.Count)
		}
		for b, ref := range table.Blocks {
			if b < 0 || b >= stages.MaxBlocks || filepath.Base(ref.File) != ref.File || ref.Offset < 0 || ref.Length < 0 {
				t.Errorf("block %d lies at %+v", b, ref)
			}
		}
	})
}

// What a writer writes, block by block, comes back; the index says where it is.
func FuzzTable(f *testing.F) {
	f.Add([]byte("notes of some samples"), uint8(3))
	f.Add([]byte{}, uint8(0))
	f.Fuzz(func(t *testing.T, p []byte, every uint8) {
		var notes []stages.Note
		for i := 0; i < len(p); i += 1 + int(every) {
			notes = append(notes, stages.Note{Sample: stages.MakeID(int(p[i])%5<<20, int64(p[i])), Payload: p[i/2 : i]})
		}
		slices.SortFunc(notes, compareNotes)
		w := tableWriter{path: filepath.Join(t.TempDir(), "a.seg"), block: -1}
		defer w.close()
		for _, n := range notes {
			if err := w.add(n); err != nil {
				t.Fatal(err)
			}
		}
		index, err := w.end()
		if err != nil {
			t.Fatal(err)
		}
		table, err := DecodeIndex(index)
		if err != nil || table.Count != int64(len(notes)) {
			t.Fatalf("the index holds %d of %d notes: %v", table.Count, len(notes), err)
		}
		for b := range 5 {
			r, err := table.Open(filepath.Dir(w.path), b<<20)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.Until(none)
			if err = errors.Join(err, r.Close()); err != nil {
				t.Fatal(err)
			}
			for _, n := range got {
				if len(notes) == 0 || compareNotes(n, notes[0]) != 0 {
					t.Fatalf("block %d has %v", b, n)
				}
				notes = notes[1:]
			}
		}
		if len(notes) > 0 {
			t.Errorf("%d notes are lost", len(notes))
		}
	})
}
