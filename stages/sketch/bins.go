package sketch

import "math/bits"

// none is what an empty bin holds: more than any value.
const none = ^uint64(0)

// bins is the state between rounds. Parts of a set that are thrown apart, each
// from the same state, merge by the minimum of their values after each round.
type bins struct {
	count int
	shift uint8 // q >> shift is the bin
	left  int   // bins that are empty
	empty [maxCoordinates / 64]uint64
	// p, then the low 16 bits of q, then 16 zeros; or none. Rounds need not be
	// part of it: only empty bins take values.
	values [maxCoordinates]uint64
}

func newBins(count int) bins {
	return bins{count: count, shift: uint8(32 - bits.Len(uint(count-1)))}
}

// value orders shingles by p, then by what makes the coordinate.
func value(p, q uint32) uint64 { return uint64(p)<<32 | uint64(q<<16) }

func (b *bins) clear() {
	b.left = b.count
	for i := range b.values {
		b.values[i] = none
	}
	for i := range b.empty[:b.count/64] {
		b.empty[i] = none
	}
}

// sketch is [Fast.Sketch].
func (b *bins) sketch(dst []uint16, shingles []uint64) {
	b.clear()
	for i := 0; i < randomRounds && b.left > 0; i++ {
		b.throw(salts[i], shingles)
	}
	if b.left > 0 {
		b.direct(shingles)
	}
	b.coordinates(dst)
}

// throw is a random round: each bin that is empty at its start takes the
// smallest value of the shingles that fall into it.
func (b *bins) throw(c salt, shingles []uint64) {
	for _, x := range shingles {
		p, q := c.mix(x)
		if bin := uint8(q >> (b.shift & 31)); b.empty[bin>>6]>>(bin&63)&1 != 0 {
			b.values[bin] = min(b.values[bin], value(p, q))
		}
	}
	b.close()
}

// close ends a round: bins that took a value are empty no longer.
func (b *bins) close() {
	b.left = 0
	for i, word := range b.empty {
		for w := word; w != 0; w &= w - 1 {
			if j := bits.TrailingZeros64(w); b.values[i<<6|j] != none {
				word &^= 1 << j
			}
		}
		b.empty[i] = word
		b.left += bits.OnesCount64(word)
	}
}

// direct fills each empty bin with its smallest value over all shingles.
func (b *bins) direct(shingles []uint64) {
	for bin := range b.values[:b.count] {
		if b.values[bin] != none {
			continue
		}
		least := none
		for _, x := range shingles {
			least = min(least, value(salts[randomRounds+bin].mix(x)))
		}
		b.values[bin] = least
	}
	b.empty, b.left = [len(b.empty)]uint64{}, 0
}

// coordinates writes the sketch.
func (b *bins) coordinates(dst []uint16) {
	for i := range dst {
		dst[i] = uint16(b.values[i] >> 16)
	}
}
