package fasttext

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A model that is cut off anywhere is refused, and named.
func TestTruncated(t *testing.T) {
	for _, path := range models(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(data); n += 1 + n/10 {
			if _, _, err := parse(data[:n], math.MaxInt64); err == nil {
				t.Errorf("%s: %d of %d bytes are taken for a model", path, n, len(data))
			}
		}
		if _, _, err := parse(data[:len(data)-1], math.MaxInt64); err == nil || !strings.Contains(err.Error(), "the file ends in the output matrix") {
			t.Errorf("%s without its last byte: %v", path, err)
		}
	}
}

func TestRefused(t *testing.T) {
	softmax, err := os.ReadFile("testdata/softmax.bin")
	if err != nil {
		t.Fatal(err)
	}
	put := func(at int, v uint32) func([]byte) []byte {
		return func(p []byte) []byte { binary.LittleEndian.PutUint32(p[at:], v); return p }
	}
	matrix := len(softmax) - 6*8*4 - 17 - 4*8*(300+words(t, softmax)) - 17 // where the input matrix begins
	for _, c := range []struct {
		name   string
		change func([]byte) []byte
		want   string
	}{
		{"empty", func([]byte) []byte { return nil }, "the file is empty"},
		{"text", func([]byte) []byte { return []byte("not a model at all") }, "this is no fastText model\nname a .bin or .ftz file"},
		{"version", put(4, 13), "the model has version 13; versions up to 12 are known"},
		{"no dimension", put(8, 0), "vectors of 0 numbers"},
		{"other dimension", put(8, 9), "rows of 8 numbers, in the input matrix, where 9 are wanted"},
		{"vectors", put(36, 2), "the model holds word vectors and does not classify"},
		{"loss", put(32, 9), "loss 9"},
		{"no buckets", put(40, 0), "0 buckets for n-grams"},
		{"more buckets", put(40, 1000), "an input matrix of"},
		{"entries", put(64, 1<<30), "a dictionary of 1073741824 entries in a file of"},
		{"negative entries", put(64, 1<<31), "a dictionary of -2147483648 entries"},
		{"labels", put(72, 2), "and 2 labels in a dictionary"},
		{"pruned", put(84, 0), "-4294967296 pruned n-grams"}, // the low half of -1
		{"rows", put(matrix+5, 1), "a matrix of"},
		{"NaN", put(matrix+17, 0x7fc00000), "numbers in the input matrix that are none (NaN) or infinite"},
		{"infinite", put(len(softmax)-4, 0xff800000), "numbers in the output matrix that are none (NaN) or infinite"},
	} {
		path := filepath.Join(t.TempDir(), "model.bin")
		if err := os.WriteFile(path, c.change(append([]byte(nil), softmax...)), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path)
		if err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	for _, path := range []string{t.TempDir(), "testdata/none.bin"} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// words returns the number of words of a model.
func words(t *testing.T, data []byte) int {
	t.Helper()
	m, _, err := parse(data, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	return m.dict.words()
}

// Whatever is in a file: it is refused, or classifies without a panic, and takes no
// memory that it does not account for.
func FuzzOpen(f *testing.F) {
	for _, path := range models(f) {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	lines := testLines()
	f.Fuzz(func(t *testing.T, data []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, _, err := parse(data, math.MaxInt64)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > mostExpanded+64*uint64(len(data))+1<<20 {
			t.Fatalf("%d bytes of memory for %d of a file", took, len(data))
		}
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" || m != nil && strings.Contains(err.Error(), "%!") {
				t.Errorf("message %q", err)
			}
			return
		}
		defer m.Close()
		for _, line := range lines[:15] {
			for _, p := range m.Predict(nil, []byte(line), 3) {
				if p.Label < 0 || p.Label >= len(m.Labels()) || !(p.Probability >= 0) {
					t.Errorf("%.20q: %v", line, p)
				}
			}
		}
	})
}
