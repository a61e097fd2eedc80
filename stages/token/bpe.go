package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// bpe is byte pair encoding (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909): of the
// pairs of neighbours that can be merged, the one of the lowest rank is, the leftmost of equal ones.
type bpe struct {
	ids      map[string]int32
	ascii    [utf8.RuneSelf]int32 // ids of code points; -1 = none
	merges   merges
	prefix   string
	suffix   string
	unknown  int32 // -1 = unknown code points are left out
	fuse     bool  // a run of unknown code points is one token
	bytes    *[256]int32
	wholes   bool // a word that is a token is not taken apart
	affixes  bool
	unspaced bool
}

// mergeJSON is "a b" or ["a", "b"].
type mergeJSON struct{ left, right string }

func (m *mergeJSON) UnmarshalJSON(data []byte) error {
	if data[0] == '[' {
		var pair []string
		if err := json.Unmarshal(data, &pair); err != nil || len(pair) != 2 {
			return errors.New("a merge is not a pair")
		}
		m.left, m.right = pair[0], pair[1]
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	var ok bool
	if m.left, m.right, ok = strings.Cut(text, " "); !ok || strings.Contains(m.right, " ") {
		return fmt.Errorf("merge %q is not a pair", text)
	}
	return nil
}

func (m *modelJSON) bpe(vocab map[string]int32, byteLevel bool) (*bpe, error) {
	if m.Dropout != nil && *m.Dropout > 0 {
		return nil, fmt.Errorf("dropout = %v makes ids random\nset it to null in the file", *m.Dropout)
	}
	unknown, err := m.unknown(vocab)
	if err != nil && !byteLevel {
		return nil, err
	}
	b := &bpe{ids: vocab, unknown: unknown, fuse: m.FuseUnk, wholes: m.IgnoreMerges}
	if m.Prefix != nil {
		b.prefix = *m.Prefix
	}
	if m.Suffix != nil {
		b.suffix = *m.Suffix
	}
	b.affixes = b.prefix != "" || b.suffix != ""
	for c := range b.ascii {
		b.ascii[c] = -1
		if id, ok := vocab[string(rune(c))]; ok {
			b.ascii[c] = id
		}
	}
	if m.ByteFallback {
		b.bytes = byteTokens(vocab)
	}
	b.merges = newMerges(len(m.Merges))
	for rank, p := range m.Merges {
		left, ok1 := vocab[p.left]
		right, ok2 := vocab[p.right]
		if !ok1 || !ok2 || len(p.right) < len(b.prefix) {
			return nil, fmt.Errorf("merge %d joins %q and %q, which are not both in the vocabulary\nfetch the file again", rank, p.left, p.right)
		}
		id, ok := vocab[p.left+p.right[len(b.prefix):]]
		if !ok {
			return nil, fmt.Errorf("merge %d makes %q, which is not in the vocabulary\nfetch the file again", rank, p.left+p.right[len(b.prefix):])
		}
		b.merges.put(pair(left, right), mergeRule{int32(rank), id})
		b.unspaced = b.unspaced || spaceAfter([]byte(p.left+p.right)) >= 0
	}
	return b, nil
}

// byteTokens returns the ids of the tokens <0x00> to <0xFF>; -1 = none.
func byteTokens(vocab map[string]int32) *[256]int32 {
	var ids [256]int32
	for c := range ids {
		id, ok := vocab[fmt.Sprintf("<0x%02X>", c)]
		if !ok {
			id = -1
		}
		ids[c] = id
	}
	return &ids
}

// atSpaces says that no token has U+2581 after something else, so that words
// may be cut in front of it.
func (b *bpe) atSpaces() bool {
	_, ok := b.ids[space]
	return ok && !b.unspaced && !b.affixes && !b.wholes
}

// A mergeRule is what a pair of neighbours becomes.
type mergeRule struct{ rank, id int32 }

// merges are the rules by pair: a hash table with open addressing, at most half full.
type merges struct {
	pairs []uint64 // 0 = empty; otherwise the pair + 1
	rules []mergeRule
	shift uint
}

func pair(left, right int32) uint64 { return uint64(uint32(left))<<32 | uint64(uint32(right)) }

func newMerges(n int) merges {
	bits := uint(4)
	for 1<<bits < 2*n {
		bits++
	}
	return merges{make([]uint64, 1<<bits), make([]mergeRule, 1<<bits), 64 - bits}
}

func (m *merges) slot(p uint64) int {
	mask := len(m.pairs) - 1
	for i := int(p * 0x9e3779b97f4a7c15 >> m.shift); ; i = (i + 1) & mask {
		if q := m.pairs[i]; q == 0 || q == p+1 {
			return i
		}
	}
}

// put adds a rule, or replaces the one of the same pair.
func (m *merges) put(p uint64, r mergeRule) {
	i := m.slot(p)
	m.pairs[i], m.rules[i] = p+1, r
}

func (m *merges) get(left, right int32) (mergeRule, bool) {
	if left < 0 || right < 0 {
		return mergeRule{}, false
	}
	i := m.slot(pair(left, right))
	return m.rules[i], m.pairs[i] != 0
}

// bpeScratch is the memory of one goroutine.
type bpeScratch struct {
	symbols []symbol
	heap    []candidate
	text    []byte // a code point with its prefix and suffix
}

// A symbol is a part of a word that is one token for now.
type symbol struct {
	id         int32 // -1 = merged into the one before
	prev, next int32 // -1 = none
}

// A candidate is a pair of neighbours that may be merged.
type candidate struct {
	mergeRule
	pos int32 // of the left one
}

//lint:ignore U1000 push and pop call it
func (c candidate) before(d candidate) bool {
	return c.rank < d.rank || c.rank == d.rank && c.pos < d.pos
}

func (b *bpe) append(s *scratch, ids []int32, word []byte) []int32 {
	if b.wholes {
		if id, ok := b.ids[string(word)]; ok {
			return append(ids, id)
		}
	}
	n := len(ids)
	ids = b.chars(s, ids, word)
	if len(ids)-n < 2 {
		return ids
	}
	if len(ids)-n <= 24 {
		return ids[:n+b.few(ids[n:])]
	}
	return ids[:n+b.many(&s.bpe, ids[n:])]
}

// chars appends the ids of the code points of a word.
func (b *bpe) chars(s *scratch, ids []int32, word []byte) []int32 {
	unknown := false // an unknown one waits
	for i := 0; i < len(word); {
		size := 1
		id, ok := int32(-1), false
		if word[i] < utf8.RuneSelf && !b.affixes {
			id = b.ascii[word[i]]
			ok = id >= 0
		} else {
			_, size = utf8.DecodeRune(word[i:])
			id, ok = b.char(s, word, i, size)
		}
		switch {
		case ok:
			if unknown {
				ids = append(ids, b.unknown)
				unknown = false
			}
			ids = append(ids, id)
		case b.bytes != nil && b.hasBytes(word[i:i+size], i > 0, i+size == len(word)):
			ids = b.appendBytes(ids, word[i:i+size], i > 0, i+size == len(word))
		case b.unknown >= 0:
			if unknown && !b.fuse {
				ids = append(ids, b.unknown)
			}
			unknown = true
		}
		i += size
	}
	if unknown {
		ids = append(ids, b.unknown)
	}
	return ids
}

// char returns the id of the code point at word[i:], with prefix and suffix.
func (b *bpe) char(s *scratch, word []byte, i, size int) (int32, bool) {
	if !b.affixes {
		id, ok := b.ids[string(word[i:i+size])]
		return id, ok
	}
	text := s.bpe.text[:0]
	if i > 0 {
		text = append(text, b.prefix...)
	}
	text = append(text, word[i:i+size]...)
	if i+size == len(word) {
		text = append(text, b.suffix...)
	}
	s.bpe.text = text
	id, ok := b.ids[string(text)]
	return id, ok
}

// hasBytes says that all bytes of a code point, with prefix and suffix, are tokens.
func (b *bpe) hasBytes(char []byte, inner, last bool) bool {
	has := true
	check := func(c byte) { has = has && b.bytes[c] >= 0 }
	b.eachByte(char, inner, last, check)
	return has
}

func (b *bpe) appendBytes(ids []int32, char []byte, inner, last bool) []int32 {
	b.eachByte(char, inner, last, func(c byte) { ids = append(ids, b.bytes[c]) })
	return ids
}

func (b *bpe) eachByte(char []byte, inner, last bool, f func(byte)) {
	if inner {
		for i := range len(b.prefix) {
			f(b.prefix[i])
		}
	}
	for _, c := range char {
		f(c)
	}
	if last {
		for i := range len(b.suffix) {
			f(b.suffix[i])
		}
	}
}

// few merges the symbols of a short word in place, and returns how many are left.
func (b *bpe) few(ids []int32) int {
	var rules [24]mergeRule // of each symbol and the next
	const none = 1<<31 - 1
	rule := func(i int) mergeRule {
		if r, ok := b.merges.get(ids[i], ids[i+1]); ok {
			return r
		}
		return mergeRule{rank: none}
	}
	n := len(ids)
	for i := range n - 1 {
		rules[i] = rule(i)
	}
	for n > 1 {
		best := 0
		for i := 1; i < n-1; i++ {
			if rules[i].rank < rules[best].rank {
				best = i
			}
		}
		if rules[best].rank == none {
			break
		}
		ids[best] = rules[best].id
		copy(ids[best+1:n], ids[best+2:n])
		copy(rules[best:n-1], rules[best+1:n-1])
		n--
		if best > 0 {
			rules[best-1] = rule(best - 1)
		}
		if best < n-1 {
			rules[best] = rule(best)
		}
	}
	return n
}

// many does the same with a heap.
func (b *bpe) many(s *bpeScratch, ids []int32) int {
	symbols, heap := s.symbols[:0], s.heap[:0]
	for i, id := range ids {
		symbols = append(symbols, symbol{id, int32(i - 1), int32(i + 1)})
	}
	symbols[len(symbols)-1].next = -1
	for i := range len(ids) - 1 {
		if r, ok := b.merges.get(ids[i], ids[i+1]); ok {
			heap = push(heap, candidate{r, int32(i)})
		}
	}
	var c candidate
	for len(heap) > 0 {
		c, heap = pop(heap)
		left := &symbols[c.pos]
		if left.id < 0 || left.next < 0 {
			continue
		}
		right := &symbols[left.next]
		if r, ok := b.merges.get(left.id, right.id); !ok || r.id != c.id {
			continue
		}
		left.id, left.next = c.id, right.next
		right.id = -1
		if left.next >= 0 {
			symbols[left.next].prev = c.pos
			if r, ok := b.merges.get(left.id, symbols[left.next].id); ok {
				heap = push(heap, candidate{r, c.pos})
			}
		}
		if left.prev >= 0 {
			if r, ok := b.merges.get(symbols[left.prev].id, left.id); ok {
				heap = push(heap, candidate{r, left.prev})
			}
		}
	}
	n := 0
	for i := int32(0); i >= 0; i = symbols[i].next {
		ids[n] = symbols[i].id
		n++
	}
	s.symbols, s.heap = symbols, heap
	return n
}

// push and pop keep a binary heap.
func push[C interface{ before(C) bool }](heap []C, c C) []C {
	heap = append(heap, c)
	i := len(heap) - 1
	for i > 0 && c.before(heap[(i-1)/2]) {
		heap[i] = heap[(i-1)/2]
		i = (i - 1) / 2
	}
	heap[i] = c
	return heap
}

func pop[C interface{ before(C) bool }](heap []C) (C, []C) {
	top := heap[0]
	last := heap[len(heap)-1]
	heap = heap[:len(heap)-1]
	i := 0
	for {
		child := 2*i + 1
		if child >= len(heap) {
			break
		}
		if child+1 < len(heap) && heap[child+1].before(heap[child]) {
			child++
		}
		if !heap[child].before(last) {
			break
		}
		heap[i] = heap[child]
		i = child
	}
	if len(heap) > 0 {
		heap[i] = last
	}
	return top, heap
}
