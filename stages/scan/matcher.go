package scan

import (
	"cmp"
	"slices"
	"sync"
	"unicode"
	"unicode/utf8"
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
func NewMatcher(phrases [][]byte) *Matcher { return newMatcher(phrases, nil, nil) }

// NewFoldingMatcher returns a matcher that takes other letters for small ones, too, as [AppendLower] does. The phrases
// have gone through that. A code point whose small letter has another length in UTF-8, or
// depends on its neighbours, is odd: Find tells where one ends, with a start of -1, and the text has to go
// through AppendLower as well.
func NewFoldingMatcher(phrases [][]byte) *Matcher {
	f := foldings()
	return newMatcher(phrases, f.capitals, f.odd)
}

// foldings are computed when they are first asked for.
var foldings = sync.OnceValue(newFolding)

// A folding is what letters beyond ASCII are taken for small ones.
type folding struct {
	capitals map[rune][]rune // by small letter, those of the same length in UTF-8
	odd      [][]byte
}

func newFolding() folding {
	capitals := map[rune][]rune{}
	var odd [][]byte
	for r := rune(utf8.RuneSelf); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		small := r + classOf(r).delta
		switch {
		case r == capitalSigma || r == dottedI || utf8.RuneLen(small) != utf8.RuneLen(r):
			odd = append(odd, []byte(string(r)))
		case small != r:
			capitals[small] = append(capitals[small], r)
		}
	}
	return folding{capitals, odd}
}

func newMatcher(phrases [][]byte, capitals map[rune][]rune, odd [][]byte) *Matcher {
	m := &Matcher{width: 1}
	for _, p := range slices.Concat(phrases, odd) {
		for i, c := range p {
			m.addClass(c)
			r, _ := utf8.DecodeRune(p[i:])
			for _, other := range capitals[r] {
				for _, c := range []byte(string(other)) {
					m.addClass(c)
				}
			}
		}
	}
	for c := byte('A'); c <= 'Z'; c++ {
		m.class[c] = m.class[c|0x20]
	}
	// The tree of the phrases, by class.
	m.addState()
	for _, p := range phrases {
		m.end(m.add(p, capitals), int32(len(p)))
	}
	for _, p := range odd {
		m.end(m.add(p, nil), -1)
	}
	m.link()
	return m
}

func (m *Matcher) addClass(c byte) {
	if m.class[c] == 0 && m.width < 256 { // UTF-8 has fewer
		m.class[c] = uint8(m.width)
		m.width++
	}
}

func (m *Matcher) addState() (begin uint32) {
	begin = uint32(len(m.moves))
	m.moves = append(m.moves, make([]uint32, m.width)...)
	m.ends = append(m.ends, nil)
	return begin
}

// add returns the state after p, in small letters and in capitals.
func (m *Matcher) add(p []byte, capitals map[rune][]rune) (at uint32) {
	for len(p) > 0 {
		r, size := utf8.DecodeRune(p)
		next := m.along(at, p[:size], 0)
		for _, other := range capitals[r] {
			m.along(at, []byte(string(other)), next)
		}
		p, at = p[size:], next
	}
	return at
}

// along returns the state after some bytes: to, unless that is 0.
func (m *Matcher) along(at uint32, p []byte, to uint32) uint32 {
	for i, c := range p {
		k := at + uint32(m.class[c])
		switch {
		case i == len(p)-1 && to != 0:
			m.moves[k] = to
		case m.moves[k] == 0:
			begin := m.addState()
			m.moves[k] = begin
		}
		at = m.moves[k]
	}
	return at
}

// end notes that a phrase of n bytes ends at a state, or with -1 an odd code point.
func (m *Matcher) end(at uint32, n int32) {
	if ends := &m.ends[at/m.width]; n != 0 && !slices.Contains(*ends, n) {
		*ends = append(*ends, n)
	}
}

// link fills in, level by level, where a state goes that no phrase goes on from.
func (m *Matcher) link() {
	fail := make([]uint32, len(m.ends)) // by state: where its longest proper suffix in the tree begins
	queue := make([]uint32, 0, len(m.ends))
	seen := make([]bool, len(m.ends)) // capitals lead where small letters do
	for k := range m.width {
		if next := m.moves[k]; next != 0 && !seen[next/m.width] {
			seen[next/m.width] = true
			queue = append(queue, next)
		}
	}
	for i := 0; i < len(queue); i++ {
		at := queue[i]
		back := fail[at/m.width]
		for _, n := range m.ends[back/m.width] {
			m.end(at, n)
		}
		slices.SortFunc(m.ends[at/m.width], func(a, b int32) int { return cmp.Compare(b, a) })
		for k := range m.width {
			if next := m.moves[at+k]; next != 0 {
				if !seen[next/m.width] {
					seen[next/m.width] = true
					fail[next/m.width] = m.moves[back+k]
					queue = append(queue, next)
				}
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
			start := i + 1 - int(n)
			if n < 0 {
				start = -1
			}
			if found(start, i+1) {
				return true
			}
		}
	}
	return false
}
