package format

import (
	"sync"
	"sync/atomic"
)

// A slab is the result of one read. Several batches share it; the last one to
// be released gives it back.
type slab struct {
	buf  []byte
	refs atomic.Int32
	pool *pool
}

// pool keeps the memory of batches from one to the next.
type pool struct {
	size  int // of the slabs that are kept
	slabs sync.Pool
	rows  sync.Pool
}

func newPool(size int) *pool { return &pool{size: size} }

// slab returns a slab of at least n bytes with one reference.
func (p *pool) slab(n int) *slab {
	s, _ := p.slabs.Get().(*slab)
	if s == nil || len(s.buf) < n {
		if s != nil {
			p.slabs.Put(s)
		}
		s = &slab{buf: make([]byte, max(n, p.size)), pool: p}
	}
	s.refs.Store(1)
	return s
}

func (s *slab) hold() { s.refs.Add(1) }

func (s *slab) drop() {
	// A slab that one huge row needed is not worth keeping.
	if s.refs.Add(-1) == 0 && len(s.buf) == s.pool.size {
		s.pool.slabs.Put(s)
	}
}
