package spill

import (
	"io"
	"iter"
)

// An Iter gives the records of a [Sorter] in order. It belongs to one goroutine.
type Iter struct {
	s     *Sorter
	merge *merge // nil where all is in memory
	i     int    // next entry of memory
	rec   Record // the last of Groups
	held  bool   // rec is still to be given out
	first struct {
		Record         // before rec
		ahead   bool   // and still to be given out
		payload []byte // of it
	}
	err error // sticks; io.EOF at the end
}

// Next returns the next record, or io.EOF after the last. Its payload is good until
// the next call and must not be written to.
func (it *Iter) Next() (Record, error) {
	if it.held {
		it.held = false
		return it.rec, nil
	}
	if m := &it.s.memory; it.merge == nil && it.i < len(m.entries) {
		m.warm(it.i)
		it.i++
		return m.record(it.i - 1), nil
	}
	return it.further()
}

// further is Next beyond memory.
func (it *Iter) further() (r Record, err error) {
	switch {
	case it.err != nil:
		return r, it.err
	case it.s.closed:
		it.err = errClosed
	case it.merge == nil:
		it.err = io.EOF
	default:
		r, it.err = it.merge.next()
	}
	return r, it.err
}

// Groups returns the keys in order, each with its records. The records of a
// key must be read, if at all, before the next key is asked for; what is left
// of them is skipped. No group is held in memory. After the loop, ask [Iter.Err]
// whether it ended early. A loop that is left goes on where it was if Groups
// is called again, with the key after.
func (it *Iter) Groups() iter.Seq2[uint64, iter.Seq[Record]] { return it.groups(false) }

// Shared is Groups without the keys that have one record.
func (it *Iter) Shared() iter.Seq2[uint64, iter.Seq[Record]] { return it.groups(true) }

func (it *Iter) groups(shared bool) iter.Seq2[uint64, iter.Seq[Record]] {
	return func(yield func(uint64, iter.Seq[Record]) bool) {
		var key uint64
		records := func(yield func(Record) bool) {
			if it.first.ahead {
				it.first.ahead = false
				if !yield(it.first.Record) {
					return
				}
			}
			for it.nextOf(key) && yield(it.rec) {
			}
		}
		for {
			first, err := it.Next()
			if err != nil {
				return
			}
			if key = first.Key; !shared {
				it.hold(first)
			} else if !it.lookAhead(first) {
				continue
			}
			more := yield(key, records)
			it.first.ahead = false
			for it.nextOf(key) {
			}
			if !more {
				return
			}
		}
	}
}

// lookAhead says whether another record has the key of first. Then first is
// ahead of it, a copy.
func (it *Iter) lookAhead(first Record) bool {
	it.first.payload = append(it.first.payload[:0], first.Payload...)
	it.first.Record = first
	it.first.Payload = it.first.payload
	if !it.nextOf(first.Key) {
		return false
	}
	it.held, it.first.ahead = true, true
	return true
}

// nextOf moves to the next record if it has the key.
func (it *Iter) nextOf(key uint64) bool {
	r, err := it.Next()
	if err != nil {
		return false
	}
	it.rec = r
	if r.Key != key {
		it.held = true
		return false
	}
	return true
}

// hold makes r the next record of Next. Its payload stays good: nothing was read since.
func (it *Iter) hold(r Record) {
	it.rec = r
	it.held = true
}

// Err returns the error that ended the records early, or nil.
func (it *Iter) Err() error {
	if it.err == io.EOF {
		return nil
	}
	return it.err
}
