package sketch

import (
	"math"
	"math/rand/v2"
)

// cell is one experiment: pairs of sets with a union of n shingles, of which
// the share j is common, sketched many times.
type cell struct {
	coordinates, n int
	j              float64
	kind           string
	trials         int
}

// kinds are ways to draw the shingles of a pair: at random, or one after the
// other from a random base, counted in the low or the high half.
var kinds = map[string]func(*rand.Rand) func() uint64{
	"random":     func(r *rand.Rand) func() uint64 { return r.Uint64 },
	"sequential": func(r *rand.Rand) func() uint64 { return counter(r.Uint64(), 1) },
	"high":       func(r *rand.Rand) func() uint64 { return counter(r.Uint64(), 1<<32) },
}

func counter(x, step uint64) func() uint64 {
	return func() uint64 {
		x += step
		return x
	}
}

// common returns how many shingles a pair shares.
func (c cell) common() int { return int(math.Round(c.j * float64(c.n))) }

// exact is the Jaccard similarity of the pairs.
func (c cell) exact() float64 { return float64(c.common()) / float64(c.n) }

// possible says whether neither set is empty.
func (c cell) possible() bool { return c.common() > 0 || c.n > 1 }

// pair draws two sets; what is not common goes to them in turn.
func (c cell) pair(rng *rand.Rand, a, b []uint64) (x, y []uint64) {
	next := kinds[c.kind](rng)
	for range c.common() {
		s := next()
		a, b = append(a, s), append(b, s)
	}
	for i := range c.n - c.common() {
		if i%2 == 0 {
			a = append(a, next())
		} else {
			b = append(b, next())
		}
	}
	return a, b
}

// outcome is what the trials of a cell gave.
type outcome struct {
	trials     int
	sum, sum2  float64 // of the share of agreeing coordinates, less j
	coordinate []int   // how often each agreed
	found      int     // pairs that met in some band
	bands      int     // bands in which pairs met
	agreeing   int     // coordinates that agreed, in all
}

// run sketches pairs; sketch is called twice for each.
func (c cell) run(rng *rand.Rand, sketch func(trial int, dst []uint16, shingles []uint64)) outcome {
	o := outcome{coordinate: make([]int, c.coordinates)}
	x, y := make([]uint16, c.coordinates), make([]uint16, c.coordinates)
	var a, b []uint64
	for o.trials < c.trials {
		a, b = c.pair(rng, a[:0], b[:0])
		sketch(o.trials, x, a)
		sketch(o.trials, y, b)
		o.add(x, y, c.exact())
	}
	return o
}

func (o *outcome) add(x, y []uint16, j float64) {
	n := 0
	for i := range x {
		if x[i] == y[i] {
			o.coordinate[i]++
			n++
		}
	}
	e := float64(n)/float64(len(x)) - j
	o.trials, o.agreeing = o.trials+1, o.agreeing+n
	o.sum, o.sum2 = o.sum+e, o.sum2+e*e
	met, cut := 0, BandsFor(0.8, len(x))
	for band := range cut.Bands {
		if cut.Key(x, band) == cut.Key(y, band) {
			met++
		}
	}
	o.bands += met
	o.found += min(1, met)
}

func (o outcome) bias() float64 { return o.sum / float64(o.trials) }

func (o outcome) rmse() float64 { return math.Sqrt(o.sum2 / float64(o.trials)) }

// deviation is the standard deviation of one trial.
func (o outcome) deviation() float64 {
	return math.Sqrt(max(0, o.sum2/float64(o.trials)-o.bias()*o.bias()))
}

// worst returns the largest deviation of a coordinate's collisions from its
// expectation, in standard deviations, and that of their sum of squares.
func (o outcome) worst(p float64) (one, all float64) {
	n, sum := float64(o.trials), 0.0
	for _, count := range o.coordinate {
		z := (float64(count) - n*p) / math.Sqrt(n*p*(1-p))
		one, sum = max(one, math.Abs(z)), sum+z*z
	}
	k := float64(len(o.coordinate))
	return one, (sum - k) / math.Sqrt(2*k)
}

// ideal returns a hash as good as any, of its own for each trial: what the
// theory of the algorithm takes for granted.
func ideal(seed uint64, trial int) hash {
	key := splitMix(seed + splitMix(uint64(trial)+1))
	return func(x uint64, i int) (p, q uint32) {
		z := splitMix(splitMix(splitMix(x^key)+uint64(i)*0x9e3779b97f4a7c15) ^ splitMix(key+uint64(i)))
		return uint32(z), uint32(z >> 32)
	}
}
