package scan

import (
	"encoding/binary"
	"unicode/utf8"
)

// pieceSize is how many bytes of text are split before their words are hashed:
// what comes of them stays in the first-level cache. Up to a block more may be
// taken.
const (
	pieceSize = 4096
	blockSize = 64
)

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

	tail    [blockSize]byte // the end of the text, and zero bytes
	vectors bool            // call assembly
}

func (s *splitter) reset() { s.pos, s.n = 0, 0 }

// closeWord ends an open word.
func (s *splitter) closeWord() {
	if s.n%2 != 0 {
		s.edges[s.n] = uint32(s.pos)
		s.n++
	}
}

// split takes text[i:limit], and up to a block more. It returns how far it
// came.
func (s *splitter) split(t *wordTable, text []byte, i, limit int) int {
	s.room(limit - i + blockSize)
	for i < limit {
		if s.vectors && blockAhead(text[i:]) {
			k := s.splitBlocks(text[i:], limit-i)
			i += k
			if k > 0 {
				continue
			}
		}
		i = s.splitRunes(t, text, i, limit)
	}
	return i
}

// room makes room for n bytes of text. Lower-casing makes two bytes three at
// worst, and each byte has one edge at most, and one more.
func (s *splitter) room(n int) {
	if want := s.pos + (n+utf8.UTFMax)*3/2 + blockSize + wordSlack; len(s.low) < want {
		s.low = append(make([]byte, 0, want+s.pos/2), s.low[:s.pos]...)
		s.low = s.low[:cap(s.low)]
	}
	if want := s.n + n + utf8.UTFMax + blockSize; len(s.edges) < want {
		s.edges = append(make([]uint32, 0, want), s.edges[:s.n]...)
		s.edges = s.edges[:cap(s.edges)]
	}
}

// asciiAhead says whether vectors are worth while that take ASCII.
func asciiAhead(text []byte) bool {
	return len(text) >= 8 && binary.LittleEndian.Uint64(text)&beyondASCII == 0
}

const beyondASCII = 0x8080808080808080

// blockAhead says whether splitBlocks is worth while: it takes ASCII, Latin-1,
// the Cyrillic of most languages, and the usual punctuation.
func blockAhead(text []byte) bool {
	if len(text) < 8 {
		return false
	}
	x := binary.LittleEndian.Uint64(text)
	switch byte(x) {
	case 0xc3:
		x >>= 16
	case 0xd0, 0xd1:
		x &= x << 1 & (x << 2) // what begins a code point of three bytes or more
	}
	return x&beyondASCII == 0
}

// splitBlocks does what splitRunes does, for many bytes at a time. It returns
// how many.
func (s *splitter) splitBlocks(text []byte, limit int) (i int) {
	if len(text) < blockSize {
		limit = copy(s.tail[:], text)
		clear(s.tail[limit:])
		text = s.tail[:]
	} else {
		text = text[:min(len(text), (limit+blockSize-1)&^(blockSize-1))]
		limit = len(text)
	}
	i, s.n = splitAVX2(&s.low[0], &s.edges[0], text, s.pos, s.n)
	i = min(i, limit)
	s.pos += i
	return i
}
