package spill

import (
	"io"
	"iter"
)

// An Iter gives the records of a [Sorter] in order. It belongs to one goroutine.
type Iter struct {
	s    *Sorter
	next func() (Record, error)
	held *Record // read, but not given out
	rec  Record  // what held points to
	err  error   // sticks; io.EOF at the end
}

// iterate returns the next function over memory.
func (m *memory) iterate() func() (Record, error) {
	i := 0
	return func() (Record, error) {
		if i == len(m.entries) {
			return Record{}, io.EOF
		}
		m.warm(i)
		i++
		return m.record(i - 1), nil
	}
}

// Next returns the next record, or io.EOF after the last. Its payload is good until
// the next call and must not be written to.
func (it *Iter) Next() (Record, error) {
	if it.held != nil {
		it.held = nil
		return it.rec, nil
	}
	if it.err != nil {
		return Record{}, it.err
	}
	if it.s.closed {
		return Record{}, errClosed
	}
	r, err := it.next()
	it.err = err
	return r, err
}

// Groups returns the keys in order, each with its records. The records of a
// key must be read, if at all, before the next key is asked for; what is left
// of them is skipped. No group is held in memory. After the loop, ask [Iter.Err]
// whether it ended early. A loop that is left goes on where it was if Groups
// is called again, with the key after.
func (it *Iter) Groups() iter.Seq2[uint64, iter.Seq[Record]] {
	return func(yield func(uint64, iter.Seq[Record]) bool) {
		for {
			first, err := it.Next()
			if err != nil {
				return
			}
			it.hold(first)
			more := yield(first.Key, func(yield func(Record) bool) {
				for it.nextOf(first.Key) && yield(it.rec) {
				}
			})
			for it.nextOf(first.Key) {
			}
			if !more {
				return
			}
		}
	}
}

// nextOf moves to the next record if it has the key.
func (it *Iter) nextOf(key uint64) bool {
	r, err := it.Next()
	if err != nil {
		return false
	}
	it.rec = r
	if r.Key != key {
		it.held = &it.rec
		return false
	}
	return true
}

func (it *Iter) hold(r Record) {
	it.rec = r
	it.held = &it.rec
}

// Err returns the error that ended the records early, or nil.
func (it *Iter) Err() error {
	if it.err == io.EOF {
		return nil
	}
	return it.err
}
