package scan

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// hashes tells which sequences of words may occur more than once: those whose
// hash does, or some bits of it. Most sequences occur once, and are sorted out
// for a few steps each.
type hashes struct {
	of       []uint64 // by first word
	again    []uint32 // first words of sequences that may have others like them, ascending
	keys     []uint64 // of single words
	one, two []uint64 // bits, by hash: it was there, it was there before
}

// find fills in of and again for sequences of n words.
func (h *hashes) find(d *Document, n int) {
	first, second := d.secrets()
	h.keys = d.appendKeys(h.keys[:0], first, second)
	h.of = slices.Grow(h.of[:0], len(h.keys))[:len(h.keys)-n+1]
	for i := range h.of {
		of := h.keys[i] ^ first
		for _, key := range h.keys[i+1 : i+n] {
			of = fold(of, key^second) ^ first
		}
		h.of[i] = of
	}
	if n == 1 { // keys of short words are the words
		for i, of := range h.of {
			h.of[i] = fold(of, second)
		}
	}
	h.sift()
}

// sift notes whose hashes are there again. With 16 bits for each hash it takes one in
// sixteen of the others along.
func (h *hashes) sift() {
	size := 1 << bits.Len(uint(16*len(h.of)-1)) / 64
	h.one, h.two = cleared(h.one, max(size, 1)), cleared(h.two, max(size, 1))
	mask := uint64(len(h.one) - 1)
	for _, of := range h.of {
		at, bit := of>>38&mask, uint64(1)<<(of>>32&63)
		h.two[at] |= h.one[at] & bit
		h.one[at] |= bit
	}
	n := 0
	h.again = slices.Grow(h.again[:0], len(h.of))[:len(h.of)]
	for i, of := range h.of {
		h.again[n] = uint32(i)
		n += int(h.two[of>>38&mask] >> (of >> 32 & 63) & 1)
	}
	h.again = h.again[:n]
}

// cleared returns n zeros in the room of list.
func cleared(list []uint64, n int) []uint64 {
	list = slices.Grow(list[:0], n)[:n]
	clear(list)
	return list
}

// secrets returns numbers that no text knows of, so that none is made of words whose hashes are
// equal.
func (d *Document) secrets() (first, second uint64) {
	return d.hash([]byte{1}), d.hash([]byte{2})
}

// appendKeys appends for each word its bytes, if they are at most 8, and else a hash of them.
func (d *Document) appendKeys(dst []uint64, first, second uint64) []uint64 {
	dst = slices.Grow(dst, len(d.words))[:len(d.words)]
	for i, w := range d.words {
		switch n := w.End - w.Start; {
		case int(w.Start)+8 > len(d.text):
			var end [8]byte
			copy(end[:], d.At(w.Span))
			dst[i] = binary.LittleEndian.Uint64(end[:])
		case n <= 8:
			dst[i] = binary.LittleEndian.Uint64(d.text[w.Start:]) & masks[n][0]
		case n <= 16:
			a, b := binary.LittleEndian.Uint64(d.text[w.Start:]), binary.LittleEndian.Uint64(d.text[w.End-8:])
			dst[i] = fold(a^first, b^second)
		default:
			dst[i] = d.hash(d.At(w.Span))
		}
	}
	return dst
}
