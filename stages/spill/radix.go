package spill

import (
	"math/bits"
	"slices"
)

// fewEntries is where insertion beats counting.
const fewEntries = 24

// sort puts the entries into the order of records.
func (m *memory) sort() {
	if !slices.IsSortedFunc(m.entries, m.compare) {
		m.radix(m.entries, 0)
	}
}

// radix sorts entries whose words before the given one are equal. It is an
// in-place most-significant-digit radix sort (McIlroy, Bostic, McIlroy,
// "Engineering Radix Sort", 1993) whose digits begin at the highest bit
// in which the entries differ, so that small keys and hot keys cost no passes.
func (m *memory) radix(e []entry, word int) {
	for len(e) > fewEntries {
		all, some := ^uint64(0), uint64(0)
		for i := range e {
			v := e[i][word&3]
			all &= v
			some |= v
		}
		if all == some {
			if word++; word == 3 {
				slices.SortFunc(e, m.comparePayloads)
				return
			}
			continue
		}
		top := bits.Len64(all ^ some)
		// About 16 entries are to remain in each bucket of the last round.
		width := min(8, top, max(1, bits.Len(uint(len(e)))-4))
		tail := scatter(e, word, top-width, width)
		from := 0
		for _, to := range tail[:1<<width] {
			if to-from > 1 {
				m.radix(e[from:to], word)
			}
			from = to
		}
		return
	}
	m.insertion(e)
}

// scatter moves e into buckets by width bits from shift up, and returns where each
// bucket ends.
func scatter(e []entry, word, shift, width int) (tail [256]int) {
	var head [256]int
	mask := uint64(1)<<width - 1
	for i := range e {
		tail[e[i][word&3]>>shift&mask&255]++
	}
	at := 0
	for b := range tail {
		head[b] = at
		at += tail[b]
		tail[b] = at
	}
	for b := range uint64(1) << width {
		for i := head[b&255]; i < tail[b&255]; i = head[b&255] {
			v := e[i]
			for {
				d := v[word&3] >> shift & mask & 255
				j := head[d]
				head[d]++
				if d == b {
					e[j] = v
					break
				}
				v, e[j] = e[j], v
			}
		}
	}
	return tail
}

func (m *memory) insertion(e []entry) {
	for i := 1; i < len(e); i++ {
		v := e[i]
		j := i
		for j > 0 && (v[0] < e[j-1][0] || v[0] == e[j-1][0] && m.compare(v, e[j-1]) < 0) {
			e[j] = e[j-1]
			j--
		}
		e[j] = v
	}
}

func (m *memory) compare(a, b entry) int {
	for w := range 3 {
		if a[w] != b[w] {
			if a[w] < b[w] {
				return -1
			}
			return 1
		}
	}
	return m.comparePayloads(a, b)
}
