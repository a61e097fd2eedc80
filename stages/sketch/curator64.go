package sketch

import "math/bits"

// signer64 hashes windows with 64 bits and keeps the minima.
type signer64 struct {
	ngram  int
	a, b   []uint64 // a multiple of lanes; the last of them for nothing
	least  []uint64
	hashes [windowsAtOnce]uint64
	n      int  // hashes that wait for their turn
	plain  bool // do without assembly
}

func newSigner64(hashes, ngram int) *signer64 {
	padded := (hashes + lanes - 1) &^ (lanes - 1)
	return &signer64{ngram: ngram, plain: !hasAVX2, a: make([]uint64, padded), b: make([]uint64, padded), least: make([]uint64, padded)}
}

// sign leaves the signature of a text that is not empty in s.least.
func (s *signer64) sign(text []byte) {
	for i := range s.least {
		s.least[i] = prime61
	}
	windows(text, s.ngram, s.window)
	s.permute()
}

// window hashes one window.
func (s *signer64) window(w []byte) {
	if s.n == windowsAtOnce {
		s.permute()
	}
	s.hashes[s.n] = max(1, murmur64(w, s.a[0]))
	s.n++
}

// permute lets the hashes that wait take part in the minima.
func (s *signer64) permute() {
	if s.n > 0 && !s.plain {
		permute64AVX2(&s.least[0], &s.a[0], &s.b[0], uint64(len(s.least)), s.hashes[:s.n])
	} else {
		permute64Plain(s.least, s.a, s.b, s.hashes[:s.n])
	}
	s.n = 0
}

func permute64Plain(least, a, b, hashes []uint64) {
	for i, m := range least {
		for _, h := range hashes {
			m = min(m, modulo61(h*a[i]+b[i]))
		}
		least[i] = m
	}
}

// prime61 is 2^61 - 1, a Mersenne prime.
const prime61 = 1<<61 - 1

// modulo61 returns x modulo prime61.
func modulo61(x uint64) uint64 {
	x = x&prime61 + x>>61
	less, borrow := bits.Sub64(x, prime61, 0)
	if borrow != 0 {
		return x
	}
	return less
}
