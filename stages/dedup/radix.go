package dedup

import (
	"math/bits"
	"slices"
)

// sortUint64s sorts v, whose values have at most so many bits: by their highest digit
// into buckets of about one value each, and then by insertion, since shingle hashes are spread
// evenly (an American flag sort: McIlroy, Bostic, McIlroy, "Engineering Radix
// Sort", 1993). Values that are not spread evenly cost no more than [slices.Sort].
func sortUint64s(v []uint64, width int) {
	const most, few = 10, 64
	if len(v) < few {
		slices.Sort(v)
		return
	}
	var ends, nexts [1 << most]int32
	digit := min(bits.Len(uint(len(v)))-1, most)
	end, next := ends[:1<<digit], nexts[:1<<digit]
	shift := width - digit
	for _, x := range v {
		end[x>>shift]++
	}
	at, largest := int32(0), int32(0)
	for d, n := range end {
		next[d] = at
		at += n
		end[d] = at
		largest = max(largest, n)
	}
	for d := range next {
		for i := next[d]; i < end[d]; {
			x := v[i]
			if to := x >> shift; int(to) == d {
				i++
			} else {
				j := next[to]
				next[to]++
				v[i], v[j] = v[j], x
				continue
			}
			next[d] = i
		}
	}
	if largest > few {
		slices.Sort(v)
		return
	}
	insertion(v)
}

// insertion sorts values that are near their places.
func insertion(v []uint64) {
	for i := 1; i < len(v); i++ {
		x := v[i]
		j := i
		for ; j > 0 && v[j-1] > x; j-- {
			v[j] = v[j-1]
		}
		v[j] = x
	}
}
