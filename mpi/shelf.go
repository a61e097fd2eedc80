package mpi

import "sync"

// keepBytes is how much of the slots of one exchange a rank keeps for the next:
// fresh memory costs as much as a copy.
const keepBytes = 64 << 20

// A shelf keeps slots between the exchanges of one rank.
type shelf struct {
	mu    sync.Mutex
	slots []*slot
}

// take returns an empty slot of a size, an old one if there is one.
func (h *shelf) take(size int) *slot {
	h.mu.Lock()
	defer h.mu.Unlock()
	for n := len(h.slots); n > 0; n-- {
		s := h.slots[n-1]
		h.slots[n-1], h.slots = nil, h.slots[:n-1]
		if len(s.buf) == size {
			s.n = 0
			return s
		}
	}
	return &slot{buf: make([]byte, size)}
}

// put takes slots that nobody uses any more.
func (h *shelf) put(slots []*slot) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range slots {
		if (len(h.slots)+1)*len(s.buf) > keepBytes {
			return
		}
		h.slots = append(h.slots, s)
	}
}
