package scan

import (
	"math/bits"
	"unicode/utf8"
)

// A Word is a maximal run of code points that are not white space: what
// Python's str.split() makes.
type Word struct {
	Span
	marks uint32 // code points, and the two bits below
}

const (
	alphabeticMark = 1 << 31
	hashMark       = 1 << 30
	beyondMark     = 1 // bytes beyond ASCII: no mark of a word that is done
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
		d.words = d.appendWords(d.words[:0])
	}
	return d.words
}

// What a byte of ASCII makes of a word.
const (
	wordSpace = 1 << iota
	wordAlphabetic
	wordHash
	wordWide // beyond ASCII
	wordLineFeed
)

var asciiInWord = newASCIIInWord()

func newASCIIInWord() (t [256]uint8) {
	for i := range t {
		c := byte(i)
		switch {
		case c >= utf8.RuneSelf:
			t[c] = wordWide
		case c == '\n':
			t[c] = wordSpace | wordLineFeed
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

// appendWords takes what stands between white space of ASCII.
func (d *Document) appendWords(dst []Word) []Word {
	var open uint64 // 1: a word that began at start goes on
	var start, marks uint32
	for k, b := range d.byteClasses() {
		base := uint32(k * blockSize)
		in := ^b.space
		before := in<<1 | open // words, a byte later
		starts, ends := in&^before, b.space&before
		if open != 0 {
			if ends == 0 {
				marks |= b.marks(0, blockSize)
				continue
			}
			end := bits.TrailingZeros64(ends)
			dst = appendWord(dst, d.text, start, base+uint32(end), marks|b.marks(0, end))
			ends &= ends - 1
		}
		for ; ends != 0; ends &= ends - 1 {
			from, end := bits.TrailingZeros64(starts), bits.TrailingZeros64(ends)
			dst = appendWord(dst, d.text, base+uint32(from), base+uint32(end), b.marks(from, end))
			starts &= starts - 1
		}
		if open = in >> 63; open != 0 {
			from := bits.TrailingZeros64(starts)
			start, marks = base+uint32(from), b.marks(from, blockSize)
		}
	}
	if open != 0 {
		dst = appendWord(dst, d.text, start, uint32(len(d.text)), marks)
	}
	return dst
}

// marks returns those of the bytes from one to before another.
func (b *byteBlock) marks(from, end int) (marks uint32) {
	within := ^uint64(0)<<from ^ ^uint64(0)<<end
	if b.alphabetic&within != 0 {
		marks = alphabeticMark
	}
	if b.hash&within != 0 {
		marks |= hashMark
	}
	if b.wide&within != 0 {
		marks |= beyondMark
	}
	return marks
}

// appendWord appends the word text[start:end], or what words there are if it has bytes beyond
// ASCII, which marks says.
func appendWord(dst []Word, text []byte, start, end, marks uint32) []Word {
	if marks&beyondMark != 0 {
		return appendWideWords(dst, text[:end], int(start))
	}
	return append(dst, Word{Span{start, end}, marks | min(end-start, hashMark-1)})
}

// appendWideWords appends the words of text[i:].
func appendWideWords(dst []Word, text []byte, i int) []Word {
	for {
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
			if f&wordSpace != 0 {
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
