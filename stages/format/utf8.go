package format

import (
	"encoding/binary"
	"unicode/utf8"
)

// validUTF8 is utf8.Valid for text in which letters beyond ASCII are few: it
// skips what lies between them eight bytes at a time.
func validUTF8(p []byte) bool { return validUTF8With(p, hasAVX2) }

func validUTF8With(p []byte, fast bool) bool {
	words := 0
	for i := 0; i < len(p); {
		if i+8 <= len(p) {
			m := binary.LittleEndian.Uint64(p[i:]) & highs
			if m == 0 {
				if i += 8; fast && words == 2 {
					i += asciiAVX2(p[i:])
				}
				words++
				continue
			}
			i += trailing(m)
		} else if p[i] < utf8.RuneSelf {
			i++
			continue
		}
		words = 0
		// The letter at p[i], and those that follow it at once.
		for i < len(p) && p[i] >= utf8.RuneSelf {
			n := runeLen(p[i:])
			if n == 0 {
				return false
			}
			i += n
		}
	}
	return true
}

// runeLen returns the length of the letter of two to four bytes at the start
// of p, 0 if there is none. Source: Unicode 15, table 3-7.
func runeLen(p []byte) int {
	if len(p) < 2 || p[1]&0xc0 != 0x80 {
		return 0
	}
	switch a, b := p[0], p[1]; {
	case 0xc2 <= a && a <= 0xdf:
		return 2
	case len(p) < 3 || p[2]&0xc0 != 0x80:
		return 0
	case a == 0xe0 && b >= 0xa0, a == 0xed && b < 0xa0, 0xe1 <= a && a <= 0xec, a == 0xee, a == 0xef:
		return 3
	case len(p) < 4 || p[3]&0xc0 != 0x80:
		return 0
	case a == 0xf0 && b >= 0x90, 0xf1 <= a && a <= 0xf3, a == 0xf4 && b < 0x90:
		return 4
	}
	return 0
}
