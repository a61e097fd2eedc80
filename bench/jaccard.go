package bench

import "slices"

// shingleWords is how many words a shingle of the truth has.
const shingleWords = 5

// shingles returns the set of word 5-grams of a text, as sorted hashes in dst.
// Of fewer words there is one shingle.
func shingles(dst []uint64, words []uint64) []uint64 {
	dst = dst[:0]
	for i := 0; i+shingleWords <= len(words) || i == 0; i++ {
		h := uint64(len(words) - i)
		if h >= shingleWords {
			h = shingleWords
		}
		for _, w := range words[i:min(i+shingleWords, len(words))] {
			h = (h ^ w) * 0x9e3779b97f4a7c15
			h ^= h >> 29
		}
		dst = append(dst, h*0xbf58476d1ce4e5b9)
	}
	slices.Sort(dst)
	return slices.Compact(dst)
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
