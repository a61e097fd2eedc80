package privacy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// corpus returns the texts of the shared corpus.
func corpus(t testing.TB) [][]byte {
	if testing.Short() {
		t.Skip("reads the corpus")
	}
	p, err := os.ReadFile(filepath.Join("../../../shared/corpus", "docs.jsonl.zst"))
	if err != nil {
		t.Skip("the shared corpus is not beside this clone")
	}
	z, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	lines, err := z.DecodeAll(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	var texts [][]byte
	for line := range bytes.Lines(lines) {
		var doc struct{ Text string }
		if err := json.Unmarshal(line, &doc); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, []byte(doc.Text))
	}
	return texts
}

// TestCorpus counts what is found in real texts. With SLUICE_SWEEP=FILE it writes the findings there, for the eye.
func TestCorpus(t *testing.T) {
	texts := corpus(t)
	out := os.Stdout
	if path := os.Getenv("SLUICE_SWEEP"); path != "" {
		var err error
		if out, err = os.Create(path); err != nil {
			t.Fatal(err)
		}
		defer out.Close()
	} else {
		out = nil
	}
	for e := range entityCount {
		var f finder
		f.want[e] = true
		hits, docs := 0, 0
		for i, text := range texts {
			found := f.find(text)
			hits += len(found)
			docs += min(1, len(found))
			for _, x := range found {
				if out != nil {
					fmt.Fprintf(out, "%s\t%d\t%q\t%q\t%q\n", entityNames[e], i, text[max(0, x.start-40):x.start], text[x.start:x.end], text[x.end:min(len(text), x.end+20)])
				}
			}
		}
		t.Logf("%-8s %6d findings in %5d of %d texts", entityNames[e], hits, docs, len(texts))
	}
}

func BenchmarkRedact(b *testing.B) {
	texts := corpus(b)
	r, err := newRedactor(DefaultRedact())
	if err != nil {
		b.Fatal(err)
	}
	size := 0
	for _, text := range texts {
		size += len(text)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	var buffer []byte
	for b.Loop() {
		for _, text := range texts {
			buffer = r.Rewrite(buffer[:0], text)
		}
	}
	b.ReportMetric(float64(b.N*len(texts))/b.Elapsed().Seconds(), "docs/s")
}
