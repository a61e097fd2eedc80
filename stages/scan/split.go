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

// splitRunes takes one code point, and others up to the limit, or to where
// vectors can go on.
func (s *splitter) splitRunes(t *wordTable, text []byte, i, limit int) int {
	low, edges, pos, n := s.low, s.edges, s.pos, s.n
	for begin := i; i < limit; {
		switch c := text[i]; {
		case 0xe1 <= c && c < 0xf0 && c != 0xed && i+3 < len(text):
			v := binary.LittleEndian.Uint32(text[i:])
			r := uint16(v<<12 | v>>2&0xfc0 | v>>16&0x3f)
			kind := t.kinds[blocks[int(pages[r>>8])<<8|int(r&0xff)]]
			if kind > alone || v&0xc0c000 != 0x808000 {
				break
			}
			binary.LittleEndian.PutUint32(low[pos:], v)
			edges[n] = uint32(pos)
			if kind == alone {
				n += n & 1
				edges[n], edges[n+1] = uint32(pos), uint32(pos+3)
				n += 2
			} else {
				n += (n ^ int(kind)) & 1
			}
			i, pos = i+3, pos+3
			continue
		case c < utf8.RuneSelf:
			if s.vectors && i > begin && blockAhead(text[i:]) {
				s.pos, s.n = pos, n
				return i
			}
			l := t.ascii[c]
			low[pos], edges[n] = l, uint32(pos)
			n += (n ^ int(uint32(l)+0xff)>>8) & 1
			i, pos = i+1, pos+1
			continue
		case 0xc2 <= c && c < 0xe0 && i+1 < len(text) && text[i+1]&0xc0 == 0x80:
			if s.vectors && i > begin && blockAhead(text[i:]) {
				s.pos, s.n = pos, n
				return i
			}
			e := t.two[int(c&0x1f)<<6|int(text[i+1]&0x3f)]
			if e>>28 > inside {
				break
			}
			binary.LittleEndian.PutUint32(low[pos:], e)
			edges[n] = uint32(pos)
			n += (n ^ int(e>>28)) & 1
			i, pos = i+2, pos+int(e>>24&7)
			continue
		}
		s.pos, s.n = pos, n
		i = s.splitRune(t, text, i)
		pos, n = s.pos, s.n
	}
	s.pos, s.n = pos, n
	return i
}

// splitRune takes any code point and returns where the next one starts.
func (s *splitter) splitRune(t *wordTable, text []byte, i int) int {
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
	case inside, changed:
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

// mark says whether what is written next is part of a word.
func (s *splitter) mark(in bool) {
	s.edges[s.n] = uint32(s.pos)
	if in != (s.n%2 != 0) {
		s.n++
	}
}

// add writes one code point.
func (s *splitter) add(r rune) { s.pos += utf8.EncodeRune(s.low[s.pos:], r) }
