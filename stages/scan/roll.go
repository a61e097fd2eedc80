package scan

import "math/bits"

// Shingle hashes, version 1. A shingle is a sequence of numbers v[0], ...,
// v[n-1] below 2^61: code points, or hashes of words. Its hash is
//
//	mix(v[0]*B^(n-1) + v[1]*B^(n-2) + ... + v[n-1] mod 2^61-1, n)
//
// where B is a primitive root modulo the prime 2^61-1. Two different windows of
// n numbers collide only where B is a root of their difference, for about n in
// 2^61 of the bases; no window length is special, which cannot be said of
// cyclic polynomials or of polynomials modulo 2^64. A polynomial rolls: one
// multiplication lets a number in, one lets the last one out.
const (
	prime  = 1<<61 - 1
	base   = 0x13d282f7269f868 // SHA-256 of "sluice shingle 1", its first 57 bits from the little end
	golden = 0x9e3779b97f4a7c15
)

// roll multiplies by the base and adds, not fully reduced: with h and add of
// any 64 bits and add <= 2^62+2^61 it stays below 2^64 and is right modulo the
// prime. The base times 8 parts the product at bit 61.
func roll(h, add uint64) uint64 {
	hi, lo := bits.Mul64(h, base<<3)
	return hi + lo>>3 + add
}

// leave returns what lets v out of a window when it is added to the next
// number; power is the base to the size of the window. It is at most 2^62-2.
func leave(v, power uint64) uint64 {
	hi, lo := bits.Mul64(v, power<<3)
	return 2*prime - hi - lo>>3
}

// reduce brings h below the prime.
func reduce(h uint64) uint64 {
	h = h&prime + h>>61
	if h >= prime {
		h -= prime
	}
	return h
}

// mix spreads the value of a shingle of n numbers over 64 bits: SplitMix64's
// finaliser (Steele, Lea, Flood, OOPSLA 2014), with the number as its step.
func mix(h uint64, n int) uint64 {
	x := reduce(h) + uint64(n)*golden
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// power returns the base to the n-th, fully reduced.
func power(n int) uint64 {
	p, b := uint64(1), uint64(base)
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			p = mulmod(p, b)
		}
		b = mulmod(b, b)
	}
	return p
}

func mulmod(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b<<3)
	return reduce(hi + lo>>3)
}

// A roller turns values into the hashes of the windows over them.
type roller struct {
	size    int
	power   uint64 // the base to the size
	vectors bool   // call assembly

	// values[:done] are in h, of which all but the last size have left again.
	// Who has more values appends them.
	values []uint64
	done   int
	h      uint64
}

func (r *roller) reset() { r.values, r.done, r.h = r.values[:0], 0, 0 }

// drain appends the hashes of the windows that end in new values.
func (r *roller) drain(dst []uint64) []uint64 {
	if r.done < r.size {
		for r.done < min(r.size, len(r.values)) {
			r.h = roll(r.h, r.values[r.done])
			r.done++
		}
		if r.done < r.size {
			return dst
		}
		dst = append(dst, mix(r.h, r.size))
	}
	dst = r.windows(dst)
	if spare := len(r.values) - r.size; spare >= max(r.size, pieceSize) {
		r.values = r.values[:copy(r.values, r.values[spare:])]
		r.done = len(r.values)
	}
	return dst
}

// windows appends the hashes of full windows.
func (r *roller) windows(dst []uint64) []uint64 {
	in := r.values[r.done:]
	if len(in) == 0 {
		return dst
	}
	out := r.values[r.done-r.size:][:len(in)]
	r.done = len(r.values)
	dst = grow(dst, len(in))
	to := dst[len(dst):][:len(in)]
	dst = dst[:len(dst)+len(in)]
	if n := len(in) &^ 3; r.vectors && n > 0 {
		r.h = windowsAVX2(&to[0], &in[0], &out[0], n, r.h, r.power<<3, uint64(r.size)*golden)
		to, in, out = to[n:], in[n:], out[n:]
	}
	r.h = windows(to, in, out, r.h, r.power, r.size)
	return dst
}

// windows writes the hashes of windows of n values to dst, the last one of
// each from in, where those in out leave first. It takes the last value and
// returns the new one.
func windows(dst, in, out []uint64, h, power uint64, n int) uint64 {
	for i, v := range in {
		h = roll(h, v+leave(out[i], power))
		dst[i] = mix(h, n)
	}
	return h
}

// finish appends the hash of all values where there were fewer than a window.
func (r *roller) finish(dst []uint64) []uint64 {
	if r.done >= r.size || r.done == 0 {
		return dst
	}
	return append(dst, mix(r.h, len(r.values)))
}
