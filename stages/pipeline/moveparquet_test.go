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

// A split without a size mixes no input shards, so that these may be of several formats, and of columns that do
// not fit each other, and also where only one of them has rows left.
func TestSplitOfSeveralFormats(t *testing.T) {
	f := newFolder(t)
	type row struct {
		Text string `parquet:"text"`
		Lang string `parquet:"lang"`
	}
	type numbered struct {
		Text string `parquet:"text"`
		Lang int64  `parquet:"lang"`
	}
	f.write("in/a.jsonl", `{"text": "a 0", "lang": "de"}`+"\n"+`{"text": "a 1", "lang": "en"}`+"\n")
	for name, rows := range map[string]any{
		"in/b.parquet": []row{{"b 0", "en"}, {"b 1", "de"}, {"b 2", "en"}},
		"in/c.parquet": []numbered{{"c 0 of some words more", 7}},
	} {
		var b bytes.Buffer
		var err error
		switch rows := rows.(type) {
		case []row:
			err = parquet.Write(&b, rows)
		case []numbered:
			err = parquet.Write(&b, rows)
		}
		if err != nil {
			t.Fatal(err)
		}
		f.write(name, b.String())
	}
	job := onlyWords + "[[stage]]\nuse = \"corpus.split\"\nby = \"lang\"\n"
	for _, n := range []int{1, 3} {
		out := fmt.Sprint("out", n)
		if _, err := f.run(job, out, n, pipeline.Options{}); err != nil {
			t.Fatal(err)
		}
		got := f.tree(out, "data")
		if len(got) != 5 || got["data/de/a.jsonl"] != `{"text": "a 0", "lang": "de"}`+"\n" || got["data/en/a.jsonl"] != `{"text": "a 1", "lang": "en"}`+"\n" {
			t.Errorf("%d files, with lines %v", len(got), got)
		}
		for name, want := range map[string][]row{"de": {{"b 1", "de"}}, "en": {{"b 0", "en"}, {"b 2", "en"}}} {
			if rows := readParquet[row](t, got["data/"+name+"/b.parquet"]); !slices.Equal(rows, want) {
				t.Errorf("%s: %v, want %v", name, rows, want)
			}
		}
		if rows := readParquet[numbered](t, got["data/7/c.parquet"]); !slices.Equal(rows, []numbered{{"c 0 of some words more", 7}}) {
			t.Errorf("folder 7: %v", rows)
		}
		out = fmt.Sprint("few", n)
		if _, err := f.run(job, out, n, pipeline.Options{}, "stage.few.min_words=4"); err != nil {
			t.Fatal(err)
		}
		if got := f.tree(out, "data"); len(got) != 1 || len(readParquet[numbered](t, got["data/7/c.parquet"])) != 1 {
			t.Errorf("of one shard there are %d", len(got))
		}
	}
	_, err := f.run(job, "sized", 2, pipeline.Options{}, `write.shard_size="1MB"`)
	if _, ok := errors.AsType[*pipeline.JobError](err); !ok || !strings.Contains(err.Error(), `rows of a.jsonl would stand in one shard with rows of b.parquet`) && !strings.Contains(err.Error(), `rows of b.parquet would stand in one shard with rows of a.jsonl`) {
		t.Errorf("with a size: %v", err)
	}
}

const onlyWords = `
input = ["in"]
output = "out"
[[stage]]
use = "text.word_count"
name = "few"
min_words = 1
`
