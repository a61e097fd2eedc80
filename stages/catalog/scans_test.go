package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"sluice/stages"
	"sluice/stages/scan"
)

// chainOf returns the chain of filters that tables of stages make; nil if not all are filters.
func chainOf(t testing.TB, tables string) *stages.Chain {
	t.Helper()
	dir := examples(t)
	made, err := parse(t, dir, tables).Build()
	if err != nil {
		t.Fatal(err)
	}
	if err := stages.Prepare(context.Background(), made); err != nil {
		t.Fatal(err)
	}
	if c := stages.NewChain(made...); c != nil && c.Len() == len(made) {
		return c
	}
	return nil
}

// batchOf returns a batch of texts.
func batchOf(texts [][]byte) *stages.Batch {
	b := stages.NewBatch(&stages.Shard{}, &stages.Block{}, 0, len(texts))
	b.Columns = []stages.Column{{Name: "text", Text: texts}}
	return b
}

// TestOneScan: the filters of a whole recipe look for characters, words, lines, paragraphs and links of a text
// once between them.
func TestOneScan(t *testing.T) {
	text := "The river rose in the spring of that year, and people who lived along its banks left.\n\nThey have gone to the hill.\n"
	for _, recipe := range []string{"curator-english", "curator-non-english", "gopher"} {
		c := chainOf(t, "[[stage]]\nrecipe = '"+recipe+"'\naction = 'mark'\n")
		texts := make([][]byte, 100)
		for i := range texts {
			texts[i] = []byte(strings.Repeat(text, 1+i%3) + fmt.Sprint(i))
		}
		if err := c.Map(context.Background(), batchOf(texts), nil); err != nil {
			t.Fatal(err)
		}
		want := scan.Scans{Texts: 100, Characters: 100, Words: 100, Lines: 100, Paragraphs: 100, Links: 100, Folded: 100}
		have := c.Scans()
		if recipe == "gopher" {
			want.Links, want.Folded, have.Folded = 0, 0, 0
		}
		if have != want {
			t.Errorf("%s: %+v, want %+v", recipe, have, want)
		}
	}
}

// corpusTexts returns n texts of the shared corpus, spread over all of it.
func corpusTexts(b *testing.B, n int) (texts [][]byte, size int64) {
	file, err := os.Open(filepath.Join("..", "..", "..", "shared", "corpus", "docs.jsonl.zst"))
	if err != nil {
		b.Skipf("the corpus to measure on is not here: %v", err)
	}
	defer file.Close()
	z, err := zstd.NewReader(file)
	if err != nil {
		b.Fatal(err)
	}
	defer z.Close()
	d := json.NewDecoder(z)
	for i := 0; d.More(); i++ {
		var row struct{ Text string }
		if err := d.Decode(&row); err != nil {
			b.Fatal(err)
		}
		if i%(10_588/n) == 0 && len(texts) < n {
			texts = append(texts, []byte(row.Text))
			size += int64(len(row.Text))
		}
	}
	return texts, size
}

// BenchmarkRecipe measures wall time; sluice bench filters CPU time, which does not depend on what else the machine does. It takes whole recipes, as they drop texts and with action = "mark", where each filter sees each text.
func BenchmarkRecipe(b *testing.B) {
	texts, size := corpusTexts(b, 1000)
	for _, recipe := range []string{"curator-english", "curator-non-english", "gopher"} {
		for _, action := range []string{"drop", "mark"} {
			b.Run(recipe+"/"+action, func(b *testing.B) {
				benchmarkChain(b, "[[stage]]\nrecipe = '"+recipe+"'\naction = '"+action+"'\n", texts, size)
			})
		}
	}
}

// BenchmarkFilter measures each filter alone, which reads nothing but a column of text.
func BenchmarkFilter(b *testing.B) {
	texts, size := corpusTexts(b, 1000)
	all := All()
	for _, name := range all.Names() {
		family, _, _ := strings.Cut(name, ".")
		if family != "text" && family != "code" {
			continue
		}
		b.Run(name, func(b *testing.B) {
			benchmarkChain(b, all[name].Least(name), texts, size)
		})
	}
}

func benchmarkChain(b *testing.B, tables string, texts [][]byte, size int64) {
	c := chainOf(b, tables)
	if c == nil {
		b.Skip("no filter")
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Map(context.Background(), batchOf(texts), nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(texts))*float64(b.N)/b.Elapsed().Seconds(), "documents/s")
}
