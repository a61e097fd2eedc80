package pipeline_test

import (
	"errors"
	"fmt"
	"testing"

	"sluice/mpi"
	"sluice/stages/pipeline"
)

// A rank that holds its rounds with several goroutines writes the same bytes, also where each of them has
// little memory, and goes on where another number of them has stopped.
func TestLanes(t *testing.T) {
	for name, c := range map[string]struct {
		job   string
		input func(f folder)
	}{
		"exact": {exactJob, func(f folder) { f.corpus(4, 12, 300) }},
		"fuzzy": {fuzzyJob, func(f folder) { f.families(3, 6, 200) }},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t)
			c.input(f)
			if _, err := f.run(c.job, "calm", 1, pipeline.Options{Lanes: 1}); err != nil {
				t.Fatal(err)
			}
			want := f.tree("calm", "data", "duplicates")
			for _, n := range []struct{ ranks, lanes int }{{1, 2}, {1, 7}, {3, 2}, {2, 4}} {
				out := fmt.Sprint("out", n)
				if _, err := f.run(c.job, out, n.ranks, pipeline.Options{Lanes: n.lanes}); err != nil {
					t.Fatal(err)
				}
				same(t, want, f.tree(out, "data", "duplicates"))
			}
			for k, lanes := range []int{4, 1, 3} {
				stop := make(chan struct{})
				o := pipeline.Options{Lanes: lanes, Stop: stop, Watch: &phases{at: 2 + k, do: func() { close(stop) }}}
				if _, err := f.run(c.job, "stopped", 2, o); err != nil && !errors.Is(err, mpi.ErrStopped) {
					t.Fatal(err)
				}
			}
			if _, err := f.run(c.job, "stopped", 2, pipeline.Options{Lanes: 5}); err != nil {
				t.Fatal(err)
			}
			same(t, want, f.tree("stopped", "data", "duplicates"))
		})
	}
}
