package sketch

import "math/bits"

const (
	lanes = 8    // of a vector register
	run   = 1024 // shingles in work at a time: their words stay in the first cache

	lookEvery = 768 // shingles
)

// vectors does the work of [bins] with AVX2, to the same bits. It holds scratch.
type vectors struct {
	salts  [randomRounds + maxCoordinates]salt
	values [run]uint64
	bins   [run + lanes]uint32
	words  [run + lanes]uint32
	few    [lanes]uint64
	open   [maxCoordinates / 64]uint64 // bins that are empty
	direct struct{ s, t, p, q [maxCoordinates]uint32 }
}

// sketch is bins.sketch. It looks for empty bins after several rounds of a small
// set, so that few rounds wait for the one before. The first of them fill most
// bins; of the others few shingles matter.
func (v *vectors) sketch(b *bins, dst []uint16, shingles []uint64) {
	b.clear()
	step := max(1, min(randomRounds, lookEvery/len(shingles)))
	v.throwFirst(b, step, shingles)
	left := v.look(b)
	for i := step; i < randomRounds && left > 0; {
		for end := min(randomRounds, i+step); i < end; i++ {
			v.throw(b, i, shingles)
		}
		left = v.look(b)
	}
	if left > 0 {
		v.fill(b, shingles)
	}
	coordinatesAVX2(dst, &b.values)
}

// look finds the bins that are empty and returns their number.
func (v *vectors) look(b *bins) (left int) {
	vacantAVX2(&b.values, &v.open)
	clear(v.open[b.count/64:])
	for _, word := range v.open {
		left += bits.OnesCount64(word)
	}
	return left
}

// whole returns a multiple of lanes of shingles to work on next, and the
// others. Where fewer are left they are repeated, which changes no minimum.
func (v *vectors) whole(shingles []uint64) (part, rest []uint64) {
	if n := min(run, len(shingles)&^(lanes-1)); n > 0 {
		return shingles[:n], shingles[n:]
	}
	for i := range v.few {
		v.few[i] = shingles[min(i, len(shingles)-1)]
	}
	return v.few[:], nil
}

// throwFirst does the first rounds.
func (v *vectors) throwFirst(b *bins, rounds int, shingles []uint64) {
	for part := shingles; len(shingles) > 0; {
		part, shingles = v.whole(shingles)
		throwAVX2(&v.values[0], &v.bins[0], part, &v.salts[0].s, 0, uint64(rounds), uint64(b.shift))
		lowerAVX2(&b.values, &v.values[0], &v.bins[0], uint64(len(part)*rounds))
	}
}

// throw does a later round, with the shingles that fall into empty bins.
func (v *vectors) throw(b *bins, round int, shingles []uint64) {
	c, shift := salts[round], uint64(b.shift)
	for part := shingles; len(shingles) > 0; {
		part, shingles = v.whole(shingles)
		n := sieveAVX2(&v.words[0], &v.bins[0], part, &v.open, c.s, c.t, shift)
		lowerWordsAVX2(&b.values, &v.words[0], &v.bins[0], n, uint64(round), shift)
	}
}

// fill is bins.direct.
func (v *vectors) fill(b *bins, shingles []uint64) {
	d, which, n := &v.direct, [maxCoordinates]uint8{}, 0
	for i, word := range v.open {
		for ; word != 0; word &= word - 1 {
			bin := i<<6 | bits.TrailingZeros64(word)
			c := salts[randomRounds+bin]
			which[n], d.s[n], d.t[n] = uint8(bin), c.s, c.t
			n++
		}
	}
	directAVX2(&d.p[0], &d.q[0], &d.s[0], &d.t[0], uint64(n+lanes-1)&^(lanes-1), shingles)
	for i, bin := range which[:n] {
		b.values[bin] = value(randomRounds+int(bin), d.p[i], d.q[i])
	}
}
