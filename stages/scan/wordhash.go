package scan

import (
	"encoding/binary"
	"math/bits"
)

// Keys of the word hash. UTF-8 has no byte 0xff, so that no word can zero a
// factor of its first product.
const (
	key0 = 0xff9e3779b97f4a7d
	key1 = 0xffd6e8feb86659fd
)

// wordSlack is how many bytes behind a word may be read.
const wordSlack = 16

// hashWord returns the hash of the word low[start:end], not empty, of lower
// case UTF-8; 16 bytes behind it must be there, whatever they are. With the
// word padded by zero bytes to blocks of 16, a block being two little-endian
// numbers a and b,
//
//	h = 0;  for each block: h = fold((a ^ key0 ^ h) * (b ^ key1))
//
// where fold is the exclusive or of the halves of a 128-bit product. The hash
// is the upper 61 bits. Words have no zero bytes, so that padding tells all.
func hashWord(low []byte, start, end uint32) uint64 {
	var h uint64
	for ; end-start > 16; start += 16 {
		h = fold(binary.LittleEndian.Uint64(low[start:])^key0^h, binary.LittleEndian.Uint64(low[start+8:])^key1)
	}
	m := masks[(end-start)%32]
	a := binary.LittleEndian.Uint64(low[start:]) & m[0]
	b := binary.LittleEndian.Uint64(low[start+8:]) & m[1]
	return fold(a^key0^h, b^key1) >> 3
}

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// masks keep the first n of 16 bytes.
var masks = newMasks()

func newMasks() (m [32][2]uint64) {
	for n := range 17 {
		for i := range n {
			m[n][i/8] |= 0xff << (i % 8 * 8)
		}
	}
	return m
}

// hashWords appends the hashes of the words that have ended, and keeps an open
// one for the next piece.
func (s *splitter) hashWords(dst []uint64) []uint64 {
	n := s.n &^ 1
	dst = grow(dst, n/2)
	if to := dst[len(dst):][:n/2]; s.vectors && n > 0 {
		hashWordsBMI2(&to[0], &s.low[0], &s.edges[0], n/2)
		dst = dst[:len(dst)+n/2]
	} else {
		for k := 0; k < n; k += 2 {
			dst = append(dst, hashWord(s.low, s.edges[k], s.edges[k+1]))
		}
	}
	start := s.pos
	if s.n%2 != 0 {
		start = int(s.edges[n])
		s.edges[0] = 0
	}
	s.n %= 2
	if start > 0 {
		s.pos = copy(s.low, s.low[start:s.pos])
	}
	return dst
}
