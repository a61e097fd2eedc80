package sketch

import "math/bits"

// none is what an empty bin holds: more than any value.
const none = ^uint64(0)

// bins is the state of a sketch in the making. Parts of a set that are thrown
// apart, round by round together, merge by the minimum of their values.
type bins struct {
	count  int
	shift  uint8 // q >> shift is the bin
	values [maxCoordinates]uint64
}

func newBins(count int) bins {
	return bins{count: count, shift: uint8(32 - bits.Len(uint(count-1)))}
}

// value orders shingles by round, by p, and then by what makes the coordinate:
// 16, 32 and 16 bits.
func value(round int, p, q uint32) uint64 {
	return uint64(round)<<48 | uint64(p)<<16 | uint64(q&0xffff)
}

// sketch is [Fast.Sketch].
func (b *bins) sketch(dst []uint16, shingles []uint64) {
	b.clear()
	for i := 0; i < randomRounds && b.anyEmpty(); i++ {
		b.throw(i, shingles)
	}
	b.direct(shingles)
	b.coordinates(dst)
}

// emptyBins is what bins hold at first.
var emptyBins = newEmptyBins()

func newEmptyBins() (values [maxCoordinates]uint64) {
	for i := range values {
		values[i] = none
	}
	return values
}

func (b *bins) clear() { b.values = emptyBins }

func (b *bins) anyEmpty() bool {
	for _, v := range b.values[:b.count] {
		if v == none {
			return true
		}
	}
	return false
}

// throw is a random round: each bin that is empty at its start takes the
// smallest value of the shingles that fall into it. What comes from rounds
// before is smaller, and stays.
func (b *bins) throw(round int, shingles []uint64) {
	c := salts[round]
	for _, x := range shingles {
		p, q := c.mix(x)
		bin := uint8(q >> (b.shift & 31))
		b.values[bin] = min(b.values[bin], value(round, p, q))
	}
}

// direct fills each empty bin with its smallest value over all shingles.
func (b *bins) direct(shingles []uint64) {
	for bin, held := range b.values[:b.count] {
		if held != none {
			continue
		}
		for _, x := range shingles {
			p, q := salts[randomRounds+bin].mix(x)
			held = min(held, value(randomRounds+bin, p, q))
		}
		b.values[bin] = held
	}
}

// coordinates writes the sketch.
func (b *bins) coordinates(dst []uint16) {
	for i := range dst {
		dst[i] = uint16(b.values[i])
	}
}
