package spill

import (
	"bytes"
	"cmp"
	"io"
	"slices"
)

// mergeDown merges runs until the rest can be read at the same time. It takes
// the smallest first, and no more of them than needed.
func (s *Sorter) mergeDown() error {
	for len(s.runs) > 2 {
		var all int64
		for _, r := range s.runs {
			all += s.share(r)
		}
		if all <= s.memory.limit {
			return nil
		}
		slices.SortStableFunc(s.runs, func(a, b run) int { return cmp.Compare(a.length, b.length) })
		var n int
		var group, widest int64
		for _, r := range s.runs {
			fits := group+s.share(r) <= s.memory.limit
			enough := all-group+widest <= s.memory.limit
			if n >= 2 && (enough || !fits) {
				break
			}
			group += s.share(r)
			widest = max(widest, s.share(r))
			n++
		}
		if err := s.mergeGroup(n); err != nil {
			return err
		}
	}
	return nil
}

// share is the least memory in which r can be read.
func (s *Sorter) share(r run) int64 { return max(r.widest, s.block) }

// mergeGroup replaces the first n runs by one.
func (s *Sorter) mergeGroup(n int) error {
	m, err := s.openMerge(s.runs[:n])
	if err != nil {
		return err
	}
	w := s.newRun()
	for w.err == nil {
		r, err := m.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		w.add(r)
	}
	merged, err := w.close()
	if err != nil {
		return err
	}
	for _, r := range s.runs[:n] {
		s.file.free(r.offset, r.length)
	}
	s.runs = append(s.runs[n:], merged)
	return nil
}

// merge is a k-way merge with a tree of losers (Knuth, The Art of Computer
// Programming, volume 3, section 5.4.1): node i of 1..k-1 holds the source that lost
// there, node 0 the winner.
type merge struct {
	sources []source
	tree    []int32
	started bool
}

type source struct {
	Record      // the smallest that is not merged yet
	done   bool // after the last
	reader *runReader
}

// openMerge divides the memory between the runs.
func (s *Sorter) openMerge(runs []run) (*merge, error) {
	if err := s.memory.open(); err != nil {
		return nil, err
	}
	m := &merge{sources: make([]source, len(runs)), tree: make([]int32, len(runs))}
	var need int64
	for _, r := range runs {
		need += s.share(r)
	}
	spare := max(0, s.memory.limit-need) / int64(len(runs))
	rest := s.memory.mapping
	for i, r := range runs {
		n := min(s.share(r)+min(spare, maxReadAhead), r.length, int64(len(rest)))
		m.sources[i].reader = newRunReader(&s.file, r, rest[:n:n])
		rest = rest[n:]
	}
	return m, nil
}

// maxReadAhead is where larger reads gain nothing on disks and Lustre.
const maxReadAhead = 4 << 20

func (m *merge) start() error {
	m.started = true
	k := len(m.sources)
	for i := range m.sources {
		if err := m.advance(i); err != nil {
			return err
		}
	}
	// Leaves are nodes k to 2k-1. Winners move up from the bottom.
	winners := make([]int32, 2*k)
	for i := range k {
		winners[k+i] = int32(i)
	}
	for i := k - 1; i > 0; i-- {
		a, b := winners[2*i], winners[2*i+1]
		if m.less(b, a) {
			a, b = b, a
		}
		winners[i], m.tree[i] = a, b
	}
	m.tree[0] = winners[1]
	return nil
}

func (m *merge) advance(i int) error {
	s := &m.sources[i]
	r, err := s.reader.read()
	if err == io.EOF {
		s.done, s.Record = true, Record{}
		return nil
	}
	s.Record = r
	return err
}

// next returns the smallest record. Its payload is good until the next call.
func (m *merge) next() (Record, error) {
	if !m.started {
		if err := m.start(); err != nil {
			return Record{}, err
		}
	} else if err := m.replay(); err != nil {
		return Record{}, err
	}
	s := &m.sources[m.tree[0]]
	if s.done {
		return Record{}, io.EOF
	}
	return s.Record, nil
}

// replay moves the last winner's source on and plays its games again.
func (m *merge) replay() error {
	w := m.tree[0]
	if m.sources[w].done {
		return nil
	}
	if err := m.advance(int(w)); err != nil {
		return err
	}
	for i := (len(m.sources) + int(w)) / 2; i > 0; i /= 2 {
		if m.less(m.tree[i], w) {
			m.tree[i], w = w, m.tree[i]
		}
	}
	m.tree[0] = w
	return nil
}

func (m *merge) less(a, b int32) bool {
	x, y := &m.sources[a], &m.sources[b]
	switch {
	case x.done || y.done:
		return !x.done
	case x.Key != y.Key:
		return x.Key < y.Key
	case x.Order != y.Order:
		return x.Order < y.Order
	case x.Sample != y.Sample:
		return x.Sample < y.Sample
	}
	return bytes.Compare(x.Payload, y.Payload) < 0
}
