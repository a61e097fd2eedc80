package sketch

import (
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// sweep names the variable that asks for the full sweep, ten to twenty minutes
// of it; its value is the seed. What runs without is a sample of it.
const sweep = "SLUICE_SWEEP"

// limit is how many standard deviations a figure may be off: a sweep makes
// some 3,000 of them.
const limit = 5

// plan is what a sweep tries, and how often.
type plan struct {
	seed         uint64
	coordinates  []int
	sizes        []int
	similarities []float64
	trials       func(n int) int
}

func newPlan(t *testing.T) plan {
	if v := os.Getenv(sweep); v != "" {
		seed, err := strconv.ParseUint(v, 10, 64)
		if err != nil {
			t.Fatalf("%s = %q is no seed", sweep, v)
		}
		return plan{seed, []int{256, 128}, []int{2, 3, 5, 8, 10, 16, 30, 60, 120, 300, 1000, 3000, 10000, 30000, 100000},
			[]float64{0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99}, func(n int) int { return min(20000, max(400, 20000000/n)) }}
	}
	p := plan{1, []int{256, 128}, []int{2, 10, 40, 300, 5000}, []float64{0, 0.5, 0.8, 0.95}, func(n int) int { return min(1500, max(100, 300000/n)) }}
	if underRace || testing.Short() {
		p.sizes, p.similarities, p.coordinates = []int{10, 300}, []float64{0.8}, []int{256}
		p.trials = func(int) int { return 200 }
	}
	return p
}

// Sketches behave as the theory says: each coordinate agrees with probability
// j + (1 - j) 2^-16; the spread of their number is that of the algorithm with
// ideal hashes, and not above that of independent coordinates; pairs meet in
// bands as often.
func TestStatistics(t *testing.T) {
	p, began, most := newPlan(t), time.Now(), map[string]float64{}
	note := func(what string, z float64) bool {
		most[what] = max(most[what], math.Abs(z))
		return math.Abs(z) > limit
	}
	falseHits, falseTries := 0, 0
	for _, k := range p.coordinates {
		f := newFast(t, k)
		for _, n := range p.sizes {
			for _, j := range p.similarities {
				c := cell{k, n, j, "random", p.trials(n)}
				if !c.possible() || c.common() == n { // equal sets have equal sketches
					continue
				}
				rng := rand.New(rand.NewPCG(p.seed, uint64(k)<<40|uint64(n)<<8|uint64(j*100)))
				base := c.baseline(p.seed, rng)
				for _, kind := range slices.Sorted(maps.Keys(kinds)) {
					c.kind = kind
					o := c.run(rng, func(_ int, dst []uint16, shingles []uint64) { f.Sketch(dst, shingles) })
					c.judge(t, o, base, note)
					if c.common() == 0 {
						falseHits, falseTries = falseHits+o.agreeing, falseTries+o.trials*k
					}
				}
			}
		}
	}
	if falseTries > 0 {
		want := float64(falseTries) * falseAgreement
		if z := (float64(falseHits) - want) / math.Sqrt(want); note("false agreement", z) {
			t.Errorf("%d of %d coordinates agree falsely, want %.0f", falseHits, falseTries, want)
		}
		t.Logf("false agreement: %d of %d, expected %.1f", falseHits, falseTries, want)
	}
	t.Logf("%v; largest deviations, in standard deviations: %v", time.Since(began).Round(time.Second), most)
}

// baseline runs the cell with ideal hashes. Large sets are left out: there the
// formulas for independent coordinates hold.
func (c cell) baseline(seed uint64, rng *rand.Rand) *outcome {
	if c.n > 1000 {
		return nil
	}
	c.trials = min(c.trials, 5000)
	o := c.run(rng, func(trial int, dst []uint16, shingles []uint64) {
		copy(dst, literal(shingles, c.coordinates, ideal(seed, trial)))
	})
	return &o
}

func (c cell) judge(t *testing.T, o outcome, base *outcome, note func(string, float64) bool) {
	j := c.exact()
	p := j + (1-j)*falseAgreement
	n := float64(o.trials)
	independent := math.Sqrt(p * (1 - p) / float64(c.coordinates))
	bad, one, all := false, 0.0, 0.0
	if j > 0 {
		bad = note("bias", (o.bias()-(p-j))*math.Sqrt(n)/max(o.deviation(), independent/4)) || bad
	}
	if n*p*(1-p) > 25 {
		one, all = o.worst(p)
		bad = note("coordinate", one-1) || bad // 256 of them a cell
		bad = note("all coordinates", all) || bad
	}
	cut := BandsFor(0.8, c.coordinates)
	// A large set gives each bin a shingle of its own: a sample without replacement.
	want, spread := cut.Found(p), independent*math.Sqrt(max(0, float64(c.n-c.coordinates)/float64(c.n-1)))
	share, error2 := float64(o.found)/n, 1/n
	if base != nil {
		m := float64(base.trials)
		want = (float64(o.found) + float64(base.found)) / (n + m)
		share, error2 = share-float64(base.found)/m+want, 1/n+1/m
		spread = base.rmse()
	}
	if v := want * (1 - want); v*n > 5 {
		bad = note("bands", (share-want)/math.Sqrt(v*error2)) || bad
	}
	if j > 0 {
		bad = note("rmse to ideal", (o.rmse()/spread-1)/math.Sqrt(error2/2)) || bad
		bad = max(0, o.rmse()/independent-1) > limit/math.Sqrt(2*n) || bad
	}
	line := t.Logf
	if bad {
		line = t.Errorf
	} else if os.Getenv(sweep) == "" {
		return
	}
	line("k=%d n=%d J=%.4f %-10s trials %d: bias %+.5f rmse %.4f (ideal %.4f, independent %.4f) found %.4f (%.4f, S-curve %.4f) coordinates %+.2f, worst %.2f",
		c.coordinates, c.n, j, c.kind, o.trials, o.bias()-(p-j), o.rmse(), spread, independent, float64(o.found)/n, want, cut.Found(p), all, one)
}
