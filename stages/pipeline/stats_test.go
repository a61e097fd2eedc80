package pipeline_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"sluice/stages/corpus"
	"sluice/stages/pipeline"
)

const statsJob = `
input = "in"
output = "out"
[[stage]]
name = "before"
use = "corpus.stats"
by = "@shard"
[[stage]]
use = "dedup.exact"
[[stage]]
name = "after"
use = "corpus.stats"
`

// What stages count is each row once: at any number of ranks, after stops and restarts, and of several passes.
func TestStats(t *testing.T) {
	f := newFolder(t)
	f.corpus(3, 4, 2000)
	if _, err := f.run(statsJob, "calm", 1, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	want := f.tree("calm", "stats")
	if len(want) != 2 {
		t.Fatalf("files %v", want)
	}
	rows := func(tree map[string]string, folder string) (n, bytes int64) {
		for _, text := range tree {
			for line := range strings.Lines(text) {
				var row struct{ Text string }
				if err := json.Unmarshal([]byte(line), &row); err != nil {
					t.Fatal(folder, err)
				}
				n++
				bytes += int64(len(row.Text))
			}
		}
		return n, bytes
	}
	for name, tree := range map[string]map[string]string{"before": f.tree(".", "in"), "after": f.tree("calm", "data")} {
		n, bytes := rows(tree, name)
		var s corpus.Summary
		for path, text := range want {
			if strings.HasSuffix(path, name+".json") {
				if err := json.Unmarshal([]byte(text), &s); err != nil {
					t.Fatal(err)
				}
			}
		}
		if s.All.Documents != n || s.All.Bytes != bytes || n == 0 {
			t.Errorf("%s: %d documents of %d bytes, want %d of %d", name, s.All.Documents, s.All.Bytes, n, bytes)
		}
		if name == "before" && len(s.Groups) != len(tree) {
			t.Errorf("%d shards are told apart, want %d", len(s.Groups), len(tree))
		}
	}
	if _, err := f.run(statsJob, "many", 4, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	if got := f.tree("many", "stats"); !maps.Equal(got, want) {
		t.Errorf("four ranks count otherwise: %v, want %v", got, want)
	}
	f.stopAt(statsJob, "out", 2, 1, 1)
	f.stopAt(statsJob, "out", 3, 2, 1)
	if _, err := f.run(statsJob, "out", 1, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	if got := f.tree("out", "stats"); !maps.Equal(got, want) {
		t.Errorf("a run that was stopped twice counts otherwise: %v, want %v", got, want)
	}
}
