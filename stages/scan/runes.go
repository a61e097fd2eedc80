package scan

import (
	"encoding/binary"
	"unicode/utf8"
)

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
