package fasttext

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// open opens a model of testdata.
func open(t testing.TB, name string) *Model {
	t.Helper()
	m, err := Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func models(t testing.TB) []string {
	t.Helper()
	list, err := filepath.Glob("testdata/*.[bf][it][nz]")
	if err != nil || len(list) < 9 {
		t.Fatalf("models: %v %v", list, err)
	}
	return list
}

// What a text is cut into: the end of the line comes with the word </s> too.
func TestWords(t *testing.T) {
	m := open(t, "softmax.bin")
	for _, c := range []struct{ text, same string }{
		{"abd ged", " abd\n\nged\r\n"},
		{"abd ged", "abd\x00ged\v"},
		{"abd", "abd </s> ged"},
		{"", "</s> abd"},
		{"abd ged", "abd __label__nobody ged"},
		{"abd ged", "abd __label__l1 ged"},
	} {
		got, want := m.Predict(nil, []byte(c.same), 9), m.Predict(nil, []byte(c.text), 9)
		if !slices.Equal(got, want) || len(want) != len(m.Labels()) {
			t.Errorf("%q: %v, and %q: %v", c.same, got, c.text, want)
		}
	}
	if a, b := m.Predict(nil, []byte("abd\u00a0ged"), 1), m.Predict(nil, []byte("abd ged"), 1); slices.Equal(a, b) {
		t.Error("a no-break space parts words")
	}
	if got := m.Predict(nil, []byte("abd"), 0); got != nil {
		t.Errorf("asked for no label: %v", got)
	}
	seven := []Prediction{{Label: 7}}
	if got := m.Predict(seven, []byte("abd"), 1); len(got) != 2 || got[0].Label != 7 {
		t.Errorf("not appended: %v", got)
	}
}

// A cache that is full, crowded or fresh gives the same rows.
func TestCache(t *testing.T) {
	m := open(t, "pruned.ftz")
	var list []string
	rng := rand.New(rand.NewPCG(4, 0))
	known := vocabulary(0)
	for i := range 14 {
		var b strings.Builder
		for range 2000 {
			fmt.Fprintf(&b, "%s%d ", known[rng.IntN(len(known))], rng.IntN(1<<20))
		}
		list = append(list, b.String()+strings.Repeat("x", i%7/6*(1<<15)))
	}
	s := newState(m)
	for i, text := range list {
		s.embed(m, []byte(text))
		fresh := newState(m)
		fresh.embed(m, []byte(text))
		if !slices.Equal(s.sum, fresh.sum) || s.count != fresh.count {
			t.Fatalf("text %d: %v of %d, fresh: %v of %d", i, s.sum, s.count, fresh.sum, fresh.count)
		}
	}
	if len(s.cache.text) > 2*cacheText || len(s.cache.rows) > 2*cacheRows || cap(s.cache.spelt) > cacheText {
		t.Errorf("the cache holds %d bytes, %d rows", len(s.cache.text), len(s.cache.rows))
	}
	if s.cache.used > len(list)*2000-cacheSlots/4*3 {
		t.Errorf("the cache holds %d words and has not begun anew", s.cache.used)
	}
	// Words of one hash crowd out each other.
	c := &s.cache
	c.reset()
	var words []string
	for i := 0; len(words) < 3*probes; i++ {
		if w := fmt.Sprint("w", i); mix([]byte(w))%cacheSlots < 2 {
			words = append(words, w)
		}
	}
	for range 2 {
		for _, w := range words {
			f := c.find([]byte(w))
			if f == nil {
				f = c.add(m, []byte(w))
			}
			_, hash, counts := m.look([]byte(w))
			rows := m.grams.ofWord(nil, []byte("<"+w+">"), 0, len(w)+2)
			if got := c.rowsOf(f); !slices.Equal(got, rows) || f.hash != hash || (f.size != label) != counts {
				t.Fatalf("%s: rows %v, want %v", w, got, rows)
			}
		}
	}
}

// Codes add up to the same bits as the dense matrix that is made of them.
func TestCodes(t *testing.T) {
	for _, name := range []string{"quantised.ftz", "plainly.ftz", "pruned.ftz", "output.ftz"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		m, _, err := parse(data, math.MaxInt64)
		if err != nil {
			t.Fatal(err)
		}
		if m.input.dense == nil {
			t.Fatal("the matrix was not made dense")
		}
		dense, codes := m.input, codesOf(t, data, m.dim)
		rng := rand.New(rand.NewPCG(5, 0))
		rows := make([]uint32, 5000)
		for i := range rows {
			rows[i] = uint32(rng.IntN(dense.rows))
		}
		a, b := make([]float32, 16), make([]float32, 16)
		dense.sum(a, rows)
		codes.sum(b, rows)
		if !slices.Equal(a, b) {
			t.Errorf("%s: %v by codes, %v dense", name, b, a)
		}
		for i := range dense.rows {
			if got, want := codes.dot(a, i), dense.dot(a, i); math.Abs(float64(got-want)) > 1e-4*math.Abs(float64(want))+1e-4 {
				t.Errorf("%s: product of row %d is %v by codes, %v dense", name, i, got, want)
			}
		}
	}
}

// A matrix that stays in the file, at any address, gives the same.
func TestMapped(t *testing.T) {
	for _, path := range models(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		copied, keep, err := parse(data, math.MaxInt64)
		if keep || err != nil {
			t.Fatal(keep, err)
		}
		for shift := range 2 {
			mapped, keep, err := parse(append(make([]byte, shift, shift+len(data)), data...)[shift:], 0)
			if err != nil {
				t.Fatal(err)
			}
			if dense := strings.HasSuffix(path, ".bin"); keep != dense {
				t.Fatalf("%s is kept: %v", path, keep)
			}
			for _, line := range testLines()[110:] {
				if got, want := mapped.Predict(nil, []byte(line), 3), copied.Predict(nil, []byte(line), 3); !slices.Equal(got, want) {
					t.Fatalf("%s: %v where it lies, %v copied", path, got, want)
				}
			}
		}
	}
}

// Short words have keys of their own, whatever follows them.
func TestKeys(t *testing.T) {
	text := []byte("abcdefghijklmnopqrstuvwxyz0123456789 abcabcabc\x00\x00\x00\x00")
	keys := map[[2]uint64]string{}
	for i := range text {
		for n := 1; n < 20 && i+n <= len(text); n++ {
			w := text[i : i+n]
			key := mix(w)
			if other := mix(slices.Clone(w)[:n:n]); other != key {
				t.Errorf("%q has the keys %x and %x", w, key, other)
			}
			if n >= shortWord {
				continue
			}
			if w, ok := keys[[2]uint64{key, uint64(n)}]; ok && w != string(text[i:i+n]) {
				t.Errorf("%q and %q have the same key", w, text[i:i+n])
			}
			keys[[2]uint64{key, uint64(n)}] = string(w)
		}
	}
}

// codesOf reads the input matrix of a model as it is.
func codesOf(t *testing.T, data []byte, dim int) matrix {
	t.Helper()
	c := &cursor{data: data, at: 64}
	m := Model{dim: dim}
	pairs := m.dict.parse(c)
	m.grams.parsePruned(c, pairs)
	if !c.bool() {
		t.Fatal("the model is not quantised")
	}
	codes := parseMatrix(c, true, dim, math.MaxInt64)
	if c.err != nil || codes.dense != nil {
		t.Fatal(c.err)
	}
	return codes
}

// Vector instructions do what the plain functions do, to the bit.
func FuzzSums(f *testing.F) {
	f.Add(uint16(16), uint16(3), uint64(1))
	f.Add(uint16(125), uint16(100), uint64(2))
	f.Add(uint16(7), uint16(0), uint64(3))
	f.Fuzz(func(t *testing.T, cols, n uint16, seed uint64) {
		cols, n = cols%300+1, n%500
		rng := rand.New(rand.NewPCG(seed, 0))
		const height = 40
		table := make([]float32, height*int(cols))
		for i := range table {
			table[i] = float32(rng.NormFloat64())
		}
		rows := make([]uint32, n)
		for i := range rows {
			rows[i] = uint32(rng.IntN(height))
		}
		a, b := make([]float32, (cols+7)/8*8), make([]float32, (cols+7)/8*8)
		sumDense(a, table, int(cols), rows)
		sumRows(b, table, int(cols), rows)
		if !slices.Equal(a, b) {
			t.Errorf("sum of %d rows of %d: %v, plain %v", n, cols, b, a)
		}
		block := make([]float32, blockLabels*int(cols))
		for i := range block {
			block[i] = float32(rng.NormFloat64())
		}
		var x, y [blockLabels]float32
		dotsDense(&x, block, a[:cols])
		dots(&y, block, a[:cols])
		if x != y {
			t.Errorf("products of %d: %v, plain %v", cols, y, x)
		}
	})
}

// Goroutines share a model.
func TestGoroutines(t *testing.T) {
	for _, path := range []string{"testdata/softmax.bin", "testdata/pruned.ftz", "testdata/onevsall.bin"} {
		m, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := testLines()[:80]
		want := make([][]Prediction, len(lines))
		for i, line := range lines {
			want[i] = m.Predict(nil, []byte(line), 3)
		}
		var group sync.WaitGroup
		for g := range 4 {
			group.Go(func() {
				for i := range lines {
					i = (i*(g+1) + g) % len(lines)
					if got := m.Predict(nil, []byte(lines[i]), 3); !slices.Equal(got, want[i]) {
						t.Errorf("%s, line %d: %v, alone %v", path, i, got, want[i])
					}
				}
			})
		}
		group.Wait()
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	for _, path := range models(t) {
		m, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		text := []byte(strings.Join(testLines()[21:60], " "))
		dst := make([]Prediction, 0, 10)
		s := newState(m)
		m.states.Put(s)
		// The race detector lets pools forget.
		if n := testing.AllocsPerRun(10, func() {
			s.embed(m, text)
			s.best.reset(3)
			m.loss.predict(s)
			dst = dst[:0]
		}); n > 0 {
			t.Errorf("%s: %v allocations for a text", path, n)
		}
	}
}
