package dedup

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// settings are the options of a test by turns.
func settings(turn int, num uint64) Fuzzy {
	o := DefaultFuzzy()
	o.Threshold = float64(num) / 1000
	o.Shingle = []string{"word:3", "word:1", "char:5", "word:5", "word:2"}[turn%5]
	o.Keep = []string{"first", "last", "longest", "max:n"}[turn%4]
	if turn%3 == 2 {
		o.Coordinates = 128
	}
	return o
}

func name(o Fuzzy, seed uint64) string {
	return fmt.Sprintf("threshold %v, seed %d, %s, keep %s, %d coordinates", o.Threshold, seed, o.Shingle, o.Keep, o.Coordinates)
}

// Small families, of which the first wave compares all that agree in a band: the
// outcome is what comparing all with all of these gives.
func TestFuzzyAgainstAllPairs(t *testing.T) {
	turn, exact, gone := 0, 0, 0
	for _, num := range []uint64{500, 600, 700, 800, 900, 950, 1000} {
		for seed := range uint64(9) {
			o := settings(turn, num)
			turn++
			docs := maker{rand.New(rand.NewPCG(num, seed))}.corpus(120, 5)
			w := newTruth(t, o, num, docs)
			w.solve(w.inABand)
			keeper, similarity, _ := runFuzzy(t, o, docs)
			if err := w.sound(keeper, similarity); err != nil {
				t.Errorf("%s: %v", name(o, seed), err)
			}
			if r := w.recall(keeper); r < 0.97 {
				t.Errorf("%s: recall %.3f", name(o, seed), r)
			}
			if !w.alone() {
				continue
			}
			exact++
			for i, k := range keeper {
				if k != w.keeper[i] {
					t.Fatalf("%s: the keeper of text %d is %d, want %d", name(o, seed), i, k, w.keeper[i])
				}
				if k >= 0 {
					gone++
				}
			}
		}
	}
	if exact < 15 || gone < 300 {
		t.Errorf("%d corpora are simple, %d texts of them go: too few", exact, gone)
	}
}

// Large families, which take several waves: what goes has a keeper, who stays is the
// first maximal independent set of the pairs that were found, and hardly a pair that agrees
// in a band is left in the output.
func TestFuzzyLargeFamilies(t *testing.T) {
	if UnderRace {
		t.Skip("compares all pairs of 16 corpora")
	}
	turn, missed, pairs := 0, 0, 0
	for _, num := range []uint64{500, 700, 800, 900} {
		for seed := range uint64(4) {
			o := settings(turn, num)
			turn++
			docs := maker{rand.New(rand.NewPCG(num, 100+seed))}.corpus(250, 80)
			w := newTruth(t, o, num, docs)
			keeper, similarity, m := runFuzzy(t, o, docs)
			if err := w.sound(keeper, similarity); err != nil {
				t.Errorf("%s: %v", name(o, seed), err)
			}
			found, err := w.found(m, 10)
			if err != nil {
				t.Errorf("%s: %v", name(o, seed), err)
			}
			w.solve(func(k, i int) bool { return found[[2]int{k, i}] })
			if !slices.Equal(keeper, w.keeper) {
				t.Errorf("%s: the keepers are not those of the pairs that were found", name(o, seed))
			}
			left, all := w.missed(keeper)
			missed, pairs = missed+left, pairs+all
			t.Logf("%s: %d of %d similar pairs that agree in a band stay, recall %.4f", name(o, seed), left, all, w.recall(keeper))
		}
	}
	if missed*1000 > pairs {
		t.Errorf("%d of %d similar pairs that agree in a band stay", missed, pairs)
	}
}

// Pages of one template share buckets without being similar. The pairs among them
// that are lie beyond the hubs of the first wave; later waves find them.
func TestFuzzyTemplate(t *testing.T) {
	r := maker{rand.New(rand.NewPCG(3, 4))}
	template := r.words(150)
	var docs []doc
	for range 40 {
		own := r.words(35)
		docs = append(docs, doc{text: strings.Join(append(slices.Clone(own), template...), " ")})
	}
	for _, d := range docs[:40] { // each once more, but for a word at the end
		docs = append(docs, doc{text: d.text + " more"})
	}
	o := DefaultFuzzy()
	o.Bands, o.Rows = 4, 1 // few and large buckets
	w := newTruth(t, o, 800, docs)
	for i := range 40 {
		for k := range i {
			if w.similar(k, i) {
				t.Fatalf("pages %d and %d are similar", k, i)
			}
		}
	}
	w.solve(func(int, int) bool { return true })
	keeper, similarity, m := runFuzzy(t, o, docs)
	if err := w.sound(keeper, similarity); err != nil {
		t.Error(err)
	}
	if !slices.Equal(keeper, w.keeper) {
		t.Errorf("keepers %v, want %v", keeper, w.keeper)
	}
	for wave := range 3 {
		if m.Held(fmt.Sprint("fuzzy.edges", wave+1)) == 0 {
			t.Errorf("wave %d finds nothing", wave+1)
		}
	}
}

// A page that comes many times costs no comparison.
func TestFuzzyCopies(t *testing.T) {
	r := maker{rand.New(rand.NewPCG(5, 6))}
	page := strings.Join(r.words(60), " ")
	var docs []doc
	for i := range 5000 {
		docs = append(docs, doc{text: page + strings.Repeat("!", i%7)})
	}
	docs[700].text = page + " and more"
	for _, policy := range []string{"first", "last"} {
		o := DefaultFuzzy()
		o.Keep = policy
		keeper, _, m := runFuzzy(t, o, docs)
		best := map[string]int{"first": 0, "last": 4999}[policy]
		for i, k := range keeper {
			if want := map[bool]int{true: -1, false: best}[i == best]; k != want {
				t.Fatalf("keep %s: the keeper of %d is %d, want %d", policy, i, k, want)
			}
		}
		if n := m.Held("fuzzy.candidates1"); n != 1 {
			t.Errorf("keep %s: %d pairs are candidates", policy, n)
		}
	}
}

func TestFuzzySpecialTexts(t *testing.T) {
	for _, c := range []struct {
		name  string
		texts []string
		want  []int
	}{
		{"no text", nil, nil},
		{"empty texts", []string{"", "", " \n"}, []int{-1, 0, 0}},
		{"without words", []string{"!!!", "???", "!!!", "! !!"}, []int{-1, -1, 0, -1}},
		{"without words, and with", []string{"!!!", "a", "a!!!", ""}, []int{-1, -1, 1, -1}},
		{"fewer words than a shingle", []string{"one two", "One, two!", "one", "two one", "one two three"}, []int{-1, 0, -1, -1, -1}},
		{"a turned circle", []string{"a b c d a b c d a b c d a b c d", "c d a b c d a b c d a b c d a b"}, []int{-1, 0}},
		{"repeated often", []string{"x y x y x y x y x y x y", "x y x y x y x y x y x y x y x y"}, []int{-1, 0}},
		{"one word", []string{"x x x x x x", "x x x x x", "x x x x"}, []int{-1, 0, -1}},
	} {
		var docs []doc
		for _, s := range c.texts {
			docs = append(docs, doc{text: s})
		}
		if got, _, _ := runFuzzy(t, DefaultFuzzy(), docs); !slices.Equal(got, c.want) {
			t.Errorf("%s: keepers %v, want %v", c.name, got, c.want)
		}
	}
}
