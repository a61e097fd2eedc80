package scan

import (
	"encoding/binary"
	"unicode/utf8"
)

// AppendLower appends the text in small letters, as Python's str.lower makes them. Bytes
// that are no part of a valid code point stay.
func AppendLower(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			end := i + asciiRun(text[i:])
			dst = AppendSmall(dst, text[i:end])
			i = end
			continue
		}
		var size int
		dst, size = AppendLowerAt(dst, text, i)
		i += size
	}
	return dst
}

// AppendLowerAt appends what AppendLower makes of the code point at text[i], and returns how many
// bytes of text it takes.
func AppendLowerAt(dst, text []byte, i int) ([]byte, int) {
	if c := text[i]; c < utf8.RuneSelf {
		if c-'A' < 26 {
			c |= 0x20
		}
		return append(dst, c), 1
	}
	r, size := utf8.DecodeRune(text[i:])
	switch class := classOf(r); {
	case r == utf8.RuneError && size == 1:
		return append(dst, text[i]), 1
	case r == capitalSigma:
		return utf8.AppendRune(dst, lowerSigma(text, i)), size
	case r == dottedI:
		return append(dst, "i\u0307"...), size
	case class.delta == 0:
		return append(dst, text[i:i+size]...), size
	default:
		return utf8.AppendRune(dst, r+class.delta), size
	}
}

// asciiRun returns how many bytes of ASCII the text begins with.
func asciiRun(text []byte) int {
	i := 0
	for ; i+8 <= len(text); i += 8 {
		if binary.LittleEndian.Uint64(text[i:])&notASCII != 0 {
			break
		}
	}
	for i < len(text) && text[i] < utf8.RuneSelf {
		i++
	}
	return i
}

// Flanked says whether text[start:end] has a code point on neither side that Python's \w matches: a
// letter, a digit or number, or an underscore.
func Flanked(text []byte, start, end int) bool {
	if start > 0 {
		if r, _ := utf8.DecodeLastRune(text[:start]); classOf(r).flags&isPython != 0 {
			return false
		}
	}
	if end < len(text) {
		if r, _ := utf8.DecodeRune(text[end:]); classOf(r).flags&isPython != 0 {
			return false
		}
	}
	return true
}
