package dedup_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"

	"sluice/stages/pipeline"
)

type parquetDocument struct {
	ID   int64
	Text *string
	Tags []string
}

// From Parquet to Parquet: the text changes, and nothing else of a row.
func TestLinesParquet(t *testing.T) {
	s := newSite(t)
	var in []parquetDocument
	var want []string
	seen := map[string]bool{}
	for i := range 3000 {
		own, shared := fmt.Sprintf("Of %d alone", i), fmt.Sprint("Shared by many ", i*i%70)
		text := own + "\n" + shared + "\nThe end."
		in = append(in, parquetDocument{int64(i), &text, slices.Repeat([]string{"tag"}, i%3)})
		left := own
		for _, line := range []string{shared, "The end."} {
			if !seen[line] {
				left += "\n" + line
			}
			seen[line] = true
		}
		want = append(want, left)
	}
	if err := os.MkdirAll(filepath.Join(s.dir, "in"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := parquet.WriteFile(filepath.Join(s.dir, "in", "a.parquet"), in); err != nil {
		t.Fatal(err)
	}
	for _, ranks := range []int{1, 3} {
		name := fmt.Sprint("out", ranks)
		if _, err := s.run("input = [\"in\"]\noutput = \"out\"\n[read]\ntext = \"Text\"\n[[stage]]\nuse = \"dedup.lines\"\n", name, ranks, pipeline.Options{}); err != nil {
			t.Fatal(err)
		}
		out, err := parquet.ReadFile[parquetDocument](filepath.Join(s.dir, name, "data", "a.parquet"))
		if err != nil || len(out) != len(in) {
			t.Fatalf("%d rows: %v", len(out), err)
		}
		for i, row := range out {
			if row.ID != int64(i) || row.Text == nil || *row.Text != want[i] || len(row.Tags) != i%3 {
				t.Fatalf("row %d is %+v, with text %q", i, row, *row.Text)
			}
		}
	}
}
