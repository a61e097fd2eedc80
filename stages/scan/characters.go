package scan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// Characters counts the code points of a text by what they are.
type Characters struct {
	CodePoints  int
	Basic       int // of [a-zA-Z0-9\n?!,.]
	Digits      int // 0 to 9
	Alphabetic  int // with the property Alphabetic
	Space       int // of "\t\n\r\b ": not all of white space
	Parentheses int // of {}⟨⟩[]()
	ASCII       bool

	invalid bool // some bytes are no code points
}

// Characters returns the counts of the text.
func (d *Document) Characters() *Characters {
	if d.first(characters, &d.scans.Characters) {
		d.chars = countCharacters(d.text, d.byteClasses(), d.counts)
	}
	return &d.chars
}

// Counters of ASCII characters, packed into one number: 12 bits each.
const (
	countBasic = iota * 12
	countDigits
	countAlphabetic
	countSpace
	countParentheses
	mostCounted = 1<<12 - 1
)

var asciiCounts = newASCIICounts()

func newASCIICounts() (t [256]uint64) {
	for c := range byte(utf8.RuneSelf) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		digit := '0' <= c && c <= '9'
		for field, is := range map[int]bool{
			countBasic:       letter || digit || c == '\n' || c == '?' || c == '!' || c == ',' || c == '.',
			countDigits:      digit,
			countAlphabetic:  letter,
			countSpace:       c == '\t' || c == '\n' || c == '\r' || c == '\b' || c == ' ',
			countParentheses: c == '{' || c == '}' || c == '[' || c == ']' || c == '(' || c == ')',
		} {
			if is {
				t[c] |= 1 << field
			}
		}
	}
	return t
}

const notASCII = 0x8080808080808080

func countCharacters(text []byte, blocks []byteBlock, n byteCounts) Characters {
	c := Characters{CodePoints: len(text), Basic: n.basic, Digits: n.digits, Alphabetic: n.alphabetic, Space: n.space, Parentheses: n.parentheses, ASCII: true}
	next := 0 // text[:next] has been counted
	for k := range blocks {
		wide, base := blocks[k].wide, k*blockSize
		for wide != 0 {
			if i := base + bits.TrailingZeros64(wide); i >= next {
				r, size := utf8.DecodeRune(text[i:])
				c.addRune(r, size)
				next = i + size
			}
			wide &= wide - 1
		}
	}
	return c
}

// addRune counts a code point beyond ASCII, whose bytes have been counted.
func (c *Characters) addRune(r rune, size int) {
	c.CodePoints -= size - 1
	c.ASCII = false
	if r == utf8.RuneError && size == 1 {
		c.invalid = true
		return
	}
	f := classOf(r).flags
	if f&isAlphabetic != 0 {
		c.Alphabetic++
	}
	if r == '⟨' || r == '⟩' {
		c.Parentheses++
	}
}

// countStarts returns the number of code points of text, which is valid: that of the bytes that continue none.
func countStarts(text []byte) int {
	n, i := len(text), 0
	for ; i+8 <= len(text); i += 8 {
		v := binary.LittleEndian.Uint64(text[i:])
		n -= bits.OnesCount64(v >> 7 & ^(v >> 6) & 0x0101010101010101)
	}
	for ; i < len(text); i++ {
		if !utf8.RuneStart(text[i]) {
			n--
		}
	}
	return n
}
