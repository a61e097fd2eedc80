package dedup

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// Pages of one template, so many that buckets are hot, and so alike that all but a
// few coordinates come from it: each page is a little below the threshold to all
// but the few of its own sort. What tells the sorts apart are residuals.
func TestFuzzyHotTemplate(t *testing.T) {
	if testing.Short() || UnderRace {
		t.Skip("compares half a million pairs")
	}
	r := maker{rand.New(rand.NewPCG(7, 8))}
	word := func(n int) (list []string) {
		for range n {
			list = append(list, fmt.Sprintf("w%x", r.Uint64()))
		}
		return list
	}
	template := word(86)
	var docs []doc
	for len(docs) < 1200 {
		own := word(3)
		for range 2 + r.IntN(4) {
			words := append(append(word(9), own...), template...)
			docs = append(docs, doc{text: strings.Join(words, " ")})
		}
	}
	r.Shuffle(len(docs), func(i, j int) { docs[i], docs[j] = docs[j], docs[i] })
	o := DefaultFuzzy()
	o.Shingle = "word:1"
	w := newTruth(t, o, 800, docs)
	keeper, similarity, m := runFuzzy(t, o, docs)
	if err := w.sound(keeper, similarity); err != nil {
		t.Error(err)
	}
	if m.Held("fuzzy.edges1") == 0 {
		t.Fatal("the first wave finds nothing")
	}
	w.solve(func(int, int) bool { return true })
	ideal, gone := 0, 0
	for i := range docs {
		if w.keeper[i] >= 0 {
			ideal++
		}
		if keeper[i] >= 0 {
			gone++
		}
	}
	t.Logf("%d of %d pages go, %d by comparing all with all", gone, len(docs), ideal)
	if gone*100 < ideal*98 {
		t.Errorf("%d pages go, %d by comparing all with all", gone, ideal)
	}
}

// The mode of a bucket is what the template gives.
func TestMajority(t *testing.T) {
	votes := [][]uint16{{7, 1}, {7, 2}, {3, 2}, {7, 2}, {4, 5}}
	if a, b := majority(votes, 0), majority(votes, 1); a != 7 || b != 2 {
		t.Errorf("majorities %d and %d, want 7 and 2", a, b)
	}
}
