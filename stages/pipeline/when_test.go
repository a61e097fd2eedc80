package pipeline_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"sluice/mpi"
	"sluice/stages/pipeline"
)

// whenJob has a dedup that sees rows by a score that a filter adds.
const whenJob = `
input = ["in"]
output = "out"
[read]
id = "id"
[[stage]]
use = "text.word_count"
min_words = 0
score = "words"
[[stage]]
use = "%s"
name = "near"
action = "%s"
when = "words > 20 and n < 6"
[[stage]]
use = "text.word_count"
name = "last"
min_words = 10
when = "words > 5 or n == 2"
`

// scored is a row of an output of whenJob.
type scored struct {
	ID    string
	N     int
	Words float64
	Near  *bool
}

// scoredRows returns the rows of the files in a folder of an output, in order.
func (f folder) scoredRows(out string) (rows []scored) {
	f.tb.Helper()
	files := f.tree(out, "data")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for line := range strings.Lines(files[name]) {
			var r scored
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				f.tb.Fatal(err)
			}
			rows = append(rows, r)
		}
	}
	return rows
}

// A dedup with a condition takes out what it would of an input that has only the rows
// for which it is true, at any number of ranks, and of the others nothing.
func TestDedupWhen(t *testing.T) {
	f := newFolder(t)
	f.families(7, 4, 60)
	for name, p := range f.tree(".", "in") {
		var seen strings.Builder
		for line := range strings.Lines(p) {
			var r struct {
				N    int
				Text string
			}
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatal(err)
			}
			if len(strings.Fields(r.Text)) > 20 && r.N < 6 {
				seen.WriteString(line)
			}
		}
		f.write("seen"+strings.TrimPrefix(name, "in"), seen.String())
	}
	for _, use := range []string{"dedup.exact", "dedup.fuzzy"} {
		only := fmt.Sprintf("input = [\"seen\"]\noutput = \"out\"\n[read]\nid = \"id\"\n[[stage]]\nuse = %q\n", use)
		if _, err := f.run(only, use+"only", 2, pipeline.Options{}); err != nil {
			t.Fatal(err)
		}
		kept := map[string]bool{}
		for _, r := range f.scoredRows(use + "only") {
			kept[r.ID] = true
		}
		for _, action := range []string{"mark", "drop"} {
			job := fmt.Sprintf(whenJob, use, action)
			out := use + action
			if _, err := f.run(job, out+"1", 1, pipeline.Options{}); err != nil {
				t.Fatal(err)
			}
			want := f.tree(out+"1", "data", "duplicates")
			if _, err := f.run(job, out+"3", 3, pipeline.Options{}); err != nil {
				t.Fatal(err)
			}
			same(t, want, f.tree(out+"3", "data", "duplicates"))
			f.seen(out+"1", action, kept)

			if action == "drop" {
				continue
			}
			// Stopped in the last pass, and gone on with.
			stop := make(chan struct{})
			o := pipeline.Options{Stop: stop, Watch: once(2, 1, func() { close(stop) })}
			if _, err := f.run(job, out+"s", 2, o); err != nil && !errors.Is(err, mpi.ErrStopped) {
				t.Fatal(err)
			}
			if _, err := f.run(job, out+"s", 3, pipeline.Options{}); err != nil {
				t.Fatal(err)
			}
			same(t, want, f.tree(out+"s", "data", "duplicates"))
		}
	}
}

// seen checks an output of whenJob: kept are those that the dedup keeps of what it sees.
func (f folder) seen(out, action string, kept map[string]bool) {
	f.tb.Helper()
	rows := map[string]scored{}
	for _, r := range f.scoredRows(out) {
		rows[r.ID] = r
	}
	gone, outside := 0, 0
	for _, in := range rowsInOrder(f) {
		words := len(strings.Fields(in.Text))
		sees := words > 20 && in.N < 6
		stays := !sees || kept[in.ID]
		if sees && !stays {
			gone++
		}
		if !sees {
			outside++
		}
		last := words > 5 || in.N == 2
		r, ok := rows[in.ID]
		if want := (stays || action == "mark") && (!last || words >= 10); ok != want {
			f.tb.Errorf("%s: %s with %d words: stays %v, want %v", out, in.ID, words, ok, want)
		}
		if !ok {
			continue
		}
		if int(r.Words) != words {
			f.tb.Errorf("%s: %s has %v words, want %d", out, in.ID, r.Words, words)
		}
		if (r.Near != nil) != (sees && action == "mark") || r.Near != nil && *r.Near != stays {
			f.tb.Errorf("%s: %s is marked %v, seen %v, stays %v", out, in.ID, r.Near, sees, stays)
		}
	}
	if gone < 5 || outside < 20 {
		f.tb.Errorf("%s: %d go and %d are outside: this tests nothing", out, gone, outside)
	}
}

type inputRow struct {
	ID, Text string
	N        int
}

func rowsInOrder(f folder) (rows []inputRow) {
	files := f.tree(".", "in")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for line := range strings.Lines(files[name]) {
			var r inputRow
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				f.tb.Fatal(err)
			}
			rows = append(rows, r)
		}
	}
	return rows
}

// A fault of a condition is a mistake of the job on all ranks.
func TestFaultOfACondition(t *testing.T) {
	f := newFolder(t)
	f.families(7, 4, 60)
	f.write("in/z.jsonl", `{"id":"last","text":"one","n":"7"}`+"\n")
	for _, use := range []string{"text.word_count", "dedup.exact"} {
		job := fmt.Sprintf("input = [\"in\"]\noutput = \"out\"\n[read]\nid = \"id\"\n[[stage]]\nuse = %q\nwhen = \"n < 3\"\n", use)
		for _, err := range f.each(job, "out"+use, 3, pipeline.Options{}) {
			if wrong := (*pipeline.JobError)(nil); !errors.As(err, &wrong) || !strings.Contains(err.Error(), `z.jsonl: stage "`+use+`", row 0, at byte 0, id "last": when = "n < 3": <`) {
				t.Errorf("error %v", err)
			}
		}
	}
}
