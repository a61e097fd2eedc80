package sketch

import (
	"fmt"
	"math/bits"
)

// CuratorOptions are the parameters of NeMo Curator's MinHash. Its defaults are
// 32 bits, 20 bands of 13 hashes, 24 code points, seed 42.
type CuratorOptions struct {
	Bits   int // 32 or 64
	Hashes int // bands times rows
	NGram  int // code points of a window
	Seed   uint32
}

// Curator makes the MinHash signatures of NeMo Curator's GPUMinHash, that is of
// cuDF's nvtext::minhash_permuted, bit for bit. A *Curator holds scratch and
// belongs to one goroutine.
//
// Text is UTF-8 as it comes; windows are runs of code points, and a byte that
// belongs to no valid one counts as one. A text shorter than the window is one
// window. A text of no bytes has a signature of zeros.
//
// A window's hash is MurmurHash3 (x86_32, or the first half of x64_128) with the
// first multiplier as seed, and 1 instead of 0. Hash i of the signature is the
// minimum over windows of (hash * a[i] + b[i]), in 32 bits; or in 64 bits, and
// then modulo 2^61 - 1. The a and b come alternately from
// numpy.random.RandomState(seed).randint: from 1, and from 0, below 2^31 - 1 or
// 2^61 - 1.
type Curator struct {
	options CuratorOptions
	signer  *signer  // of 32 bits
	a, b    []uint64 // of 64 bits
}

// NewCurator returns a Curator, or an error that names the option at fault.
func NewCurator(o CuratorOptions) (*Curator, error) {
	if o.Bits != 32 && o.Bits != 64 {
		return nil, fmt.Errorf("hash bits = %d; have 32, 64", o.Bits)
	}
	if o.Hashes < 1 {
		return nil, fmt.Errorf("hashes = %d; have 1 and more", o.Hashes)
	}
	if o.NGram < 1 {
		return nil, fmt.Errorf("n-gram = %d code points; have 1 and more", o.NGram)
	}
	c := &Curator{options: o, signer: newSigner(o.Hashes, o.NGram)}
	width := 31
	if o.Bits == 64 {
		width = 61
	}
	for i, m := 0, newMersenne(o.Seed); i < o.Hashes; i++ {
		a, b := m.below(1, width), m.below(0, width)
		c.signer.a[i], c.signer.b[i] = uint32(a), uint32(b)
		c.a, c.b = append(c.a, a), append(c.b, b)
	}
	return c, nil
}

// Sketch32 writes the signature of a text into dst, which has one element for
// each hash. The options must say 32 bits.
func (c *Curator) Sketch32(dst []uint32, text []byte) {
	c.check(32, len(dst))
	if len(text) == 0 {
		clear(dst)
		return
	}
	c.signer.sign(text)
	copy(dst, c.signer.least)
}

// Sketch64 writes the signature of a text into dst, which has one element for
// each hash. The options must say 64 bits.
func (c *Curator) Sketch64(dst []uint64, text []byte) {
	c.check(64, len(dst))
	if len(text) == 0 {
		clear(dst)
		return
	}
	for i := range dst {
		dst[i] = ^uint64(0)
	}
	windows(text, c.options.NGram, func(w []byte) {
		h := max(1, murmur64(w, c.a[0]))
		for i, a := range c.a {
			dst[i] = min(dst[i], modulo61(h*a+c.b[i]))
		}
	})
}

// modulo61 returns x modulo the prime 2^61 - 1.
func modulo61(x uint64) uint64 {
	const prime = 1<<61 - 1
	x = x&prime + x>>61
	less, borrow := bits.Sub64(x, prime, 0)
	if borrow != 0 {
		return x
	}
	return less
}

func (c *Curator) check(width, n int) {
	if width != c.options.Bits || n != c.options.Hashes {
		panic(fmt.Sprintf("sketch: %d hashes of %d bits for %d of %d", n, width, c.options.Hashes, c.options.Bits))
	}
}
