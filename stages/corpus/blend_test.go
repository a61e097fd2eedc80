package corpus

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"sluice/stages"
)

// sources makes each block one of a source, by the letters of names.
func sources(left stages.Left, names string, weights ...float64) stages.Left {
	for b := range left.Shards {
		left.Shards[b].Source = names[b : b+1]
	}
	for i, w := range weights {
		left.Weights = append(left.Weights, stages.Weight{Source: string(rune('a' + i)), Weight: w})
	}
	return left
}

// A source gives ceil(w*n) rows: numbers that floating point would get wrong among them.
func TestPortions(t *testing.T) {
	for _, c := range []struct {
		weights []float64
		samples int64
		want    []int64
	}{
		{[]float64{0.1, 0.2, 0.7}, 10, []int64{1, 2, 7}},
		{[]float64{1, 1, 1}, 10, []int64{4, 4, 4}},
		{[]float64{0.3, 0.3, 0.3}, 9_000_000_000_000_000, []int64{3e15, 3e15, 3e15}},
		{[]float64{2, 0, 1}, 6, []int64{4, 0, 2}},
		{[]float64{1e-9, 1, 1e9}, 1, []int64{1, 1, 1}},
		{[]float64{5, 3, 2}, 0, []int64{50_000_000_000, 30_000_000_000, 20_000_000_000}},
		{[]float64{1.1, 2.2, 3.3}, 66, []int64{11, 22, 33}},
	} {
		rows := []int64{30_000_000_000, 60_000_000_000, 10_000_000_000}
		left := sources(leftOf(rows, rows), "abc", c.weights...)
		all, _, err := (&blend{Blend: Blend{Samples: c.samples}}).portions(left)
		if err != nil {
			t.Error(err)
			continue
		}
		var got []int64
		for _, p := range all {
			got = append(got, p.gives)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%d rows by weights %v: %v, want %v", c.samples, c.weights, got, c.want)
		}
	}
}

func TestBlendOfNothing(t *testing.T) {
	left := sources(leftOf([]int64{5, 0}, []int64{50, 0}), "ab", 1, 1)
	if _, err := (&blend{}).Arrange(left); err == nil || !strings.Contains(err.Error(), `source "b" is to give 3 rows, and has none left`) {
		t.Errorf("a source without rows: %v", err)
	}
	left = sources(leftOf([]int64{5, 0}, []int64{50, 0}), "ab", 1, 0)
	if a, err := (&blend{}).Arrange(left); err != nil || a.Rows != 5 {
		t.Errorf("a source of weight 0: %v", err)
	}
	left = sources(leftOf([]int64{0, 0}, []int64{0, 0}), "ab", 1, 1)
	if a, err := (&blend{}).Arrange(left); err != nil || a.Rows != 0 || len(a.Outputs) != 2 {
		t.Errorf("no rows at all: %v, %v", a.Outputs, err)
	}
	if _, err := (&blend{Blend: Blend{Samples: math.MaxInt64}}).Arrange(sources(leftOf([]int64{5, 1}, []int64{50, 9}), "ab", 1, 1)); err == nil {
		t.Error("9e18 rows are taken of 6")
	}
	if _, err := NewBlend(stages.Common{}, Blend{Samples: -1}); err == nil || !strings.HasPrefix(err.Error(), "samples = -1 is negative") {
		t.Error(err)
	}
}

// The rows of sources whose blocks take turns, against a slow reading of the definition.
func TestBlendPlaces(t *testing.T) {
	left := sources(leftOf([]int64{3, 4, 0, 2, 6}, []int64{30, 40, 0, 20, 60}), "ababa", 3, 1)
	for _, samples := range []int64{0, 1, 8, 40} {
		n := samples
		if n == 0 {
			n = 15
		}
		// Sources are lists of IDs.
		lists := [2][]stages.ID{}
		for b, rows := range left.Rows {
			for row := range rows {
				lists[b%2] = append(lists[b%2], stages.MakeID(b, row))
			}
		}
		var want []stages.ID
		for i, w := range []int64{3, 1} {
			for k := range (w*n + 3) / 4 {
				want = append(want, lists[i][k%int64(len(lists[i]))])
			}
		}
		for _, shuffled := range []bool{false, true} {
			a, err := (&blend{Blend: Blend{Samples: samples, Shuffle: shuffled}}).Arrange(left)
			if err != nil {
				t.Fatal(err)
			}
			type copied struct {
				stages.Place
				id stages.ID
			}
			var got []copied
			for b, rows := range left.Rows {
				at := a.Places(b)
				for row := range rows {
					id := stages.MakeID(b, row)
					if err := at(id, 0, func(p stages.Place) error { got = append(got, copied{p, id}); return nil }); err != nil {
						t.Fatal(err)
					}
				}
			}
			slices.SortFunc(got, func(x, y copied) int {
				if x.Output != y.Output {
					return x.Output - y.Output
				}
				if x.Order < y.Order {
					return -1
				}
				return 1
			})
			var ids []stages.ID
			for _, c := range got {
				ids = append(ids, c.id)
			}
			if shuffled {
				if slices.Equal(ids, want) && len(want) > 4 {
					t.Errorf("%d rows: nothing is mixed", samples)
				}
				slices.Sort(ids)
				slices.Sort(want)
			}
			if a.Rows != int64(len(want)) || fmt.Sprint(ids) != fmt.Sprint(want) {
				t.Errorf("%d rows, shuffle = %v: %v, want %v", samples, shuffled, ids, want)
			}
		}
	}
}
