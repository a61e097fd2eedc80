package spill

import (
	"bytes"
	"cmp"
	"io"
	"math"
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
	tree    []node
	started bool
}

// A node repeats the key of its source, so that most games need only the tree.
type node struct {
	key    uint64 // the largest once the source is done
	source int32
}

// A source is a run that is being merged.
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
	m := &merge{sources: make([]source, len(runs)), tree: make([]node, len(runs))}
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

// start reads the first record of each source and plays all games once.
func (m *merge) start() error {
	m.started = true
	// Leaves are nodes k to 2k-1. Winners move up from the bottom.
	k := len(m.sources)
	winners := make([]node, 2*k)
	for i := range m.sources {
		var err error
		if winners[k+i], err = m.advance(int32(i)); err != nil {
			return err
		}
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

// advance reads the next record of a source.
func (m *merge) advance(i int32) (node, error) {
	s := &m.sources[i]
	var err error
	s.Record, err = s.reader.read()
	if err == io.EOF {
		s.done = true
		return node{math.MaxUint64, i}, nil
	}
	return node{s.Key, i}, err
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
	s := &m.sources[m.tree[0].source]
	if s.done {
		return Record{}, io.EOF
	}
	return s.Record, nil
}

// replay moves the last winner's source on and plays its games again.
func (m *merge) replay() error {
	i := m.tree[0].source
	if m.sources[i].done {
		return nil
	}
	w, err := m.advance(i)
	if err != nil {
		return err
	}
	for i := (len(m.sources) + int(i)) / 2; i > 0; i /= 2 {
		if t := m.tree[i]; t.key < w.key || t.key == w.key && m.less(t, w) {
			m.tree[i], w = w, t
		}
	}
	m.tree[0] = w
	return nil
}

// less is the order of records, with sources that are done after all others.
func (m *merge) less(a, b node) bool {
	if a.key != b.key {
		return a.key < b.key
	}
	x, y := &m.sources[a.source], &m.sources[b.source]
	switch {
	case x.done || y.done:
		return !x.done
	case x.Order != y.Order:
		return x.Order < y.Order
	case x.Sample != y.Sample:
		return x.Sample < y.Sample
	}
	return bytes.Compare(x.Payload, y.Payload) < 0
}
