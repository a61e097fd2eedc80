package dedup

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zeebo/xxh3"

	"sluice/stages/scan"
	"sluice/stages/sketch"
)

// A family says how texts are sketched, and how sketches compare.
type family struct {
	name     string // fast, curator or curator64
	size     int    // coordinates of a sketch
	lanes    int    // 16-bit parts of a coordinate
	curator  sketch.CuratorOptions
	shingles scan.Shingles
}

// curatorSeed is that of NeMo Curator.
const curatorSeed = 42

// newFamily checks the sketch of a job file, and fills in its bands.
func newFamily(o Fuzzy, seed uint64, shingles scan.Shingles) (*family, sketch.Bands, error) {
	f := &family{name: o.Sketch, size: int(o.Coordinates), lanes: 1, shingles: shingles}
	switch o.Sketch {
	case "fast":
		if _, err := sketch.NewFast(f.size); err != nil {
			return nil, sketch.Bands{}, err
		}
		b, err := bandsOf(o, sketch.BandsFor(o.Threshold, f.size), f.size)
		return f, b, err
	case "curator", "curator64":
		return f.ofCurator(o, seed)
	}
	return nil, sketch.Bands{}, oneOf("sketch", o.Sketch, "fast", "curator", "curator64")
}

// ofCurator makes f NeMo Curator's MinHash: bands x rows permutations of one
// hash of all windows of N code points.
func (f *family) ofCurator(o Fuzzy, seed uint64) (*family, sketch.Bands, error) {
	var none sketch.Bands
	kind, number, _ := strings.Cut(o.Shingle, ":")
	if kind != "char" {
		return nil, none, fmt.Errorf("shingle = %q: sketch = %q is made of characters\nwrite shingle = \"char:24\"", o.Shingle, o.Sketch)
	}
	if len(o.Normalize) > 0 {
		return nil, none, fmt.Errorf("normalize = %q: sketch = %q takes texts as they are\nremove the key", o.Normalize, o.Sketch)
	}
	b, err := bandsOf(o, sketch.Bands{Bands: 20, Rows: 13}, 1<<20)
	if err != nil {
		return nil, none, err
	}
	f.size, f.lanes = b.Bands*b.Rows, 2
	f.curator = sketch.CuratorOptions{Bits: 32, Hashes: f.size, Seed: curatorSeed}
	if o.Sketch == "curator64" {
		f.curator.Bits, f.lanes = 64, 4
	}
	if seed != 0 {
		f.curator.Seed = uint32(seed)
	}
	if _, err := fmt.Sscan(number, &f.curator.NGram); err != nil {
		return nil, none, err
	}
	_, err = sketch.NewCurator(f.curator)
	return f, b, err
}

// bandsOf returns the bands of a job file, or those that it leaves open.
func bandsOf(o Fuzzy, open sketch.Bands, coordinates int) (sketch.Bands, error) {
	switch {
	case o.Bands == 0 && o.Rows == 0:
		return open, nil
	case o.Bands < 1 || o.Rows < 1:
		return open, fmt.Errorf("bands = %d, rows = %d: give both, or none", o.Bands, o.Rows)
	case o.Bands*o.Rows > int64(coordinates):
		return open, fmt.Errorf("bands = %d, rows = %d need %d coordinates, and a sketch has %d\ngive fewer", o.Bands, o.Rows, o.Bands*o.Rows, coordinates)
	}
	return sketch.Bands{Bands: int(o.Bands), Rows: int(o.Rows)}, nil
}

// key returns the key of a band of a sketch.
func (f *family) key(b sketch.Bands, lanes []uint16, band int) uint64 {
	return sketch.Bands{Bands: b.Bands, Rows: b.Rows * f.lanes}.Key(lanes, band)
}

// agreeing counts the coordinates that two sketches have in common.
func (f *family) agreeing(a, b []uint16) (n int) {
	if f.lanes == 1 {
		return sketch.Agreeing(a, b)
	}
	for i := 0; i < len(a); i += f.lanes {
		if slices.Equal(a[i:i+f.lanes], b[i:i+f.lanes]) {
			n++
		}
	}
	return n
}

// A sketcher sketches texts. It belongs to one goroutine.
type sketcher struct {
	*family
	shingler *scan.Shingler
	fast     *sketch.Fast
	curator  *sketch.Curator
	shingles []uint64
	lanes    []uint16
	signs    []uint32
	signs64  []uint64
	note     []byte
	text     []byte
}

// worker returns a sketcher.
func (f *family) worker() *sketcher {
	w := &sketcher{family: f, shingler: f.shingles.New()}
	// The options were checked.
	switch f.name {
	case "fast":
		w.fast, _ = sketch.NewFast(f.size)
		w.lanes = make([]uint16, f.size)
	case "curator":
		w.curator, _ = sketch.NewCurator(f.curator)
		w.signs = make([]uint32, f.size)
	default:
		w.curator, _ = sketch.NewCurator(f.curator)
		w.signs64 = make([]uint64, f.size)
	}
	return w
}

// appendSketch appends the hash of all shingles of a text, and its sketch. ok is
// false for a text without a shingle.
func (w *sketcher) appendSketch(b, text []byte) (_ []byte, ok bool) {
	if w.fast == nil {
		return w.appendSigns(b, text), len(text) > 0
	}
	w.shingles = w.shingler.Append(w.shingles[:0], text)
	if len(w.shingles) == 0 {
		return b, false
	}
	// The shingles in their order: equal ones make equal sets. Sets that are
	// equal in another order are found by their bands.
	b = appendHash(b, xxh3.Hash128(bytesOf(w.shingles)))
	w.fast.Sketch(w.lanes, w.shingles)
	return append(b, bytesOf(w.lanes)...), true
}

// appendSigns is appendSketch for Curator's signatures.
func (w *sketcher) appendSigns(b, text []byte) []byte {
	if len(text) == 0 {
		return b
	}
	b = appendHash(b, xxh3.Hash128(text))
	if w.signs64 != nil {
		w.curator.Sketch64(w.signs64, text)
		return append(b, bytesOf(w.signs64)...)
	}
	w.curator.Sketch32(w.signs, text)
	return append(b, bytesOf(w.signs)...)
}
