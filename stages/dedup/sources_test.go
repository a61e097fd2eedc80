package dedup_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"sluice/stages/format"
	"sluice/stages/pipeline"
)

type article struct {
	Article string `parquet:"article"`
	Text    string `parquet:"text"`
	N       int64  `parquet:"n"`
}

// Samples of two sources are compared with each other by the text column of each, and
// rows keep the names that their source gives.
func TestSourcesWithTextsOfTheirOwn(t *testing.T) {
	s := newSite(t)
	job := `
output = "out"
[write]
removed = "rows"
[[source]]
name = "blog"
input = "blog"
[[source]]
name = "wiki"
input = "wiki"
text = "article"
[[stage]]
use = "dedup.exact"
name = "same"
[[stage]]
use = "dedup.lines"
name = "lines"
[[stage]]
use = "text.word_count"
name = "short"
min_words = 4
`
	var in, left []article
	var blog, blogLeft, removed, short, lines string
	for i := range 500 {
		blog += fmt.Sprintf(`{"text": "Of number %d alone\nShared by many", "k":  %d}`+"\n", i, i)
		if i == 0 {
			blogLeft = blog
		} else {
			blogLeft += fmt.Sprintf(`{"text": "Of number %d alone", "k":  %d}`+"\n", i, i)
		}
		a := article{fmt.Sprintf("Shared by many\nIn wiki for %d", i), "none of it", int64(i)}
		switch {
		case i%5 == 0: // the same as in the blog
			a.Article = fmt.Sprintf("Of number %d alone\nShared by many", i)
			removed += fmt.Sprintf(`{"article":"Of number %d alone\nShared by many","text":"none of it","n":%d,"stage":"same","score":null,"keeper":"blog/a.jsonl:%d"}`+"\n", i, i, i)
		case i%5 == 1: // too short without the line
			a.Article = fmt.Sprintf("Shared by many\nWiki %d", i)
			short += fmt.Sprintf(`{"article":"Shared by many\nWiki %d","text":"none of it","n":%d,"stage":"short","score":2}`+"\n", i, i)
		case i%5 == 2: // nothing is left
			a.Article = strings.Repeat(" ", i) + "shared by many"
			lines += fmt.Sprintf(`{"article":%q,"text":"none of it","n":%d,"stage":"lines","score":null}`+"\n", a.Article, i)
		default:
			left = append(left, article{fmt.Sprintf("In wiki for %d", i), a.Text, a.N})
		}
		in = append(in, a)
	}
	s.write("blog/a.jsonl", blog)
	if err := os.MkdirAll(filepath.Join(s.dir, "wiki"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := parquet.WriteFile(filepath.Join(s.dir, "wiki", "b.parquet"), in, parquet.MaxRowsPerRowGroup(90)); err != nil {
		t.Fatal(err)
	}
	for _, ranks := range []int{1, 3} {
		name := fmt.Sprint("out", ranks)
		if _, err := s.run(job, name, ranks, pipeline.Options{}); err != nil {
			t.Fatal(err)
		}
		out, err := parquet.ReadFile[article](filepath.Join(s.dir, name, "data/wiki/b.parquet"))
		if err != nil || fmt.Sprint(out) != fmt.Sprint(left) {
			t.Errorf("%d ranks: %d rows of the wiki, want %d, %v", ranks, len(out), len(left), err)
		}
		same(t, name, map[string]string{"blog/a.jsonl": blogLeft, "wiki/b.parquet": s.files(name + "/data")["wiki/b.parquet"]}, s.files(name+"/data"))
		same(t, name, map[string]string{"same/wiki/b.jsonl": removed, "short/wiki/b.jsonl": short, "lines/wiki/b.jsonl": lines}, s.files(name+"/removed"))
		n := 0
		for d, err := range format.ReadTable(filepath.Join(s.dir, name, "duplicates/part-00000.parquet")) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; d.Shard != "wiki/b.parquet" || d.KeeperShard != "blog/a.jsonl" || d.Row != d.KeeperRow {
				t.Errorf("%+v", d)
			}
		}
		if n != 100 {
			t.Errorf("%d duplicates", n)
		}
	}
}
