package pipeline_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"sluice/stages/pipeline"
)

// joinJob filters paragraphs, joins what is left, and compares that.
const joinJob = `
input = ["in"]
output = "out"
[read]
id = "id"
[write]
removed = "ids"
[[stage]]
use = "text.word_count"
name = "whole"
min_words = 3
[[stage]]
use = "text.split"
[[stage]]
use = "corpus.stats"
[[stage]]
use = "text.word_count"
min_words = 3
score = "words"
[[stage]]
use = "privacy.redact"
entities = ["url"]
action = "redact"
[[stage]]
use = "text.join"
[[stage]]
use = "dedup.exact"
[[stage]]
use = "text.word_count"
name = "last"
min_words = 6
`

// A paged is a row of text with paragraphs.
type paged struct {
	ID   string `json:"id" parquet:"id"`
	Text string `json:"text" parquet:"text"`
}

// pages makes shards of texts of few different paragraphs.
func pages(shards, rows int) (all [][]paged) {
	r := rand.New(rand.NewPCG(5, 6))
	words := []string{"a", "bb", "https://x.org/y", "c", "dd"}
	for s := range shards {
		var shard []paged
		for i := range r.IntN(rows) {
			var paragraphs []string
			for range r.IntN(5) {
				var line []string
				for range r.IntN(6) {
					line = append(line, words[r.IntN(len(words))])
				}
				paragraphs = append(paragraphs, strings.Join(line, " "))
			}
			shard = append(shard, paged{fmt.Sprintf("%d-%d", s, i), strings.Join(paragraphs, "\n\n")})
		}
		all = append(all, shard)
	}
	return all
}

func (f folder) writePages(all [][]paged) {
	for s, shard := range all {
		var b strings.Builder
		for _, row := range shard {
			p, err := json.Marshal(row)
			if err != nil {
				f.tb.Fatal(err)
			}
			b.Write(append(p, '\n'))
		}
		f.write(fmt.Sprintf("in/%03d.jsonl", s), b.String())
	}
}

// A joined is a row of joinJob's output.
type joined struct {
	Text  string
	Words float64
}

// joinedPages is what joinJob makes of pages, in plain code.
func joinedPages(all [][]paged) (want []joined, segments, links int64, removed map[string]int) {
	seen := map[string]bool{}
	removed = map[string]int{}
	for _, shard := range all {
		for _, row := range shard {
			if len(strings.Fields(row.Text)) < 3 {
				removed["whole"]++
				continue
			}
			var kept []string
			words := 0
			for _, p := range strings.Split(row.Text, "\n\n") {
				segments++
				n := len(strings.Fields(p))
				if n < 3 {
					removed["text.word_count"]++
					continue
				}
				if len(kept) == 0 {
					words = n
				}
				links += int64(strings.Count(p, "https://x.org/y"))
				kept = append(kept, strings.ReplaceAll(p, "https://x.org/y", ""))
			}
			text := strings.Join(kept, "\n\n")
			switch {
			case len(kept) == 0:
				removed["text.join"]++
			case seen[text]:
				removed["dedup.exact"]++
			case len(strings.Fields(text)) < 6:
				seen[text] = true
				removed["last"]++
			default:
				seen[text] = true
				want = append(want, joined{text, float64(words)})
			}
		}
	}
	return want, segments, links, removed
}

// lines returns the lines of the files of a tree, in order of their paths.
func lines(tree map[string]string) (all []string) {
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range tree {
			if !yield(name) {
				return
			}
		}
	}) {
		for line := range strings.Lines(tree[name]) {
			all = append(all, line)
		}
	}
	return all
}

func TestSplitAndJoin(t *testing.T) {
	f := newFolder(t)
	all := pages(9, 400)
	f.writePages(all)
	out, err := f.run(joinJob, "out", 1, pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want, segments, links, removed := joinedPages(all)
	tree := f.tree("out", "data")
	var got []joined
	for _, line := range lines(tree) {
		var row joined
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(line, "segment_id") {
			t.Fatalf("a row kept the number of its segment: %s", line)
		}
		got = append(got, row)
	}
	if !slices.Equal(got, want) || len(want) < 100 {
		t.Errorf("%d rows, want %d", len(got), len(want))
	}
	for _, s := range out.Report.Stages {
		if s.Name == "text.split" && s.RowsOut != segments || s.Name == "text.join" && s.RowsOut-int64(removed["dedup.exact"]+removed["last"]) != int64(len(want)) {
			t.Errorf("stage %s: %d rows out", s.Name, s.RowsOut)
		}
		if s.Name == "privacy.redact" && (len(s.Found) != 1 || s.Found[0].Parts != links) {
			t.Errorf("found %v, want %d", s.Found, links)
		}
	}
	// Segments are counted once, although two passes split them.
	var stats struct{ All struct{ Documents int64 } }
	if err := json.Unmarshal([]byte(f.tree("out", "stats")["stats/corpus.stats.json"]), &stats); err != nil || stats.All.Documents != segments {
		t.Errorf("%d segments are counted, want %d (%v)", stats.All.Documents, segments, err)
	}
	for stage, n := range removed {
		list := lines(f.tree("out", "removed/"+stage))
		if len(list) != n {
			t.Errorf("%s removed %d, want %d", stage, len(list), n)
		}
		for _, line := range list {
			if strings.Contains(line, `"segment":`) != (stage == "text.word_count") {
				t.Fatalf("%s: %s", stage, line)
			}
		}
	}
	calm := f.tree("out", "data", "duplicates", "removed", "stats")
	for _, n := range []int{2, 4} {
		out := fmt.Sprint("out", n)
		if _, err := f.run(joinJob, out, n, pipeline.Options{}); err != nil {
			t.Fatal(err)
		}
		same(t, calm, f.tree(out, "data", "duplicates", "removed", "stats"))
	}
	f.killed(joinJob, "killed", 3, 29, 3)
	same(t, calm, f.tree("killed", "data", "duplicates", "removed", "stats"))
}

// segmentsJob leaves segments, of which a mover makes shards.
const segmentsJob = `
input = ["in"]
output = "out"
[[stage]]
use = "dedup.exact"
[[stage]]
use = "text.split"
[[stage]]
use = "text.word_count"
min_words = 4
[[stage]]
use = "corpus.shuffle"
seed = 2
`

func TestSplitAndShuffle(t *testing.T) {
	f := newFolder(t)
	all := pages(9, 200)
	f.writePages(all)
	want, seen := map[string]int{}, map[string]bool{}
	for _, shard := range all {
		for _, row := range shard {
			if seen[row.Text] {
				continue
			}
			seen[row.Text] = true
			for k, p := range strings.Split(row.Text, "\n\n") {
				if len(strings.Fields(p)) >= 4 {
					want[fmt.Sprint(row.ID, " ", k, " ", p)]++
				}
			}
		}
	}
	if _, err := f.run(segmentsJob, "out", 1, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	tree := f.tree("out", "data")
	if len(tree) < 3 {
		t.Errorf("%d shards", len(tree))
	}
	inOrder := 0
	last := ""
	for _, line := range lines(tree) {
		var row struct {
			ID      string
			Text    string
			Segment int `json:"segment_id"`
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		want[fmt.Sprint(row.ID, " ", row.Segment, " ", row.Text)]--
		if row.ID == last {
			inOrder++
		}
		last = row.ID
	}
	n := len(want)
	for row, left := range want {
		if left != 0 {
			t.Fatalf("%q: %d times too few", row, left)
		}
	}
	if inOrder > n/20 {
		t.Errorf("of %d segments %d stand behind another of their text", n, inOrder)
	}
	for _, n := range []int{2, 4} {
		out := fmt.Sprint("out", n)
		if _, err := f.run(segmentsJob, out, n, pipeline.Options{}); err != nil {
			t.Fatal(err)
		}
		same(t, f.tree("out", "data", "duplicates"), f.tree(out, "data", "duplicates"))
	}
}

// Segments of Parquet are rows of Parquet, with all columns.
func TestSplitParquet(t *testing.T) {
	f := newFolder(t)
	rows := []parquetRow{{Text: "a\n\nb\n\nc", N: 1, Tags: []string{"x", "y"}}, {Text: "", N: 2, Tags: []string{}}, {Text: "d", N: 3, Tags: []string{"z"}}}
	var b strings.Builder
	if err := parquet.Write(&b, rows); err != nil {
		t.Fatal(err)
	}
	f.write("in/a.parquet", b.String())
	const split = "input = \"in\"\noutput = \"out\"\n[[stage]]\nuse = \"text.split\"\n"
	const drop = "[[stage]]\nuse = \"text.substring\"\nsubstring = \"b\"\nposition = \"any\"\ninvert = true\n"
	for job, want := range map[string]string{
		split:        "[{a 1 [x y] 0} {b 1 [x y] 1} {c 1 [x y] 2} { 2 [] 0} {d 3 [z] 0}]",
		split + drop: "[{a 1 [x y] 0} {c 1 [x y] 2} { 2 [] 0} {d 3 [z] 0}]",
		split + drop + "[[stage]]\nuse = \"text.join\"\ndrop_segment_id_field = false\n": "[{a\n\nc 1 [x y] 0} { 2 [] 0} {d 3 [z] 0}]",
	} {
		for format, set := range map[string]string{"parquet": "read.id=", "jsonl": "write.format=jsonl"} {
			if _, err := f.run(job, "out", 2, pipeline.Options{Fresh: true}, set, "write.removed=rows"); err != nil {
				t.Fatal(err)
			}
			for _, line := range lines(f.tree("out", "removed")) {
				if line != `{"text":"b","n":1,"tags":["x","y"],"segment_id":1,"stage":"text.substring","score":1,"segment":1}`+"\n" {
					t.Errorf("removed %s", line)
				}
			}
			type row struct {
				Text string   `parquet:"text"`
				N    int64    `parquet:"n"`
				Tags []string `parquet:"tags,list"`
				ID   int64    `parquet:"segment_id,optional" json:"segment_id"`
			}
			var got []row
			if format == "parquet" {
				got = readParquet[row](t, f.tree("out", "data")["data/a.parquet"])
			} else {
				for _, line := range lines(f.tree("out", "data")) {
					var r row
					if err := json.Unmarshal([]byte(line), &r); err != nil {
						t.Fatal(err)
					}
					got = append(got, r)
				}
			}
			if fmt.Sprint(got) != want {
				t.Errorf("%s: got %v\nwant %s", format, got, want)
			}
		}
	}
}
