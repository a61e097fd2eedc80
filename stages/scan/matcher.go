package scan

import (
	"cmp"
	"slices"
)

// A Matcher finds many phrases in one reading of a text: the automaton of Aho and Corasick
// (1975, https://doi.org/10.1145/360825.360855) with all its moves in one table. It takes
// letters A to Z for small ones. It may be used by several goroutines.
type Matcher struct {
	class [256]uint8
	width uint32
	moves []uint32  // by state*width + class: where the next state begins, and whether phrases end there
	ends  [][]int32 // by state: lengths of the phrases that end there, longest first
}

// matchMark is set in a move to a state where phrases end.
const matchMark = 1 << 31

// NewMatcher returns the matcher of phrases in small letters; empty ones are none. It takes some
// 4 bytes for each byte of the phrases, times the different bytes in them.
func NewMatcher(phrases [][]byte) *Matcher {
	m := &Matcher{width: 1}
	for _, p := range phrases {
		for _, c := range p {
			if m.class[c] == 0 && m.width < 256 { // UTF-8 has fewer
				m.class[c] = uint8(m.width)
				m.width++
			}
		}
	}
	for c := byte('A'); c <= 'Z'; c++ {
		m.class[c] = m.class[c|0x20]
	}
	// The tree of the phrases, by class.
	m.moves = make([]uint32, m.width)
	m.ends = [][]int32{nil}
	for _, p := range phrases {
		at := uint32(0)
		for _, c := range p {
			move := &m.moves[at+uint32(m.class[c])]
			if *move == 0 {
				*move = uint32(len(m.moves))
				at = *move
				m.moves = append(m.moves, make([]uint32, m.width)...)
				m.ends = append(m.ends, nil)
				continue
			}
			at = *move
		}
		if n := int32(len(p)); n > 0 && !slices.Contains(m.ends[at/m.width], n) {
			m.ends[at/m.width] = append(m.ends[at/m.width], n)
		}
	}
	m.link()
	return m
}

// link fills in, level by level, where a state goes that no phrase goes on from.
func (m *Matcher) link() {
	fail := make([]uint32, len(m.ends)) // by state: where its longest proper suffix in the tree begins
	queue := make([]uint32, 0, len(m.ends))
	for k := range m.width {
		if next := m.moves[k]; next != 0 {
			queue = append(queue, next)
		}
	}
	for i := 0; i < len(queue); i++ {
		at := queue[i]
		back := fail[at/m.width]
		m.ends[at/m.width] = append(m.ends[at/m.width], m.ends[back/m.width]...)
		slices.SortFunc(m.ends[at/m.width], func(a, b int32) int { return cmp.Compare(b, a) })
		for k := range m.width {
			if next := m.moves[at+k]; next != 0 {
				fail[next/m.width] = m.moves[back+k]
				queue = append(queue, next)
			} else {
				m.moves[at+k] = m.moves[back+k]
			}
		}
	}
	for i, next := range m.moves {
		if len(m.ends[next/m.width]) > 0 {
			m.moves[i] |= matchMark
		}
	}
}

// Find calls found with each place at which a phrase stands, by its end and of those with one end the longest
// first, until it returns true. It says whether it did.
func (m *Matcher) Find(text []byte, found func(start, end int) bool) bool {
	at := uint32(0)
	for i, c := range text {
		at = m.moves[at&^matchMark+uint32(m.class[c])]
		if at&matchMark == 0 {
			continue
		}
		for _, n := range m.ends[(at&^matchMark)/m.width] {
			if found(i+1-int(n), i+1) {
				return true
			}
		}
	}
	return false
}
