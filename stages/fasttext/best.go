package fasttext

import "slices"

// A candidate is a label and the logarithm of its probability.
type candidate struct {
	score float32
	label int32
}

// best keeps the k best candidates in a heap, the least at the top. The order of equal ones
// is that of C++'s push_heap, pop_heap and sort_heap, as GNU's library has them.
type best struct {
	k    int
	heap []candidate
}

func (b *best) reset(k int) {
	b.k = k
	b.heap = slices.Grow(b.heap[:0], min(k, cap(b.heap)))
}

func (b *best) full() bool     { return len(b.heap) == b.k }
func (b *best) least() float32 { return b.heap[0].score }

// offerProbability takes a candidate in if it is none of the worst.
func (b *best) offerProbability(p float32, label int32) {
	if p != p || p < 0 {
		return
	}
	score := logarithm(p)
	if b.full() && score < b.least() {
		return
	}
	b.offer(candidate{score, label})
}

// offer takes a candidate in, and then the least one out if there are too many.
func (b *best) offer(c candidate) {
	b.heap = append(b.heap, c)
	rise(b.heap, len(b.heap)-1, 0, c)
	if len(b.heap) > b.k {
		popLeast(b.heap)
		b.heap = b.heap[:len(b.heap)-1]
	}
}

// sorted returns the candidates, the best first. The heap is none after that.
func (b *best) sorted() []candidate {
	for n := len(b.heap); n > 1; n-- {
		popLeast(b.heap[:n])
	}
	return b.heap
}

// rise puts c into hole i of the heap below top, or further up.
func rise(heap []candidate, i, top int, c candidate) {
	for i > top && heap[(i-1)/2].score > c.score {
		heap[i] = heap[(i-1)/2]
		i = (i - 1) / 2
	}
	heap[i] = c
}

// popLeast moves the least candidate to the end, and makes a heap of the others.
func popLeast(heap []candidate) {
	n := len(heap) - 1
	c := heap[n]
	heap[n] = heap[0]
	// The hole sinks to the bottom; c rises from there.
	i := 0
	for 2*i+2 < n {
		child := 2*i + 2
		if heap[child].score > heap[child-1].score {
			child--
		}
		heap[i] = heap[child]
		i = child
	}
	if 2*i+2 == n {
		heap[i] = heap[2*i+1]
		i = 2*i + 1
	}
	rise(heap[:n], i, 0, c)
}
