package pipeline_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/job"
	"sluice/stages/pipeline"
)

// Ranks with scratch of different sizes, as on nodes with different disks, cut the same waves.
func TestMoveWithScratchOfDifferentSizes(t *testing.T) {
	f := newFolder(t)
	f.documents(5, 12_600_000, 3000)
	if _, err := f.run(onlyShuffle, "calm", 2, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	f.write("job.toml", onlyShuffle)
	for _, little := range []int{0, 1} {
		out := fmt.Sprint("out", little)
		w := &waves{}
		err := mpi.Local(2, mpi.Config{}, func(c mpi.Comm) error {
			j, err := job.Parse(f.path("job.toml"), catalogue(), job.Options{Set: []string{"output=" + out}})
			if err != nil {
				return err
			}
			j.Threads, j.Memory, j.Scratch, j.ScratchMax = 2, 64_000_000, f.path("scratch"), 400_000_000
			if c.Rank() == little {
				j.ScratchMax = 8_000_000
			}
			_, err = pipeline.Run(context.Background(), c, j, pipeline.Options{Watch: w})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		same(t, f.tree("calm", "data"), f.tree(out, "data"))
		if w.n.Load() < 4 {
			t.Errorf("%d waves on two ranks", w.n.Load())
		}
	}
}

// Copies of rows take scratch, too; and where the rows of one output need more than half of it, a rank
// has one of them at a time.
func TestBlendWithLittleScratch(t *testing.T) {
	f := newFolder(t)
	for s, rows := range []int{300, 500, 100} {
		var few, many strings.Builder
		for i := range rows {
			fmt.Fprintf(&few, `{"text": "few %d %d %s"}`+"\n", s, i, strings.Repeat("x", 900))
			fmt.Fprintf(&many, `{"text": "many %d %d"}`+"\n", s, i)
		}
		f.write(fmt.Sprintf("in/wiki/%d.jsonl", s), few.String())
		f.write(fmt.Sprintf("in/cc/%d.jsonl", s), many.String())
	}
	set := []string{`stage."corpus.blend".samples=30000`, `write.shard_size="1MB"`}
	if _, err := f.run(blendJob, "calm", 1, pipeline.Options{}, set...); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 3} {
		out := fmt.Sprint("out", n)
		if _, err := f.run(blendJob, out, n, pipeline.Options{}, append(set, `scratch_max="8MB"`)...); err != nil {
			t.Fatal(err)
		}
		same(t, f.tree("calm", "data"), f.tree(out, "data"))
	}
}

// A losing is a mover that puts rows into one shard of two by their number, and that changes its
// mind about some once it was asked about all.
type losing struct {
	asked *atomic.Int64 // about rows
	from  int64         // rows that are lost or moved, by how often it was asked
	move  int           // by so many shards; 0: the row is lost
}

func (losing) Name() string            { return "losing" }
func (losing) Columns() stages.Columns { return stages.Columns{} }

func (l losing) Arrange(left stages.Left) (stages.Arrangement, error) {
	return stages.Arrangement{
		Outputs: []stages.Output{{Name: "even.jsonl"}, {Name: "odd.jsonl"}},
		Rows:    left.Sum(left.Rows),
		Places: func(int) func(stages.ID, int, func(stages.Place) error) error {
			return func(id stages.ID, _ int, put func(stages.Place) error) error {
				to := int(id & 1)
				if l.asked.Add(1) > l.from {
					if l.move == 0 {
						return nil
					}
					to = (to + l.move) % 2
				}
				return put(stages.Place{Output: to})
			}
		},
	}, nil
}

// Whatever goes wrong on the way, a shard that has fewer rows than belong there, or more, does not stand in
// its place, and the next start does not believe that it does.
func TestMoveThatLosesRows(t *testing.T) {
	f := newFolder(t)
	var b strings.Builder
	want := map[string]string{}
	for i := range 1000 {
		row := fmt.Sprintf(`{"text": "row %d"}`+"\n", i)
		b.WriteString(row)
		want[[]string{"data/even.jsonl", "data/odd.jsonl"}[i%2]] += row
	}
	f.write("in/a.jsonl", b.String())
	f.write("job.toml", "input = [\"in\"]\noutput = \"out\"\n[[stage]]\nuse = \"losing\"\n")
	for _, c := range []struct {
		from  int64
		move  int
		wants []string
	}{
		{990, 0, []string{`stage "losing" has places for 990 rows, and arranged 1000`}},
		{1990, 0, []string{"even.jsonl: 500 rows belong into this shard, and 495 came", "odd.jsonl: 500 rows belong into this shard, and 495 came"}},
		{1999, 1, []string{"even.jsonl: 500 rows belong into this shard, and 501 came", "odd.jsonl: 500 rows belong into this shard, and 499 came"}},
	} {
		for _, n := range []int{1, 2} {
			out := fmt.Sprint("out", c.from, "-", n)
			run := func(from int64) error {
				l := losing{new(atomic.Int64), from, c.move}
				entries := catalogue()
				maps.Copy(entries, job.Catalog{"losing": job.NewEntry("loses rows", struct{}{}, func(stages.Common, struct{}) ([]stages.Stage, error) {
					return []stages.Stage{l}, nil
				})})
				j, err := job.Parse(f.path("job.toml"), entries, job.Options{Set: []string{"output=" + out}})
				if err != nil {
					t.Fatal(err)
				}
				j.Threads, j.Memory, j.Scratch = 2, 64_000_000, f.path("scratch")
				return mpi.Local(n, mpi.Config{}, func(c mpi.Comm) error {
					_, err := pipeline.Run(context.Background(), c, j, pipeline.Options{})
					return err
				})
			}
			err := run(c.from)
			if err == nil || !slices.ContainsFunc(c.wants, func(s string) bool { return strings.Contains(err.Error(), s) }) {
				t.Errorf("%d ranks: %v, want %s", n, err, c.wants[0])
			}
			if list, _ := os.ReadDir(f.path(out + "/data")); len(list) > 0 {
				t.Errorf("%d ranks: %v stands in its place", n, list[0])
			}
			if err := run(1 << 40); err != nil {
				t.Fatal(err)
			}
			same(t, want, f.tree(out, "data"))
		}
	}
}
