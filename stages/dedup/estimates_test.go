package dedup

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"sluice/stages"
	"sluice/stages/sketch"
)

// With verify = "sketch" what goes is what comparing all sketches with all gives, where
// the buckets are small, and sound everywhere.
func TestEstimatesAgainstAllPairs(t *testing.T) {
	turn, exact, gone := 0, 0, 0
	for _, num := range []uint64{500, 600, 700, 800, 900, 1000} {
		for seed := range uint64(7) {
			o := settings(turn, num)
			o.Verify = "sketch"
			turn++
			docs := maker{rand.New(rand.NewPCG(num, 40+seed))}.corpus(120, 5)
			w := newTruth(t, o, num, docs)
			w.solve(w.inABand)
			keeper, similarity, m := runFuzzy(t, o, docs)
			if err := w.sound(keeper, similarity); err != nil {
				t.Errorf("%s: %v", name(o, seed), err)
			}
			if _, ok := m.tables["fuzzy.sets1"]; ok {
				t.Errorf("%s: shingle sets are made", name(o, seed))
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
	if exact < 9 || gone < 200 {
		t.Errorf("%d corpora are simple, %d texts of them go: too few", exact, gone)
	}
}

// Large families take several waves of estimates too.
func TestEstimatesOfLargeFamilies(t *testing.T) {
	missed, pairs, later := 0, 0, int64(0)
	for turn, num := range []uint64{500, 700, 800, 900} {
		o := settings(turn, num)
		o.Verify = "sketch"
		docs := maker{rand.New(rand.NewPCG(num, 300))}.corpus(250, 80)
		w := newTruth(t, o, num, docs)
		keeper, similarity, m := runFuzzy(t, o, docs)
		if err := w.sound(keeper, similarity); err != nil {
			t.Errorf("%s: %v", name(o, 300), err)
		}
		found, err := w.found(m, 10)
		if err != nil {
			t.Errorf("%s: %v", name(o, 300), err)
		}
		w.solve(func(k, i int) bool { return found[[2]int{k, i}] })
		if !slices.Equal(keeper, w.keeper) {
			t.Errorf("%s: the keepers are not those of the pairs that were found", name(o, 300))
		}
		left, all := w.missed(keeper)
		missed, pairs = missed+left, pairs+all
		later += m.Held("fuzzy.edges2")
	}
	if missed*1000 > pairs || later == 0 {
		t.Errorf("%d of %d similar pairs that agree in a band stay; the second wave finds %d", missed, pairs, later)
	}
}

// The fraction is sketch.Estimate, and the least number of coordinates that is
// similar is where it reaches the threshold.
func TestEstimateIsThatOfSketches(t *testing.T) {
	for _, k := range []int{128, 256, 260} {
		for _, lanes := range []int{1, 2} {
			f := &family{size: k, lanes: lanes}
			for m := range k + 1 {
				common, all := f.estimate(m)
				want := sketch.Estimate(m, k)
				if lanes > 1 {
					want = float64(m) / float64(k)
				}
				if got := float64(common) / float64(all); math.Abs(got-want) > 1e-12 {
					t.Errorf("%d of %d coordinates: %v, want %v", m, k, got, want)
				}
			}
			for _, x := range []float64{0.01, 0.5, 0.8, 1} {
				threshold, err := parseThreshold(x)
				if err != nil {
					t.Fatal(err)
				}
				least := f.leastSimilar(threshold)
				if !threshold.reached(f.estimate(least)) || threshold.reached(f.estimate(least-1)) {
					t.Errorf("%d coordinates, threshold %v: %d are enough", k, x, least)
				}
			}
		}
	}
}

// The documented error: the standard deviation of the similarity that is listed.
func TestErrorOfEstimates(t *testing.T) {
	const trials = 400
	r := rand.New(rand.NewPCG(9, 9))
	for _, c := range []struct {
		k, all int // coordinates; shingles of two texts, four fifths of them common
		want   float64
	}{{256, 500, 0.018}, {256, 10_000, 0.025}, {128, 500, 0.030}, {128, 10_000, 0.035}} {
		f := &family{name: "fast", size: c.k, lanes: 1}
		fast, err := sketch.NewFast(c.k)
		if err != nil {
			t.Fatal(err)
		}
		a, b := make([]uint16, c.k), make([]uint16, c.k)
		var bias, square float64
		for range trials {
			set := make([]uint64, c.all)
			for i := range set {
				set[i] = r.Uint64()
			}
			fast.Sketch(a, set[:c.all*9/10])
			fast.Sketch(b, set[c.all/10:])
			common, all := f.estimate(f.agreeing(a, b))
			e := float64(common)/float64(all) - 0.8
			bias, square = bias+e/trials, square+e*e/trials
		}
		if sd := math.Sqrt(square); math.Abs(sd-c.want) > c.want/7 || math.Abs(bias) > 4*c.want/math.Sqrt(trials) {
			t.Errorf("%d coordinates, %d shingles: error %.4f, bias %.4f, want an error of %.3f", c.k, c.all, sd, bias, c.want)
		}
	}
}

// The table of dedup.fuzzy is one stage with verify = "sketch".
func TestEstimatesAreOneStage(t *testing.T) {
	o := DefaultFuzzy()
	o.Verify = "sketch"
	parts, err := NewFuzzy(stages.Common{Name: "fuzzy", Column: "text"}, o)
	if err != nil {
		t.Fatal(err)
	}
	if passes := stages.Passes(parts); len(passes) != 2 {
		t.Errorf("%d passes, want two", len(passes))
	}
}
