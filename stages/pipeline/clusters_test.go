package pipeline_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sluice/stages/pipeline"
)

// clustered writes groups of so many like texts, strewn over shards.
func (f folder) clustered(sizes []int) {
	var rows []string
	for g, n := range sizes {
		for range n {
			text := fmt.Sprintf("group %d\\n \\u00e9 ", g)
			for w := range 200 {
				text += fmt.Sprintf("g%dw%d ", g, w)
			}
			rows = append(rows, text)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	for s := range 5 {
		var b strings.Builder
		for i := s; i < len(rows); i += 5 {
			fmt.Fprintf(&b, `{"id": "n%d", "text": "%s"}`+"\n", i, rows[i])
		}
		f.write(fmt.Sprintf("in/s%d.jsonl", s), b.String())
	}
}

// A report tells the sizes of the clusters and the largest, the same at any number of
// ranks, for stages that drop and stages that mark.
func TestClusters(t *testing.T) {
	var sizes []int
	for n := range 40 {
		sizes = append(sizes, n%9+1) // 4 or 5 groups of each size to 9
	}
	sizes = append(sizes, 300)
	f := newFolder(t)
	f.clustered(sizes)
	for _, stage := range []string{"dedup.exact", "dedup.fuzzy"} {
		for _, action := range []string{"drop", "mark"} {
			text := fmt.Sprintf("input = [\"in\"]\noutput = \"out\"\n[read]\nid = \"id\"\n[[stage]]\nuse = %q\nname = \"d\"\naction = %q\n", stage, action)
			first := ""
			for _, ranks := range []int{1, 2, 4, 7} {
				out, err := f.run(text, fmt.Sprint(stage, action, ranks), ranks, pipeline.Options{})
				if err != nil {
					t.Fatal(err)
				}
				c := out.Report.Stages[0].Clusters
				if c == nil {
					t.Fatal("no clusters")
				}
				p, err := json.Marshal(c)
				if err != nil {
					t.Fatal(err)
				}
				if first == "" {
					first = string(p)
					checkClusters(t, c, sizes)
				}
				if string(p) != first {
					t.Errorf("%s, %s: %d ranks report\n%s\none reports\n%s", stage, action, ranks, p, first)
				}
			}
		}
	}
}

func checkClusters(t *testing.T, c *pipeline.ClusterReport, sizes []int) {
	t.Helper()
	sizes = slices.Clone(sizes)
	slices.Sort(sizes)
	slices.Reverse(sizes)
	var clusters, samples int64
	for i, s := range c.Sizes {
		if s.To < s.From || i > 0 && s.From != c.Sizes[i-1].To+1 || i == 0 && s.From != 2 {
			t.Errorf("sizes %+v", c.Sizes)
		}
		var n, sum int64
		for _, size := range sizes {
			if s.From <= int64(size) && int64(size) <= s.To {
				n++
				sum += int64(size)
			}
		}
		if s.Clusters != n || s.Samples != sum {
			t.Errorf("%+v, want %d clusters of %d samples", s, n, sum)
		}
		clusters += n
		samples += sum
	}
	if c.Count != clusters || c.Samples != samples || clusters != 36 {
		t.Errorf("%d clusters of %d samples, want %d of %d", c.Count, c.Samples, clusters, samples)
	}
	if len(c.Largest) != 10 {
		t.Fatalf("%d largest", len(c.Largest))
	}
	for i, l := range c.Largest {
		if l.Size != int64(sizes[i]) || l.Shard != fmt.Sprintf("s%s.jsonl", l.Shard[1:2]) ||
			l.ID != fmt.Sprintf("n%d", l.Row*5+int64(l.Shard[1]-'0')) || !strings.HasPrefix(l.Text, "group ") || !strings.Contains(l.Text, " \u00e9 g") ||
			len([]rune(l.Text)) < 98 || len([]rune(l.Text)) > 100 {
			t.Errorf("%d: %+v", i, l)
		}
		if i > 0 && l.Size == c.Largest[i-1].Size && (l.Shard < c.Largest[i-1].Shard || l.Shard == c.Largest[i-1].Shard && l.Row < c.Largest[i-1].Row) {
			t.Errorf("%+v after %+v", l, c.Largest[i-1])
		}
	}
}

// Two dedups, each with clusters of its own.
func TestClustersOfTwoDedups(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", twoDedupsInput)
	out, err := f.run(twoDedups, "out", 2, pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"by-url": `{"count":2,"samples":4,"sizes":[{"from":2,"to":2,"clusters":2,"samples":4}],"largest":[` +
			`{"id":"true","shard":"a.jsonl","row":1,"size":2,"text":"a"},{"id":"1.5","shard":"a.jsonl","row":3,"size":2,"text":"c"}]}`,
		"by-text": `{"count":1,"samples":2,"sizes":[{"from":2,"to":2,"clusters":1,"samples":2}],"largest":[` +
			`{"id":"1","shard":"a.jsonl","row":0,"size":2,"text":"c"}]}`,
	}
	for _, s := range out.Report.Stages {
		if p, err := json.Marshal(s.Clusters); err != nil || string(p) != want[s.Name] {
			t.Errorf("%s: %s, %v, want %s", s.Name, p, err, want[s.Name])
		}
	}
	// Nothing is said where nothing was found.
	f.write("in/a.jsonl", "{\"text\":\"a\",\"url\":\"x\"}\n")
	out, err = f.run(twoDedups, "none", 2, pipeline.Options{})
	if err != nil || out.Report.Stages[0].Clusters != nil {
		t.Errorf("%v: %+v", err, out.Report.Stages)
	}
}
