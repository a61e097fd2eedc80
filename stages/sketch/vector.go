package sketch

import "math/bits"

const (
	lanes = 8 // of a vector register
	run   = 512
)

// vectors does the rounds of [bins] with AVX2, to the same bits. Its scratch
// holds a run of shingles.
type vectors struct {
	ps, qs [run + lanes]uint32
	few    [lanes]uint64
}

// sketch is bins.sketch.
func (v *vectors) sketch(b *bins, dst []uint16, shingles []uint64) {
	some := v.fill(shingles)
	b.clear()
	v.first(b, salts[0], some)
	for i := 1; i < randomRounds && b.left > 0; i++ {
		v.throw(b, salts[i], some)
	}
	if b.left > 0 {
		v.direct(b, shingles)
	}
	coordinatesAVX2(dst, &b.values)
}

// fill returns at least as many shingles as a register has lanes: fewer are
// repeated, which changes no minimum.
func (v *vectors) fill(shingles []uint64) []uint64 {
	if len(shingles) >= lanes {
		return shingles
	}
	for i := range v.few {
		v.few[i] = shingles[i%len(shingles)]
	}
	return v.few[:]
}

// first is bins.throw for the round in which all bins are empty.
func (v *vectors) first(b *bins, c salt, shingles []uint64) {
	fillAVX2(&b.values, shingles, c.s, c.t, uint64(b.shift))
	vacantAVX2(&b.values, &b.empty)
	b.left = 0
	for i, word := range b.empty {
		if i >= b.count/64 {
			word, b.empty[i] = 0, 0
		}
		b.left += bits.OnesCount64(word)
	}
}

// throw is bins.throw. Most shingles of later rounds fall into full bins: they
// are sifted out first.
func (v *vectors) throw(b *bins, c salt, shingles []uint64) {
	open := b.empty
	for {
		part := shingles[:min(run, len(shingles))]
		n := sieveAVX2(&v.ps[0], &v.qs[0], part, &open, c.s, c.t, uint64(b.shift))
		b.take(v.ps[:n], v.qs[:n])
		if len(part) == len(shingles) {
			return
		}
		shingles = shingles[min(run, len(shingles)-lanes):]
	}
}

// take lowers the values of bins that were empty to those of given words.
func (b *bins) take(ps, qs []uint32) {
	shift := b.shift & 31
	qs = qs[:len(ps)]
	for i, p := range ps {
		q := qs[i]
		bin := uint8(q >> shift)
		if b.values[bin] == none {
			b.empty[bin>>6] &^= 1 << (bin & 63)
			b.left--
		}
		b.values[bin] = min(b.values[bin], value(p, q))
	}
}

// direct is bins.direct, for eight bins at a time.
func (v *vectors) direct(b *bins, shingles []uint64) {
	var which [lanes]uint8
	var s, t, ps, qs [lanes]uint32
	n := 0
	for i, word := range b.empty {
		for ; word != 0; word &= word - 1 {
			bin := i<<6 | bits.TrailingZeros64(word)
			c := salts[randomRounds+bin]
			which[n], s[n], t[n] = uint8(bin), c.s, c.t
			if n++; n < lanes && b.left > 1 {
				b.left--
				continue
			}
			b.left--
			directAVX2(&ps, &qs, &s, &t, shingles)
			for k := range n {
				b.values[which[k]] = value(ps[k], qs[k])
			}
			n = 0
		}
		b.empty[i] = 0
	}
}
