package scan

import "unicode/utf8"

// A Word is a maximal run of code points that are not white space: what
// Python's str.split() makes.
type Word struct {
	Span
	marks uint32 // code points, and the two bits below
}

const (
	alphabeticMark = 1 << 31
	hashMark       = 1 << 30
)

// CodePoints returns the length of the word, up to 2^30.
func (w Word) CodePoints() int { return int(w.marks &^ (alphabeticMark | hashMark)) }

// Alphabetic says that the word has a code point with the property Alphabetic.
func (w Word) Alphabetic() bool { return w.marks&alphabeticMark != 0 }

// Hash says that the word has a '#'.
func (w Word) Hash() bool { return w.marks&hashMark != 0 }

// Words returns the words of the text in order.
func (d *Document) Words() []Word {
	if d.first(words, &d.scans.Words) {
		d.words = appendWords(d.words[:0], d.text)
	}
	return d.words
}

// What a byte of ASCII makes of a word.
const (
	wordSpace = 1 << iota
	wordAlphabetic
	wordHash
	wordWide // beyond ASCII
)

var asciiInWord = newASCIIInWord()

func newASCIIInWord() (t [256]uint8) {
	for i := range t {
		c := byte(i)
		switch {
		case c >= utf8.RuneSelf:
			t[c] = wordWide
		case asciiSpace[c]:
			t[c] = wordSpace
		case 'a' <= c|0x20 && c|0x20 <= 'z':
			t[c] = wordAlphabetic
		case c == '#':
			t[c] = wordHash
		}
	}
	return t
}

func appendWords(dst []Word, text []byte) []Word {
	for i := 0; ; {
		i = skipSpace(text, i)
		if i == len(text) {
			return dst
		}
		start, flags, more := i, uint8(0), 0 // bytes beyond the first of code points
		for i < len(text) {
			f := asciiInWord[text[i]]
			if f&(wordSpace|wordWide) == 0 {
				flags |= f
				i++
				continue
			}
			if f == wordSpace {
				break
			}
			r, size := utf8.DecodeRune(text[i:])
			if IsSpace(r) {
				break
			}
			if (r != utf8.RuneError || size > 1) && classOf(r).flags&isAlphabetic != 0 {
				flags |= wordAlphabetic
			}
			i += size
			more += size - 1
		}
		marks := uint32(min(i-start-more, hashMark-1))
		marks |= uint32(flags&wordAlphabetic) / wordAlphabetic * alphabeticMark
		marks |= uint32(flags&wordHash) / wordHash * hashMark
		dst = append(dst, Word{Span{uint32(start), uint32(i)}, marks})
	}
}
