package scan

import "unicode/utf8"

// appendCodePoints appends the code points of text[i:limit], and of up to a
// block more. It returns how far it came. A byte that is not UTF-8 is 0x110000
// and its value.
func appendCodePoints(dst []uint64, text []byte, i, limit int, vectors bool) ([]uint64, int) {
	n := len(dst)
	dst = grow(dst, limit-i+blockSize)[:n+limit-i+blockSize]
	for i < limit {
		if vectors && asciiAhead(text[i:]) {
			k := widenAVX2(&dst[n], text[i:min(len(text), i+(limit-i+31)&^31)])
			i, n = i+k, n+k
		}
		for end := min(i+32, limit); i < end; n++ {
			switch c := text[i]; {
			case c < utf8.RuneSelf:
				dst[n] = uint64(c)
				i++
			case 0xc2 <= c && c < 0xe0 && i+1 < len(text) && text[i+1]&0xc0 == 0x80:
				dst[n] = uint64(c&0x1f)<<6 | uint64(text[i+1]&0x3f)
				i += 2
			case 0xe1 <= c && c < 0xf0 && c != 0xed && i+2 < len(text) && text[i+1]&0xc0 == 0x80 && text[i+2]&0xc0 == 0x80:
				dst[n] = uint64(c&0xf)<<12 | uint64(text[i+1]&0x3f)<<6 | uint64(text[i+2]&0x3f)
				i += 3
			default:
				r, size := utf8.DecodeRune(text[i:])
				if r == utf8.RuneError && size == 1 {
					r = utf8.MaxRune + 1 + rune(c)
				}
				dst[n] = uint64(r)
				i += size
			}
		}
	}
	return dst[:n], i
}
