package fasttext

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
)

// A state is what one goroutine needs to classify texts, one after the other.
type state struct {
	sum    []float32 // of input rows, and then their mean; a multiple of eight numbers
	count  int       // rows in it
	rows   []uint32  // to be added
	hashes []int32   // of the words, for n-grams of words
	output []float32 // of the labels; a multiple of blockLabels
	best   best
	cache  cache
}

// pending is how many rows are gathered before they are added up.
const pending = 1 << 11

func newState(m *Model) *state {
	s := &state{sum: make([]float32, (m.dim+7)/8*8)}
	s.rows = make([]uint32, 0, 2*pending)
	if _, ok := m.loss.(*tree); !ok {
		s.output = make([]float32, (len(m.dict.labels)+blockLabels-1)/blockLabels*blockLabels)
	}
	s.cache.reset()
	return s
}

// embed makes s.sum the mean of the rows of a text; false means that there are none.
func (s *state) embed(m *Model, text []byte) bool {
	clear(s.sum)
	s.count, s.rows, s.hashes = 0, s.rows[:0], s.hashes[:0]
	s.words(m, text)
	if m.grams.words > 1 && !m.grams.none {
		for i := range s.hashes {
			s.rows = m.grams.ofWords(s.rows, s.hashes[i:])
			if len(s.rows) >= pending {
				s.flush(m)
			}
		}
	}
	s.flush(m)
	if cap(s.hashes) > 1<<18 {
		s.hashes = nil // of an unusually long text
	}
	if s.count == 0 {
		return false
	}
	mean := float32(1 / float64(s.count))
	for i := range s.sum {
		s.sum[i] *= mean
	}
	return true
}

// flush adds the rows that were gathered.
func (s *state) flush(m *Model) {
	m.input.sum(s.sum, s.rows)
	s.count += len(s.rows)
	s.rows = s.rows[:0]
}

// words adds the rows of the words of a text, and of the end of the line.
func (s *state) words(m *Model, text []byte) {
	for i := 0; i < len(text); {
		if parts[text[i]] {
			i++
			continue
		}
		begin := i
		for i++; i < len(text) && !parts[text[i]]; i++ {
		}
		word := text[begin:i]
		if len(word) == len(endOfLine) && string(word) == endOfLine {
			break
		}
		s.word(m, word)
	}
	s.word(m, []byte(endOfLine))
}

// parts says which bytes stand between words.
var parts = [256]bool{' ': true, '\n': true, '\r': true, '\t': true, '\v': true, '\f': true, 0: true}

// word adds the rows of a word.
func (s *state) word(m *Model, w []byte) {
	if len(w) > longWord {
		s.long(m, w)
		return
	}
	f := s.cache.find(w)
	if f == nil {
		f = s.cache.add(m, w)
	}
	s.rows = append(s.rows, s.cache.rowsOf(f)...)
	if f.size != label && m.grams.words > 1 {
		s.hashes = append(s.hashes, f.hash)
	}
	if len(s.rows) >= pending {
		s.flush(m)
	}
}

// longWord is how many bytes of a word are too many to remember.
const longWord = 256

// long adds the rows of a long word, a piece at a time.
func (s *state) long(m *Model, w []byte) {
	row, hash, counts := m.look(w)
	if !counts {
		return
	}
	s.hashes = append(s.hashes, hash)
	if row >= 0 {
		s.rows = append(s.rows, uint32(row))
	}
	if m.grams.most == 0 {
		return
	}
	w = s.cache.spell(w)
	for i := 0; i < len(w); i += longWord {
		if s.rows = m.grams.ofWord(s.rows, w, i, min(i+longWord, len(w))); len(s.rows) >= pending {
			s.flush(m)
		}
	}
	if cap(s.cache.spelt) > cacheText {
		s.cache.spelt = nil
	}
}

// look returns the row of a word, or -1. counts says that it is a word: labels are none.
func (m *Model) look(w []byte) (row int, hash int32, counts bool) {
	h := fnv(w)
	i, known := m.dict.find(w, h)
	switch {
	case known && i >= m.dict.words(), !known && bytes.HasPrefix(w, []byte(Prefix)):
		return -1, int32(h), false
	case known:
		return i, int32(h), true
	}
	return -1, int32(h), true
}

// A cache holds the rows of words that a goroutine has met. When it is full it
// begins anew.
type cache struct {
	slots []found // a power of two
	used  int
	text  []byte
	rows  []uint32
	spelt []byte
}

// found is a word and its rows. A slot whose length is 0 is empty.
type found struct {
	key    uint64
	text   uint32
	first  uint32 // in cache.rows
	hash   int32
	length uint16 // up to longWord
	size   uint16 // number of rows, or label
}

// label is the size of a word that is one: it does not count.
const label = math.MaxUint16

// rowsOf returns the rows of a word.
func (c *cache) rowsOf(f *found) []uint32 {
	if f.size == label {
		return nil
	}
	return c.rows[f.first:][:f.size]
}

const (
	cacheSlots = 1 << 15
	cacheText  = 1 << 19
	cacheRows  = 1 << 20
	probes     = 8
)

func (c *cache) reset() {
	if c.slots == nil {
		c.slots = make([]found, cacheSlots)
	}
	clear(c.slots)
	c.used, c.text, c.rows = 0, c.text[:0], c.rows[:0]
}

// find returns what is known of a word, or nil.
func (c *cache) find(w []byte) *found {
	key := mix(w)
	for i := range uint64(probes) {
		f := &c.slots[(key+i)%cacheSlots]
		if f.length == 0 {
			return nil
		}
		// The key of a short word is no one else's of that length.
		if f.key == key && int(f.length) == len(w) && (len(w) < shortWord || string(c.text[f.text:][:f.length]) == string(w)) {
			return f
		}
	}
	return nil
}

// add looks a word up and remembers it.
func (c *cache) add(m *Model, w []byte) *found {
	if c.used > cacheSlots/4*3 || len(c.text) > cacheText || len(c.rows) > cacheRows {
		c.reset()
	}
	f := found{key: mix(w), text: uint32(len(c.text)), length: uint16(len(w)), first: uint32(len(c.rows)), size: label}
	c.text = append(c.text, w...)
	row, hash, counts := m.look(w)
	f.hash = hash
	if counts {
		if row >= 0 {
			c.rows = append(c.rows, uint32(row))
		}
		if m.grams.most > 0 && string(w) != endOfLine {
			spelt := c.spell(w)
			c.rows = m.grams.ofWord(c.rows, spelt, 0, len(spelt))
		}
		f.size = uint16(len(c.rows) - int(f.first))
	}
	at := f.key % cacheSlots
	for i := range uint64(probes) {
		if s := &c.slots[(f.key+i)%cacheSlots]; s.length == 0 {
			c.used++
			*s = f
			return s
		}
	}
	c.slots[at] = f // a word that hashes to where many do takes the place of one of them
	return &c.slots[at]
}

// spell returns a word with marks where it begins and ends. The bytes are good until the next call.
func (c *cache) spell(w []byte) []byte {
	c.spelt = append(append(append(c.spelt[:0], '<'), w...), '>')
	return c.spelt
}

// shortWord is the number of bytes that a key cannot hold.
const shortWord = 8

// mix is a hash of a word: one for each if it has fewer than eight bytes, of all bytes if it has up to 24.
func mix(w []byte) uint64 {
	const a, b = 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93
	n := len(w)
	var x uint64
	switch {
	case n > 16:
		x = binary.LittleEndian.Uint64(w) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(w[n/2-4:]), 29)
		high, low := bits.Mul64(x^a, binary.LittleEndian.Uint64(w[n-8:])^b^uint64(n)*a)
		return high ^ low
	case n >= 8:
		high, low := bits.Mul64(binary.LittleEndian.Uint64(w)^a, binary.LittleEndian.Uint64(w[n-8:])^b^uint64(n)*a)
		return high ^ low
	case cap(w) >= 8:
		x = binary.LittleEndian.Uint64(w[:8]) & (1<<(8*n) - 1)
	default:
		for i, c := range w {
			x |= uint64(c) << (8 * i)
		}
	}
	// Each step can be undone.
	x = (x ^ x>>32) * a
	return x ^ x>>29
}
