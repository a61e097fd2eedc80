package stages_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"sluice/stages"
	"sluice/stages/scan"
)

// A dropper drops rows in its own way.
type dropper struct {
	mapper
	drop func(b *stages.Batch)
}

func (d dropper) Map(_ context.Context, b *stages.Batch) error {
	d.drop(b)
	return nil
}

// A remover does so as a shuffler.
type remover struct {
	shuffler
	drop func(b *stages.Batch)
}

func (r remover) Apply(_ context.Context, b *stages.Batch, _ []stages.Note) error {
	r.drop(b)
	return nil
}

// longer keeps texts of more bytes; an empty one has no score.
type longer int

func (longer) Score(d *scan.Document) float64 {
	if len(d.Text()) == 0 {
		return math.NaN()
	}
	return float64(len(d.Text()))
}

func (n longer) Keep(score float64) bool { return score > float64(n) }

// A traced batch knows which stage dropped which row. Rows that were gone before, that a
// stage hid for a while, or that are damaged are no stage's.
func TestTracedBatch(t *testing.T) {
	list := []stages.Stage{
		dropper{mapper{name: "hides"}, func(b *stages.Batch) {
			b.Drop(3)
			b.Drop(4)
			b.Keep[3] = true
		}},
		stages.NewFilter(stages.Common{Name: "one", Column: "text"}, longer(1)),
		stages.NewFilter(stages.Common{Name: "two", Column: "text"}, longer(2)),
		remover{shuffler{mapper{name: "near"}}, func(b *stages.Batch) {
			b.Remove(stages.Removal{Row: 6, Stage: "near", Keeper: 8, Similarity: 0.85})
			b.Remove(stages.Removal{Row: 4, Stage: "near", Keeper: 8, Similarity: 0.9}) // gone before
			b.Drop(5)
			b.Damage(7, 0, "broken")
		}},
	}
	for _, traced := range []bool{false, true} {
		b := stages.NewBatch(&stages.Shard{}, &stages.Block{}, 0, 9)
		b.Columns = []stages.Column{{Name: "text"}}
		for _, text := range []string{"", "ab", "", "abc", "abc", "abc", "abc", "abc", "abc"} {
			b.Columns[0].Text = append(b.Columns[0].Text, []byte(text))
		}
		b.Drop(0)
		b.Traced = traced
		for _, pass := range stages.Passes(list) {
			if _, _, err := pass.Run(t.Context(), b, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		want := "[{4 hides NaN false 0 []} {1 two 2 false 0 []} {2 one NaN false 0 []} {6 near 0.85 true 8 []} {5 near NaN false 0 []}]"
		if !traced {
			want = "[]"
		}
		if got := fmt.Sprint(b.Rejected); got != want {
			t.Errorf("traced %v: %s\nwant %s", traced, got, want)
		}
		if len(b.Damaged) != 1 || len(b.Removed) != 2 {
			t.Errorf("damaged %v, removed %v", b.Damaged, b.Removed)
		}
	}
}
