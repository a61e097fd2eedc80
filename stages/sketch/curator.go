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
	a32     []uint32
	b32     []uint32
	a64     []uint64
	b64     []uint64
	hashes  []uint32 // of windows that wait for their turn
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
	c := &Curator{options: o}
	m := newMersenne(o.Seed)
	for range o.Hashes {
		width := 31
		if o.Bits == 64 {
			width = 61
		}
		a, b := m.below(1, width), m.below(0, width)
		c.a32, c.b32 = append(c.a32, uint32(a)), append(c.b32, uint32(b))
		c.a64, c.b64 = append(c.a64, a), append(c.b64, b)
	}
	return c, nil
}

// windowsAtOnce is how many windows are hashed before their hashes are permuted:
// so few that both stay in the first cache.
const windowsAtOnce = 1024

// Sketch32 writes the signature of a text into dst, which has one element for
// each hash. The options must say 32 bits.
func (c *Curator) Sketch32(dst []uint32, text []byte) {
	c.check(32, len(dst))
	if len(text) == 0 {
		clear(dst)
		return
	}
	for i := range dst {
		dst[i] = ^uint32(0)
	}
	windows(text, c.options.NGram, func(w []byte) {
		c.hashes = append(c.hashes, max(1, murmur32(w, c.a32[0])))
		if len(c.hashes) == windowsAtOnce {
			c.permute(dst)
		}
	})
	c.permute(dst)
}

// permute lets the hashes that wait take part in the minima.
func (c *Curator) permute(dst []uint32) {
	permutePlain(dst, c.a32, c.b32, c.hashes)
	c.hashes = c.hashes[:0]
}

func permutePlain(dst, a, b, hashes []uint32) {
	for i, least := range dst {
		for _, h := range hashes {
			least = min(least, h*a[i]+b[i])
		}
		dst[i] = least
	}
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
		h := max(1, murmur64(w, c.a64[0]))
		for i, a := range c.a64 {
			dst[i] = min(dst[i], modulo61(h*a+c.b64[i]))
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
