// Package spill sorts more records than fit into memory.
//
// A [Sorter] takes records in any order and gives them back sorted. What fits
// its memory stays there; the rest goes to scratch as sorted runs, which are
// merged. The order is total, so it does not depend on the memory. Begin with
// [New], then [Sorter.Add], then [Sorter.Sorted], or [Iter.Groups] for one
// key at a time.
package spill

import (
	"errors"
	"fmt"
	"math"
)

// A Record is ordered by Key, Order, Sample, and then the bytes of Payload.
type Record struct {
	Key, Order, Sample uint64
	Payload            []byte // any length; empty and nil are the same
}

// Options of a [Sorter].
type Options struct {
	// Dir is the scratch folder. It is made when something is spilled.
	Dir string
	// Prefix begins the names of files in Dir, for [Clean].
	Prefix string
	// Memory bounds the bytes that the sorter holds, at least [MinMemory].
	// It is taken as records arrive, outside of the Go heap. A record that is larger
	// than it passes through, and costs its own length while it is read.
	Memory int64
	// MaxBytes bounds the bytes on scratch; 0 means no bound.
	MaxBytes int64
	// Threads is how many goroutines sort; 0 means the caller alone.
	Threads int
}

// MinMemory is the least memory that a sorter works in; less is taken as it.
const MinMemory = 256 << 10

// Stats is what a [Sorter] did so far.
type Stats struct {
	Records int64
	Bytes   int64 // of the records: 24 each and their payloads
	Runs    int   // that were written to scratch, before merging
	Spilled int64 // bytes written to scratch, those of merges between runs included
	Scratch int64 // most bytes on scratch at a time
}

// A Sorter sorts records. It belongs to one goroutine.
type Sorter struct {
	o      Options
	memory memory
	file   file
	runs   []run
	block  int64 // bytes of an ordinary block
	stats  Stats
	err    error // first failure, or that adding has ended
	sorted bool
	closed bool
}

// New returns an empty sorter. It takes no memory and makes no file yet.
func New(o Options) *Sorter {
	o.Memory = max(o.Memory, MinMemory)
	if o.MaxBytes <= 0 {
		o.MaxBytes = math.MaxInt64
	}
	buffer := min(o.Memory/8, 1<<20)
	s := &Sorter{o: o, block: min(max(o.Memory/256, 4<<10), 128<<10)}
	s.memory.limit = min(o.Memory-buffer, maxMemory)
	s.memory.threads = o.Threads
	s.file = file{dir: o.Dir, prefix: o.Prefix, max: o.MaxBytes, buffer: int(buffer)}
	return s
}

// Add copies r into the sorter. After an error the sorter can only be closed.
func (s *Sorter) Add(r Record) error {
	if s.err != nil {
		return s.err
	}
	if s.sorted {
		return fmt.Errorf("spill: record added after sorting began")
	}
	if !s.memory.add(r) {
		if s.err = s.makeRoom(r); s.err != nil {
			return s.err
		}
	}
	s.stats.Records++
	s.stats.Bytes += 24 + int64(len(r.Payload))
	return nil
}

// makeRoom takes in a record that memory has no room for.
func (s *Sorter) makeRoom(r Record) error {
	if err := s.memory.open(); err != nil {
		return err
	}
	if s.memory.len() > 0 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	if s.memory.add(r) {
		return nil
	}
	w := s.newRun()
	w.add(r)
	return s.endRun(w)
}

// spill writes what is in memory as a run.
func (s *Sorter) spill() error {
	s.memory.sort()
	w := s.newRun()
	for i := 0; i < s.memory.len() && w.err == nil; i++ {
		s.memory.warm(i)
		w.add(s.memory.record(i))
	}
	s.memory.reset()
	return s.endRun(w)
}

func (s *Sorter) newRun() *runWriter { return newRunWriter(&s.file, s.block) }

// endRun ends a run and adds it to those that are to be merged.
func (s *Sorter) endRun(w *runWriter) error {
	r, err := w.close()
	if err == nil {
		s.runs = append(s.runs, r)
		s.stats.Runs++
	}
	return err
}

// Stats returns what was done so far.
func (s *Sorter) Stats() Stats {
	st := s.stats
	st.Spilled, st.Scratch = s.file.written, s.file.peak
	return st
}

// Sorted ends adding and returns the records in order. It may be called again
// to read them once more; the iterator is good until then, or until Close.
func (s *Sorter) Sorted() (*Iter, error) {
	if s.err != nil {
		return nil, s.err
	}
	again := s.sorted
	s.sorted = true
	if len(s.runs) == 0 {
		if !again {
			s.memory.sort()
		}
		return &Iter{s: s}, nil
	}
	if s.memory.len() > 0 {
		if s.err = s.spill(); s.err != nil {
			return nil, s.err
		}
	}
	if s.err = s.mergeDown(); s.err != nil {
		return nil, s.err
	}
	m, err := s.openMerge(s.runs)
	if err != nil {
		s.err = err
		return nil, err
	}
	return &Iter{s: s, merge: m}, nil
}

var errClosed = errors.New("spill: the sorter is closed")

// Close gives back memory and scratch. Records that came from the sorter
// must not be looked at any more.
func (s *Sorter) Close() error {
	s.closed, s.err = true, errClosed
	err := s.memory.close()
	if e := s.file.close(); err == nil {
		err = e
	}
	return err
}
