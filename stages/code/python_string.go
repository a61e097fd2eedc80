package code

import (
	"bytes"
	"unicode/utf8"
)

// isPlain says that a string literal has a type of its own: it is no bytes and no f-string.
func isPlain(literal []byte) bool {
	return !bytes.ContainsAny(literal[:bytes.IndexAny(literal, `"'`)], "bBfF")
}

// appendString appends the value of a string literal; false = an escape in it is malformed. Where it does
// not matter what character an escape stands for, it is another.
func appendString(dst, literal []byte) ([]byte, bool) {
	open := bytes.IndexAny(literal, `"'`)
	raw, isBytes := bytes.ContainsAny(literal[:open], "rR"), bytes.ContainsAny(literal[:open], "bB")
	n := 1
	if body := literal[open:]; len(body) >= 6 && body[1] == body[0] && body[2] == body[0] {
		n = 3
	}
	text := literal[open+n : len(literal)-n]
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b == '\r':
			if i+1 < len(text) && text[i+1] == '\n' {
				i++
			}
			dst = append(dst, '\n')
		case b != '\\' || raw:
			dst = append(dst, b)
		default:
			var size int
			if dst, size = appendEscape(dst, text[i+1:]); size < 0 && (!isBytes || text[i+1] == 'x') {
				return dst, false
			}
			i += max(size, 0)
		}
	}
	return dst, true
}

// appendEscape appends what the text after a backslash stands for, and returns how many of
// its bytes it took; -1 = malformed.
func appendEscape(dst, text []byte) ([]byte, int) {
	hex := func(digits int) ([]byte, int) {
		if len(text) <= digits {
			return dst, -1
		}
		r := rune(0)
		for _, b := range text[1 : 1+digits] {
			v := bytes.IndexByte([]byte("0123456789abcdef"), b|0x20)
			if b < '0' || v < 0 {
				return dst, -1
			}
			r = r<<4 | rune(v)
		}
		return utf8.AppendRune(dst, r), 1 + digits
	}
	switch b := text[0]; b {
	case '\n':
		return dst, 1
	case '\r':
		if len(text) > 1 && text[1] == '\n' {
			return dst, 2
		}
		return dst, 1
	case '\\', '\'', '"':
		return append(dst, b), 1
	case 'a', 'b':
		return append(dst, 1), 1
	case 'f', 'n', 'r', 't', 'v':
		return append(dst, map[byte]byte{'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}[b]), 1
	case 'x':
		return hex(2)
	case 'u':
		return hex(4)
	case 'U':
		return hex(8)
	case 'N':
		if i := bytes.IndexByte(text, '}'); i > 1 && text[1] == '{' {
			return append(dst, 'N'), i + 1
		}
		return dst, -1
	case '0', '1', '2', '3', '4', '5', '6', '7':
		r, n := rune(0), 0
		for n < 3 && n < len(text) && '0' <= text[n] && text[n] <= '7' {
			r = r<<3 | rune(text[n]-'0')
			n++
		}
		return utf8.AppendRune(dst, r), n
	}
	return append(dst, '\\'), 0
}
