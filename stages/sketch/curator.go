package sketch

import "fmt"

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
	options  CuratorOptions
	signer   *signer   // of 32 bits, or
	signer64 *signer64 // of 64
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
	c, m := &Curator{options: o}, newMersenne(o.Seed)
	if o.Bits == 32 {
		c.signer = newSigner(o.Hashes, o.NGram)
		for i := range o.Hashes {
			c.signer.a[i], c.signer.b[i] = uint32(m.below(1, 31)), uint32(m.below(0, 31))
		}
	} else {
		c.signer64 = newSigner64(o.Hashes, o.NGram)
		for i := range o.Hashes {
			c.signer64.a[i], c.signer64.b[i] = m.below(1, 61), m.below(0, 61)
		}
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
	c.signer64.sign(text)
	copy(dst, c.signer64.least)
}

func (c *Curator) check(width, n int) {
	if width != c.options.Bits || n != c.options.Hashes {
		panic(fmt.Sprintf("sketch: %d hashes of %d bits for %d of %d", n, width, c.options.Hashes, c.options.Bits))
	}
}
