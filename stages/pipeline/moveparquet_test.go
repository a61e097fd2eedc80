package pipeline_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"sluice/stages/pipeline"
)

type parquetRow struct {
	Text string   `parquet:"text"`
	N    int64    `parquet:"n"`
	Tags []string `parquet:"tags,list"`
}

// parquetFolder writes n files of rows, each of one block, and returns the rows with their IDs.
func (f folder) parquetFolder(n int) (all []parquetRow, ids []uint64) {
	for s := range n {
		var rows []parquetRow
		for i := range 20 * s {
			r := parquetRow{Text: fmt.Sprintf("text %d of %d", i, s), N: int64(i), Tags: []string{}}
			if i%3 == 0 {
				r.Tags = append(r.Tags, "x", "y")
			}
			rows = append(rows, r)
			ids = append(ids, uint64(s)<<40|uint64(i))
		}
		var b bytes.Buffer
		if err := parquet.Write(&b, rows); err != nil {
			f.tb.Fatal(err)
		}
		f.write(fmt.Sprintf("in/%d.parquet", s), b.String())
		all = append(all, rows...)
	}
	return all, ids
}

func readParquet[T any](t *testing.T, p string) []T {
	t.Helper()
	rows, err := parquet.Read[T](strings.NewReader(p), int64(len(p)))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestShuffleParquet(t *testing.T) {
	f := newFolder(t)
	rows, ids := f.parquetFolder(5)
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if place(0, ids[a], 0) < place(0, ids[b], 0) {
			return -1
		}
		return 1
	})
	for _, n := range []int{1, 2, 4} {
		out := fmt.Sprint("out", n)
		if _, err := f.run(onlyShuffle, out, n, pipeline.Options{}); err != nil {
			t.Fatal(err)
		}
		got := f.tree(out, "data")
		same(t, f.tree("out1", "data"), got)
		k := 0
		for s := range 5 {
			for _, r := range readParquet[parquetRow](t, got[fmt.Sprintf("data/shuffled-%05d.parquet", s)]) {
				if want := rows[order[k]]; fmt.Sprint(r) != fmt.Sprint(want) || part(place(0, ids[order[k]], 0), 5) != s {
					t.Fatalf("row %d is %v in shard %d, want %v", k, r, s, want)
				}
				k++
			}
		}
		if k != len(rows) {
			t.Errorf("%d rows came out of %d", k, len(rows))
		}
	}
	if _, err := f.run(onlyShuffle, "lines", 2, pipeline.Options{}, `write.format="jsonl"`, `write.compress="gzip"`); err != nil {
		t.Fatal(err)
	}
	if _, ok := f.tree("lines", "data")["data/shuffled-00004.jsonl.gz"]; !ok {
		t.Errorf("no lines among %v", sortedFiles(t, filepath.Join(f.dir, "lines", "data")))
	}
}

// Rows that cannot stand in one shard are a mistake of the job, found before anything is
// written.
func TestShuffleOfWhatDoesNotFit(t *testing.T) {
	f := newFolder(t)
	f.parquetFolder(3)
	var b bytes.Buffer
	if err := parquet.Write(&b, []struct {
		Text string `parquet:"text"`
		N    string `parquet:"n"`
	}{{"x", "y"}}); err != nil {
		t.Fatal(err)
	}
	f.write("in/x.parquet", b.String())
	for _, n := range []int{1, 3} {
		_, err := f.run(onlyShuffle, fmt.Sprint("types", n), n, pipeline.Options{})
		if _, ok := errors.AsType[*pipeline.JobError](err); !ok || !strings.Contains(err.Error(), `column "n" is n (int64) in one and n (string) in the other`) || !strings.Contains(err.Error(), "write.format") {
			t.Errorf("two types of a column: %v", err)
		}
	}
	f.write("in/y.jsonl", `{"text": "z"}`)
	_, err := f.run(onlyShuffle, "formats", 2, pipeline.Options{})
	if _, ok := errors.AsType[*pipeline.JobError](err); !ok || !strings.Contains(err.Error(), `set write.format = "jsonl"`) {
		t.Errorf("two formats: %v", err)
	}
	if _, err := f.run(onlyShuffle, "formats", 2, pipeline.Options{}, `write.format="jsonl"`); err != nil {
		t.Error(err)
	}
}
