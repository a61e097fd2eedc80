package fasttext

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// grams says which rows of the input matrix stand for n-grams. They share bucket rows,
// by their hashes.
type grams struct {
	least, most int // code points of an n-gram within a word; most = 0: there are none
	words       int // most words of an n-gram of words
	bucket      buckets
	first       uint32 // row of bucket 0
	pruned      *pruned
	none        bool // all n-grams were pruned
}

// buckets is a number of buckets that hashes are shared out to by their remainder. It multiplies
// instead of dividing (Lemire et al. 2019, https://doi.org/10.1002/spe.2689).
type buckets struct {
	n       uint32
	inverse uint64 // of n, times 2^64, rounded up
}

func newBuckets(n uint32) buckets {
	if n == 0 {
		return buckets{}
	}
	return buckets{n, math.MaxUint64/uint64(n) + 1}
}

// of returns h modulo n.
func (b buckets) of(h uint32) uint32 {
	r, _ := bits.Mul64(b.inverse*uint64(h), uint64(b.n))
	return uint32(r)
}

// needed says that there are n-grams.
func (g *grams) needed() bool { return g.most > 0 || g.words > 1 }

// pruned holds the buckets that were not pruned, as an open hash table. Few n-grams of a text
// are among them; a bit tells of most that they are not.
type pruned struct {
	slots []bucketRow // a power of two
	may   []uint64    // bits, by the low bits of the bucket: there is one; a power of two
	rows  int64       // one above the largest
}

type bucketRow struct{ bucket, row uint32 } // row counts from grams.first; bucket none is no entry

const none = math.MaxUint32

// parsePruned reads which buckets are left.
func (g *grams) parsePruned(c *cursor, pairs int64) {
	c.part = "the list of n-grams"
	if g.none = pairs == 0; pairs < 1 || c.err != nil {
		return
	}
	if pairs > int64(len(c.data))/8 {
		c.err = damaged("%d pruned n-grams in a file of %d bytes", pairs, len(c.data))
		return
	}
	list := c.take(8 * pairs)
	size := 2
	for 2*int64(size) < 3*pairs {
		size *= 2
	}
	p := &pruned{slots: make([]bucketRow, size), may: make([]uint64, (16*size+63)/64)}
	for i := range p.slots {
		p.slots[i].bucket = none
	}
	for ; len(list) > 0; list = list[8:] {
		bucket, row := binary.LittleEndian.Uint32(list), int32(binary.LittleEndian.Uint32(list[4:]))
		if int32(bucket) < 0 || row < 0 {
			c.err = damaged("row %d for the n-grams in bucket %d", row, int32(bucket))
			return
		}
		*p.slot(bucket) = bucketRow{bucket, uint32(row)}
		p.may[int(bucket/64)&(len(p.may)-1)] |= 1 << (bucket % 64)
		p.rows = max(p.rows, int64(row)+1)
	}
	g.pruned = p
}

// slot returns where a bucket is, or would be.
func (p *pruned) slot(bucket uint32) *bucketRow {
	mask := uint32(len(p.slots) - 1)
	for at := bucket * 0x9e3779b1 >> 7 & mask; ; at = (at + 1) & mask {
		if s := &p.slots[at]; s.bucket == bucket || s.bucket == none {
			return s
		}
	}
}

// row appends the row of a bucket, if there is one.
func (g *grams) row(rows []uint32, bucket uint32) []uint32 {
	if g.pruned == nil {
		return append(rows, g.first+bucket)
	}
	if s := g.pruned.slot(bucket); s.bucket == bucket {
		return append(rows, g.first+s.row)
	}
	return rows
}

// every is the bits of buckets that were not pruned.
var every = []uint64{math.MaxUint64}

// ofWord appends the rows of those n-grams of a word that begin from byte begin to before
// byte end. The word has "<" before it and ">" behind it.
func (g *grams) ofWord(rows []uint32, w []byte, begin, end int) []uint32 {
	may := every
	switch {
	case g.none:
		return rows
	case g.pruned != nil:
		may = g.pruned.may
	case 1 < g.least && g.least <= g.most && ascii(w):
		return g.ofLetters(rows, w, begin, end)
	}
	first := len(rows)
	for i := begin; i < end; i++ {
		if continues(w[i]) {
			continue
		}
		// Buckets are written in any case, and kept if they may be there: a jump could not be foretold.
		k := len(rows)
		rows = slices.Grow(rows, min(g.most, len(w)-i))
		room := rows[k:cap(rows)]
		k = 0
		h := uint32(fnvBasis)
		for j, n := i, 1; j < len(w) && n <= g.most; n++ {
			h = fnvStep(h, w[j])
			for j++; j < len(w) && continues(w[j]); j++ {
				h = fnvStep(h, w[j])
			}
			if n >= g.least && (n > 1 || i > 0 && j < len(w)) {
				bucket := g.bucket.of(h)
				room[k] = bucket
				k += int(may[int(bucket/64)&(len(may)-1)] >> (bucket % 64) & 1)
			}
		}
		rows = rows[:len(rows)+k]
	}
	return g.ofBuckets(rows, first)
}

// ofLetters is ofWord for a word of ASCII where n-grams have two letters or more and none was pruned.
func (g *grams) ofLetters(rows []uint32, w []byte, begin, end int) []uint32 {
	rows = slices.Grow(rows, (end-begin)*(g.most-g.least+1))
	for i := begin; i < end && i+g.least <= len(w); i++ {
		h := uint32(fnvBasis)
		for _, c := range w[i : i+g.least-1] {
			h = fnvStep(h, c)
		}
		for _, c := range w[i+g.least-1 : min(i+g.most, len(w))] {
			h = fnvStep(h, c)
			rows = append(rows, g.first+g.bucket.of(h))
		}
	}
	return rows
}

// ascii says that all bytes are ASCII.
func ascii(w []byte) bool {
	for ; len(w) >= 8; w = w[8:] {
		if binary.LittleEndian.Uint64(w)&0x8080808080808080 != 0 {
			return false
		}
	}
	var or byte
	for _, c := range w {
		or |= c
	}
	return or < 0x80
}

// ofBuckets puts rows in the place of buckets, from one on, and leaves out those that were pruned.
func (g *grams) ofBuckets(rows []uint32, from int) []uint32 {
	to := rows[:from]
	for _, bucket := range rows[from:] {
		to = g.row(to, bucket)
	}
	return to
}

// continues says that a byte is inside a code point.
func continues(c byte) bool { return c&0xc0 == 0x80 }

// ofWords appends the rows of the n-grams that begin with the first of some words, by
// the words' hashes.
func (g *grams) ofWords(rows []uint32, hashes []int32) []uint32 {
	h := uint64(int64(hashes[0]))
	for _, next := range hashes[1:min(g.words, len(hashes))] {
		h = h*116049371 + uint64(int64(next))
		rows = g.row(rows, uint32(h%uint64(g.bucket.n)))
	}
	return rows
}
