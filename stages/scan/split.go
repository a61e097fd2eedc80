package scan

import (
	"encoding/binary"
	"unicode/utf8"
)

// pieceSize is how many bytes of text are split before their words are hashed:
// what comes of them stays in the first-level cache.
const pieceSize = 4096

// A splitter finds the words of a text and lower-cases them.
type splitter struct {
	// low[:pos] holds lower-cased words, with anything between them; behind it
	// there is room for what is written or read beyond.
	low []byte
	pos int

	// edges[:n] holds, in turn, where in low words start and end. If n is odd a
	// word is open.
	edges []uint32
	n     int
}

func (s *splitter) reset() { s.pos, s.n = 0, 0 }

// closeWord ends an open word.
func (s *splitter) closeWord() {
	if s.n%2 != 0 {
		s.edges[s.n] = uint32(s.pos)
		s.n++
	}
}

// split takes text[i:limit], and up to three bytes more where a code point
// does not end there. It returns how far it came.
func (s *splitter) split(t *wordTable, text []byte, i, limit int) int {
	s.room(limit - i)
	for i < limit {
		if c := text[i]; c < utf8.RuneSelf {
			i++
			low := t.ascii[c]
			s.low[s.pos] = low
			s.mark(low != 0)
			s.pos++
			continue
		}
		i = s.splitRune(t, text, i)
	}
	return i
}

// room makes room for n bytes of text. Lower-casing makes two bytes three at
// worst, and each byte has one edge at most, and one more.
func (s *splitter) room(n int) {
	if want := s.pos + (n+4)*3/2 + 64 + wordSlack; len(s.low) < want {
		s.low = append(make([]byte, 0, want+s.pos/2), s.low[:s.pos]...)
		s.low = s.low[:cap(s.low)]
	}
	if want := s.n + n + 8 + 64; len(s.edges) < want {
		s.edges = append(make([]uint32, 0, want), s.edges[:s.n]...)
		s.edges = s.edges[:cap(s.edges)]
	}
}

// mark says whether what is written next is part of a word.
func (s *splitter) mark(in bool) {
	s.edges[s.n] = uint32(s.pos)
	if in != (s.n%2 != 0) {
		s.n++
	}
}

// splitRune takes one code point beyond ASCII and returns where the next
// starts.
func (s *splitter) splitRune(t *wordTable, text []byte, i int) int {
	if c := text[i]; 0xc2 <= c && c < 0xe0 && i+1 < len(text) && text[i+1]&0xc0 == 0x80 {
		e := t.two[int(c&0x1f)<<6|int(text[i+1]&0x3f)]
		if e>>28 <= inside {
			binary.LittleEndian.PutUint32(s.low[s.pos:], e)
			s.mark(e != 0)
			s.pos += int(e >> 24 & 7)
			return i + 2
		}
	}
	r, size := utf8.DecodeRune(text[i:])
	if r == utf8.RuneError && size == 1 {
		s.mark(false)
		return i + 1
	}
	class := blocks[int(pages[r>>8])<<8|int(r&0xff)]
	kind := t.kinds[class]
	if r < 0x800 {
		kind = uint8(t.two[r] >> 28)
	}
	switch kind {
	case outside:
		s.mark(false)
	case inside:
		s.mark(true)
		s.add(r + classes[class].delta)
	case alone:
		s.closeWord()
		s.mark(true)
		s.add(r)
		s.mark(false)
	case special:
		s.mark(true)
		if r == dottedI { // i and a dot above, which is no part of a word
			s.add('i')
			s.mark(false)
			break
		}
		s.add(lowerSigma(text, i))
	}
	return i + size
}

// add writes one code point.
func (s *splitter) add(r rune) { s.pos += utf8.EncodeRune(s.low[s.pos:], r) }

// hashWords appends the hashes of the words that have ended, and keeps an open
// one for the next piece.
func (s *splitter) hashWords(dst []uint64) []uint64 {
	n := s.n &^ 1
	dst = grow(dst, n/2)
	for k := 0; k < n; k += 2 {
		dst = append(dst, hashWord(s.low, s.edges[k], s.edges[k+1]))
	}
	start := s.pos
	if s.n%2 != 0 {
		start = int(s.edges[n])
		s.edges[0] = 0
	}
	s.n %= 2
	if start > 0 {
		s.pos = copy(s.low, s.low[start:s.pos])
	}
	return dst
}
