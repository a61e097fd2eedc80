package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/stages/pipeline"
)

const blendJob = `
output = "out"
[[source]]
name = "wiki"
input = "in/wiki"
weight = 3
[[source]]
name = "cc"
input = ["in/cc"]
weight = 0.5
[[stage]]
use = "text.word_count"
min_words = 3
[[stage]]
use = "corpus.blend"
samples = 700
seed = 5
`

// blended is what blendJob makes, in plain code. Shards are read in the order of their names, cc first;
// sources stand in the order of the job file.
func (f folder) blended(shuffled bool) map[string]string {
	f.tb.Helper()
	in := f.tree(".", "in")
	var names []string
	for name := range in {
		names = append(names, name)
	}
	slices.Sort(names)
	left := map[string][]line{}
	for s, name := range names {
		n := uint64(0)
		for text := range strings.Lines(in[name]) {
			if len(strings.Fields(text))-2 >= 3 { // what stands around the text counts for two
				source := strings.Split(name, "/")[1]
				left[source] = append(left[source], line{uint64(s)<<40 | n, s, text})
			}
			n++
		}
	}
	type copied struct {
		line
		order uint64
		shard int
	}
	var all []copied
	for _, source := range []struct {
		name string
		rows int
	}{{"wiki", 600}, {"cc", 100}} {
		rows := left[source.name]
		for k := range source.rows {
			r := rows[k%len(rows)]
			c := copied{line: r, order: uint64(len(all)), shard: len(all) * len(names) / 700}
			if shuffled {
				c.order = place(5, r.id, uint64(k/len(rows)))
				c.shard = part(c.order, len(names))
			}
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(x, y copied) int {
		if x.order < y.order {
			return -1
		}
		return 1
	})
	want := map[string]string{}
	for i := range names {
		want[fmt.Sprintf("data/blended-%05d.jsonl", i)] = ""
	}
	for _, c := range all {
		want[fmt.Sprintf("data/blended-%05d.jsonl", c.shard)] += c.text
	}
	return want
}

func TestBlend(t *testing.T) {
	f := newFolder(t)
	for s := range 4 {
		var wiki, cc strings.Builder
		for i := range 40 + 3*s {
			fmt.Fprintf(&wiki, `{"text": "wiki %d %s"}`+"\n", i, strings.Repeat("x ", i%4))
			fmt.Fprintf(&cc, `{"text": "cc %d %s"}`+"\n", i, strings.Repeat("y ", i%3))
		}
		f.write(fmt.Sprintf("in/wiki/%d.jsonl", s), wiki.String())
		f.write(fmt.Sprintf("in/cc/%d.jsonl", s), cc.String())
	}
	for _, shuffle := range []bool{true, false} {
		want := f.blended(shuffle)
		set := fmt.Sprintf(`stage."corpus.blend".shuffle=%v`, shuffle)
		for _, n := range []int{1, 2, 4} {
			out := fmt.Sprint("out", n, shuffle)
			got, err := f.run(blendJob, out, n, pipeline.Options{}, set)
			if err != nil {
				t.Fatal(err)
			}
			same(t, want, f.tree(out, "data"))
			s := got.Report.Stages[1]
			if s.RowsOut != 700 || got.Report.RowsOut != 700 || len(s.Sources) != 2 || s.Sources[0].RowsOut != 600 || s.Sources[1].RowsOut != 100 {
				t.Errorf("the funnel ends in %+v", s)
			}
		}
	}
	f.killed(blendJob, "killed", 22, 9, 4)
	same(t, f.blended(true), f.tree("killed", "data"))
}
