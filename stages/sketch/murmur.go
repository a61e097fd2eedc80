package sketch

import (
	"encoding/binary"
	"math/bits"
)

// murmur32 is MurmurHash3_x86_32 (Appleby, public domain).
func murmur32(p []byte, seed uint32) uint32 {
	h, n := seed, uint32(len(p))
	for ; len(p) >= 4; p = p[4:] {
		h ^= murmurWord(binary.LittleEndian.Uint32(p))
		h = bits.RotateLeft32(h, 13)*5 + 0xe6546b64
	}
	h ^= murmurWord(uint32(tail(p)))
	h ^= n
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	return h ^ h>>16
}

// murmurWord is how a word enters MurmurHash3_x86_32; none, 0, leaves the hash
// as it is.
func murmurWord(k uint32) uint32 { return bits.RotateLeft32(k*0xcc9e2d51, 15) * 0x1b873593 }

// tail reads up to eight bytes, little end first.
func tail(p []byte) (v uint64) {
	for i := len(p) - 1; i >= 0; i-- {
		v = v<<8 | uint64(p[i])
	}
	return v
}

const (
	murmurLow  = 0x87c37b91114253d5
	murmurHigh = 0x4cf5ad432745937f
)

// murmur64 is the first half of MurmurHash3_x64_128 (Appleby, public domain).
func murmur64(p []byte, seed uint64) uint64 {
	h1, h2, n := seed, seed, uint64(len(p))
	for ; len(p) >= 16; p = p[16:] {
		h1 ^= murmurFirst(binary.LittleEndian.Uint64(p))
		h1 = (bits.RotateLeft64(h1, 27)+h2)*5 + 0x52dce729
		h2 ^= murmurSecond(binary.LittleEndian.Uint64(p[8:]))
		h2 = (bits.RotateLeft64(h2, 31)+h1)*5 + 0x38495ab5
	}
	if len(p) > 8 {
		h2 ^= murmurSecond(tail(p[8:]))
	}
	h1 ^= murmurFirst(tail(p[:min(8, len(p))]))
	h1 ^= n
	h2 ^= n
	h1 += h2
	h2 += h1
	return murmurFinish(h1) + murmurFinish(h2)
}

func murmurFirst(k uint64) uint64  { return bits.RotateLeft64(k*murmurLow, 31) * murmurHigh }
func murmurSecond(k uint64) uint64 { return bits.RotateLeft64(k*murmurHigh, 33) * murmurLow }

func murmurFinish(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
