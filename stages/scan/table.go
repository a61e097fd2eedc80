package scan

import "hash/maphash"

// hash returns a hash of bytes that is good for this process alone: nothing
// may depend on its value.
func (d *Document) hash(b []byte) uint64 { return maphash.Bytes(d.seed, b) }

// A table numbers different things in the order in which they come. It is used
// again by raising the stamp that its slots must have.
type table struct {
	slots []slot // a power of two
	mask  uint64 // of those in use: few, whatever came before, so that they stay in the cache
	stamp uint32
	n     int // different things
}

type slot struct {
	hash   uint64
	stamp  uint32
	number uint32
	first  uint32 // the caller's index of the first of its kind
}

// reset empties the table and makes room for n things.
func (t *table) reset(n int) {
	t.n = 0
	t.stamp++
	size := 64
	for size < 2*n {
		size *= 2
	}
	t.mask = uint64(size - 1)
	if len(t.slots) < size || t.stamp == 0 {
		t.slots, t.stamp = make([]slot, max(len(t.slots), size)), 1
	}
}

// number returns the number of the thing with index i. same says whether it is
// the same as an earlier one with the same hash.
func (t *table) number(hash uint64, same func(first uint32) bool, i uint32) uint32 {
	for at := hash & t.mask; ; at = (at + 1) & t.mask {
		s := &t.slots[at]
		if s.stamp != t.stamp {
			*s = slot{hash, t.stamp, uint32(t.n), i}
			t.n++
			return s.number
		}
		if s.hash == hash && same(s.first) {
			return s.number
		}
	}
}
