package scan

import "unicode/utf8"

// appendCodePoints appends the code points of text[i:limit], and one more that
// begins there and ends behind it. It returns how far it came. A byte that is
// not UTF-8 is 0x110000 and its value.
func appendCodePoints(dst []uint64, text []byte, i, limit int) ([]uint64, int) {
	dst = grow(dst, limit-i)
	for i < limit {
		c := text[i]
		if c < utf8.RuneSelf {
			dst = append(dst, uint64(c))
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			r = utf8.MaxRune + 1 + rune(c)
		}
		dst = append(dst, uint64(r))
		i += size
	}
	return dst, i
}
