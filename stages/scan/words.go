// Package scan finds the parts of a text: words, code points, shingles, and the
// normalised form in which texts are compared. Its functions take UTF-8 as it
// comes; a byte that is not part of a valid code point counts as one.
package scan

import (
	"unicode/utf8"
)

// CodePoints returns the number of code points, and allocates nothing, as utf8.RuneCount of
// Go 1.26 does.
func CodePoints(text []byte) (n int) {
	for i := 0; i < len(text); n++ {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		_, size := utf8.DecodeRune(text[i:])
		i += size
	}
	return n
}

var asciiSpace = [256]bool{
	'\t': true, '\n': true, '\v': true, '\f': true, '\r': true, ' ': true,
	0x1c: true, 0x1d: true, 0x1e: true, 0x1f: true,
}

// IsSpace says whether Python's str.isspace holds for a code point: white space to str.split and str.strip.
func IsSpace(r rune) bool {
	if r < utf8.RuneSelf {
		return asciiSpace[r]
	}
	return isWideSpace(r)
}

func isWideSpace(r rune) bool {
	switch r {
	case 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000:
		return true
	}
	return 0x2000 <= r && r <= 0x200a
}
