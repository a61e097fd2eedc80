package bench

import (
	"math/bits"
	"slices"
)

// shingleWords is how many words a shingle of the truth has.
const shingleWords = 5

// shingles returns the set of word 5-grams of a text, as sorted hashes in dst.
func shingles(dst []uint64, words []uint64) []uint64 {
	dst = hashed(dst, words)
	slices.Sort(dst)
	return slices.Compact(dst)
}

// hashed returns hashes of all word 5-grams, as they come. Of fewer words there
// is one.
func hashed(dst []uint64, words []uint64) []uint64 {
	dst = dst[:0]
	for i := 0; i+shingleWords <= len(words) || i == 0; i++ {
		h := uint64(min(shingleWords, len(words)))
		for _, w := range words[i:min(i+shingleWords, len(words))] {
			h = (h ^ w) * 0x9e3779b97f4a7c15
			h ^= h >> 29
		}
		dst = append(dst, h*0xbf58476d1ce4e5b9)
	}
	return dst
}

// jaccard returns the exact Jaccard similarity of two sorted sets.
func jaccard(a, b []uint64) float64 {
	both := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		x, y := a[i], b[j] // conditions that become moves, not branches: they cannot be foreseen
		if x == y {
			both++
		}
		if x <= y {
			i++
		}
		if y <= x {
			j++
		}
	}
	return float64(both) / float64(max(1, len(a)+len(b)-both))
}

// crowdSize is how many members a crowd may have.
const crowdSize = 64

// A crowd compares the shingle sets of a few documents, all with all, in one go.
type crowd struct {
	in     map[uint64]uint64 // shingle -> the members that have it, a bit each
	alike  map[uint64]int    // such members -> the number of shingles
	both   [crowdSize][crowdSize]int
	buffer []uint64
}

func newCrowd() *crowd { return &crowd{in: map[uint64]uint64{}, alike: map[uint64]int{}} }

// clear forgets all members.
func (c *crowd) clear() {
	clear(c.in)
	clear(c.alike)
	c.both = [crowdSize][crowdSize]int{}
}

// add adds member i, a text of these words.
func (c *crowd) add(i int, words []uint64) {
	c.buffer = hashed(c.buffer, words)
	for _, h := range c.buffer {
		c.in[h] |= 1 << i
	}
}

// count counts for all members that were added; jaccard then tells.
func (c *crowd) count() {
	for _, members := range c.in {
		c.alike[members]++
	}
	for members, n := range c.alike {
		for rest := members; rest != 0; rest &= rest - 1 {
			a := bits.TrailingZeros64(rest)
			for others := rest; others != 0; others &= others - 1 {
				c.both[bits.TrailingZeros64(others)][a] += n
			}
		}
	}
}

// jaccard returns the J of members b < a.
func (c *crowd) jaccard(a, b int) float64 {
	return float64(c.both[a][b]) / float64(max(1, c.both[a][a]+c.both[b][b]-c.both[a][b]))
}
