package scan

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

const corpusFolder = "../../../shared/corpus"

// corpus returns the lines of the shared corpus and their texts.
func corpus(t testing.TB) (lines []byte, texts [][]byte) {
	if testing.Short() || underRace {
		t.Skip("reads the corpus")
	}
	p, err := os.ReadFile(filepath.Join(corpusFolder, "docs.jsonl.zst"))
	if err != nil {
		t.Skip("the shared corpus is not beside this clone")
	}
	z, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if lines, err = z.DecodeAll(p, nil); err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(lines) {
		var doc struct{ Text string }
		if err := json.Unmarshal(line, &doc); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, []byte(doc.Text))
	}
	return lines, texts
}

// python runs testdata/words.py and returns its lines.
func python(t *testing.T, mode string, stdin []byte) *bufio.Scanner {
	cmd := exec.Command("python3", "testdata/words.py", mode)
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("python3 does not run: %v", err)
	}
	s := bufio.NewScanner(bytes.NewReader(out))
	s.Buffer(nil, 1<<24)
	return s
}

func TestPythonWordsOfCorpus(t *testing.T) {
	lines, texts := corpus(t)
	python := python(t, "corpus", lines)
	s := shingles(t, "word:5", "python").New()
	for i, text := range texts {
		if !python.Scan() {
			t.Fatalf("python stopped at document %d", i)
		}
		if got, want := strings.Join(s.words(string(text)), " "), python.Text(); got != want {
			t.Errorf("document %d has words\n%.2000q\nwant\n%.2000q", i, got, want)
		}
	}
}

// Every code point that Python knows: its lower case, whether it is part of a
// word, and what a capital sigma makes of it.
func TestPythonCodePoints(t *testing.T) {
	if v := python(t, "version", nil); !v.Scan() || v.Text() > UnicodeVersion {
		t.Skipf("python3 has Unicode %s", v.Text())
	}
	s := shingles(t, "word:5", "python").New()
	for lines, n := python(t, "codepoints", nil), 0; lines.Scan(); n++ {
		if underRace && n%16 > 0 {
			continue
		}
		f := strings.Split(lines.Text(), "\t")
		if got := strings.Join(s.words(f[1]), " "); got != f[2] {
			t.Errorf("code point %s: %q has words %q, want %q", f[0], f[1], got, f[2])
		}
	}
}

// sets returns the sorted set of shingle hashes of each text.
func sets(s Shingles, texts [][]byte) (sets [][]uint64) {
	w := s.New()
	for _, text := range texts {
		set := w.Append(nil, text)
		slices.Sort(set)
		sets = append(sets, slices.Compact(set))
	}
	return sets
}

func jaccard(a, b []uint64) float64 {
	both, n := 0, len(a)+len(b)
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			both++
			a, b = a[1:], b[1:]
		}
	}
	return float64(both) / float64(n-both)
}

// truth calls f with each pair of the truth, J and C as they are printed.
func truth(t *testing.T, f func(a, b int, j, c string)) {
	p, err := os.ReadFile(filepath.Join(corpusFolder, "truth_pairs.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(p)) {
		x := strings.Split(strings.TrimSpace(line), "\t")
		a, _ := strconv.Atoi(x[0])
		b, err := strconv.Atoi(x[1])
		if err != nil {
			t.Fatal(err)
		}
		f(a, b, x[2], x[3])
	}
}

// The truth took the superscript two of "i²c" for no part of a word, Python's
// re takes it for one: J of two pairs of this document is off by 0.0002.
const squared = 2778

func TestTruthOfCorpus(t *testing.T) {
	_, texts := corpus(t)
	python, ours := sets(shingles(t, "word:5", "python"), texts), sets(shingles(t, "word:5", ""), texts)
	chars := shingles(t, "char:24", "", "lower")
	pairs, far, worst := 0, 0, 0.0
	truth(t, func(a, b int, j, c string) {
		pairs++
		want, _ := strconv.ParseFloat(j, 64)
		got := jaccard(python[a], python[b])
		if print := fmt.Sprintf("%.4f", got); print != j && (a != squared && b != squared || math.Abs(got-want) > 0.00025) {
			t.Errorf("pair %d %d: J = %s, want %s", a, b, print, j)
		}
		d := math.Abs(jaccard(ours[a], ours[b]) - got)
		worst = max(worst, d)
		if d > 0 {
			far++
		}
		if pairs%20 != 0 {
			return
		}
		pair := sets(chars, [][]byte{texts[a], texts[b]})
		if got := fmt.Sprintf("%.4f", jaccard(pair[0], pair[1])); got != c {
			t.Errorf("pair %d %d: C = %s, want %s", a, b, got, c)
		}
	})
	t.Logf("default words change J of %d of %d pairs, by %.4f at most", far, pairs, worst)
}
