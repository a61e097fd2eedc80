package sketch

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func newFast(t testing.TB, coordinates int) *Fast {
	t.Helper()
	f, err := NewFast(coordinates)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A hash gives the two words of a shingle in a round.
type hash func(shingle uint64, round int) (p, q uint32)

// literal is the definition of design and doc comment, read word for word, with
// any hash.
func literal(shingles []uint64, k int, h hash) []uint16 {
	type held struct {
		full bool
		p, q uint32
	}
	less := func(p, q uint32, b held) bool { return !b.full || p < b.p || p == b.p && q < b.q }
	all := make([]held, k)
	for i := 0; i < 16; i++ {
		round, full := make([]held, k), true
		for _, x := range shingles {
			p, q := h(x, i)
			bin := int(q >> 24)
			if k == 128 {
				bin = int(q >> 25)
			}
			if less(p, q&0xffff, round[bin]) {
				round[bin] = held{true, p, q & 0xffff}
			}
		}
		for j := range all {
			if !all[j].full {
				all[j] = round[j]
			}
			full = full && all[j].full
		}
		if full {
			break
		}
	}
	out := make([]uint16, k)
	for j, b := range all {
		if !b.full {
			for _, x := range shingles {
				if p, q := h(x, 16+j); less(p, q&0xffff, b) {
					b = held{true, p, q & 0xffff}
				}
			}
		}
		out[j] = uint16(b.q)
	}
	return out
}

// design is the hash of the definition, with tables of its own.
func design() hash {
	var s, t [16 + 256]uint32
	x := uint64(0x736c75696365)
	for i := range s {
		x += 0x9e3779b97f4a7c15
		z := x
		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
		z = (z ^ (z >> 27)) * 0x94d049bb133111eb
		z ^= z >> 31
		s[i], t[i] = uint32(z&0xffffffff), uint32(z>>32)
	}
	return func(x uint64, i int) (p, q uint32) {
		a, b := uint32(x&0xffffffff), uint32(x>>32)
		p = (a ^ s[i]) * 0x85ebca6b
		p ^= p >> 15
		p = (p ^ b ^ t[i]) * 0xc2b2ae35
		p ^= p >> 13
		p *= 0x9e3779b1
		p ^= p >> 16
		q = (p + b) * 0x7feb352d
		q ^= q >> 15
		q = (q ^ a) * 0x846ca68b
		q ^= q >> 16
		return p, q
	}
}

// sizes are numbers of shingles around those at which the work changes.
var sizes = []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 33, 40, 63, 64, 65, 100, 127, 128, 300, 511, 512, 513, 650, 1500, 5000}

func TestFastIsTheDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	h := design()
	for _, k := range []int{128, 256} {
		f, dst := newFast(t, k), make([]uint16, k)
		for _, n := range sizes {
			for name, shingles := range shingleSets(rng, n) {
				f.Sketch(dst, shingles)
				if want := literal(shingles, k, h); !slices.Equal(dst, want) {
					t.Errorf("%d coordinates of %d %s shingles: %d, want %d", k, n, name, dst, want)
				}
			}
		}
	}
}

// shingleSets returns sets that are random, sequential, all the same, and with
// duplicates.
func shingleSets(rng *rand.Rand, n int) map[string][]uint64 {
	sets := map[string][]uint64{"random": nil, "sequential": nil, "equal": nil, "repeated": nil, "high": nil}
	base := rng.Uint64()
	for i := range uint64(n) {
		sets["random"] = append(sets["random"], rng.Uint64())
		sets["sequential"] = append(sets["sequential"], base+i)
		sets["equal"] = append(sets["equal"], base)
		sets["repeated"] = append(sets["repeated"], splitMix(base+rng.Uint64N(uint64(n)/4+1)))
		sets["high"] = append(sets["high"], i<<32)
	}
	return sets
}

// Neither order nor repetition matters.
func TestFastTakesSets(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for _, k := range []int{128, 256} {
		f, a, b := newFast(t, k), make([]uint16, k), make([]uint16, k)
		for _, n := range sizes {
			set := shingleSets(rng, n)["random"]
			f.Sketch(a, set)
			for range n / 2 {
				set = append(set, set[rng.IntN(n)])
			}
			rng.Shuffle(len(set), func(i, j int) { set[i], set[j] = set[j], set[i] })
			before := slices.Clone(set)
			if f.Sketch(b, set); !slices.Equal(a, b) {
				t.Errorf("%d coordinates of %d shingles depend on order or repetition", k, n)
			}
			if !slices.Equal(before, set) {
				t.Errorf("Sketch changed its shingles")
			}
		}
	}
}

// Parts of a set that are thrown apart and merged after each round by minimum
// are the whole.
func TestPartsMerge(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for _, k := range []int{128, 256} {
		f, want := newFast(t, k), make([]uint16, k)
		for _, n := range sizes {
			set := shingleSets(rng, n)["random"]
			f.Sketch(want, set)
			cut := rng.IntN(n + 1)
			if got := inParts(k, set[:cut], set[cut:]); !slices.Equal(got, want) {
				t.Errorf("%d coordinates of %d shingles in parts: %d, want %d", k, n, got, want)
			}
		}
	}
}

func inParts(k int, parts ...[]uint64) []uint16 {
	state := newBins(k)
	state.clear()
	round := func(step func(b *bins, part []uint64)) {
		merged := state
		for _, part := range parts {
			one := state
			step(&one, part)
			for j, v := range one.values {
				merged.values[j] = min(merged.values[j], v)
			}
		}
		state = merged
	}
	for i := 0; i < randomRounds && state.anyEmpty(); i++ {
		round(func(b *bins, part []uint64) { b.throw(i, part) })
	}
	round(func(b *bins, part []uint64) { b.direct(part) })
	out := make([]uint16, k)
	state.coordinates(out)
	return out
}

func TestNewFastRefuses(t *testing.T) {
	for _, k := range []int{-1, 0, 64, 127, 512} {
		if _, err := NewFast(k); err == nil {
			t.Errorf("%d coordinates are accepted", k)
		}
	}
	if f := newFast(t, 128); f.Coordinates() != 128 {
		t.Errorf("128 coordinates are %d", f.Coordinates())
	}
}
