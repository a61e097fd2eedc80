package spill

import (
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
)

// Bounds of digits, found by measuring.
const (
	// fewEntries is where insertion beats counting.
	fewEntries = 24
	// maxWidth keeps the open cache lines of a scatter, one per bucket, well
	// within the second-level cache.
	maxWidth = 10
)

// sort puts the entries into the order of records.
func (m *memory) sort() {
	if !slices.IsSortedFunc(m.entries, m.compare) {
		(&radix{memory: m, threads: m.threads}).sort(m.entries, 0, 0)
	}
}

// radix is an in-place most-significant-digit radix sort (McIlroy, Bostic,
// McIlroy, "Engineering Radix Sort", 1993) whose digits begin at the highest bit
// in which the entries differ, so that small keys and hot keys cost no passes.
type radix struct {
	*memory
	counts  [][]int // by depth
	threads int     // that may be used, this one included
}

// worthThreads is how many entries are worth to be sorted by several threads.
const worthThreads = 1 << 16

// sort sorts entries whose words before the given one are equal.
func (r *radix) sort(e []entry, word, depth int) {
	for len(e) > fewEntries {
		all, some := ^uint64(0), uint64(0)
		for i := range e {
			v := e[i][word&3]
			all &= v
			some |= v
		}
		if all == some {
			if word++; word == 3 {
				slices.SortFunc(e, r.comparePayloads)
				return
			}
			continue
		}
		top := bits.Len64(all ^ some)
		width := min(digit(len(e)), top)
		tail := r.scatter(e, word, top-width, width, depth)
		if r.threads > 1 && len(e) >= worthThreads {
			r.parallel(e, tail, word)
			return
		}
		from := 0
		for _, to := range tail {
			if to-from > 1 {
				r.sort(e[from:to], word, depth+1)
			}
			from = to
		}
		return
	}
	r.insertion(e)
}

// parallel sorts buckets, of which tail has the ends, by several goroutines.
// A bucket that holds most of the entries is divided again by all.
func (r *radix) parallel(e []entry, tail []int, word int) {
	type part struct{ from, to int }
	var parts []part
	from := 0
	for _, to := range tail {
		switch {
		case to-from > len(e)/2:
			(&radix{memory: r.memory, threads: r.threads}).sort(e[from:to], word, 0)
		case to-from > 1:
			parts = append(parts, part{from, to})
		}
		from = to
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for range r.threads {
		all.Go(func() {
			one := &radix{memory: r.memory}
			for i := next.Add(1); i <= int64(len(parts)); i = next.Add(1) {
				p := parts[i-1]
				one.sort(e[p.from:p.to], word, 0)
			}
		})
	}
	all.Wait()
}

// digit chooses the width of the next digit: the passes that n entries need until
// about 16 remain in a bucket have digits of one width.
func digit(n int) int {
	left := max(1, bits.Len(uint(n))-4)
	passes := (left + maxWidth - 1) / maxWidth
	return (left + passes - 1) / passes
}

// scatter moves e into buckets by width bits from shift up, and returns where each
// bucket ends. The result is good until the next scatter of that depth.
func (r *radix) scatter(e []entry, word, shift, width, depth int) (tail []int) {
	word &= 3
	n := 1 << width
	mask := uint64(n - 1)
	for len(r.counts) <= depth {
		r.counts = append(r.counts, nil)
	}
	if len(r.counts[depth]) < 2*n {
		r.counts[depth] = make([]int, 2*n)
	}
	head, tail := r.counts[depth][:n:n], r.counts[depth][n:2*n:2*n]
	clear(tail)
	for i := range e {
		tail[e[i][word]>>shift&mask]++
	}
	at := 0
	for b, count := range tail {
		head[b] = at
		at += count
		tail[b] = at
	}
	// Each swap puts one entry where it belongs. Going through the rest of all
	// buckets again and again, in place of following an entry's way, keeps
	// many loads under way at a time.
	for again := true; again; {
		again = false
		for b, end := range tail {
			if head[b] == end {
				continue
			}
			again = true
			for i := head[b]; i < end; i++ {
				d := e[i][word] >> shift & mask
				j := head[d]
				head[d]++
				e[i], e[j] = e[j], e[i]
			}
		}
	}
	return tail
}

// insertion sorts a few entries. Keys mostly differ, so they are compared here.
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

// compare is the order of records.
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
