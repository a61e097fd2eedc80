package dedup

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"sluice/stages"
)

// Orders sort by class, then as without classes.
func TestPriority(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, rule := range []string{"first", "last", "longest", "max:n", "min:n"} {
		k, err := parseKeep(rule)
		if err != nil {
			t.Fatal(err)
		}
		ranked, err := k.before([]string{"wiki/**", "cc/*.jsonl"}, false)
		if err != nil {
			t.Fatal(err)
		}
		type sample struct {
			class         int
			plain, ranked uint64
			id            stages.ID
		}
		var all []sample
		for i, shard := range []string{"cc/a.jsonl", "other/x", "wiki/en/b.parquet", "cc/deep/a.jsonl", "wiki/c"} {
			b := texts(fmt.Sprintf("%0*d", r.IntN(9), 1), "abc", "ä", "long text")
			b.Shard.Name, b.Block.Index = shard, i
			n := b.Add("n")
			for j := range n.Values {
				n.Values[j] = stages.Scalar{Kind: stages.Float, Float: float64(r.IntN(5)) - 2.5}
			}
			plain, err := k.orders(b, "text")
			if err != nil {
				t.Fatal(err)
			}
			classed, err := ranked.orders(b, "text")
			if err != nil {
				t.Fatal(err)
			}
			for j := range plain {
				all = append(all, sample{[]int{1, 2, 0, 2, 0}[i], plain[j], classed[j], b.ID(j)})
			}
		}
		want := slices.Clone(all)
		slices.SortFunc(want, func(a, b sample) int {
			return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.plain, b.plain), cmp.Compare(a.id, b.id))
		})
		slices.SortFunc(all, func(a, b sample) int {
			return cmp.Or(cmp.Compare(a.ranked, b.ranked), cmp.Compare(a.id, b.id))
		})
		if !slices.Equal(all, want) {
			t.Errorf("keep = %s: %v, want %v", rule, all, want)
		}
	}
	if _, err := (keep{rule: "first"}).before([]string{"["}, false); err == nil {
		t.Error("a broken pattern is accepted")
	}
}
