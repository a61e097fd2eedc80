package scan

import (
	"bytes"
	"encoding/binary"
)

// Folded returns the text with the letters A to Z in lower case, and with the
// Kelvin sign as k: all that Python's str.lower turns into ASCII. It serves to look for
// phrases of ASCII in any case; its bytes are not those of the text where that has
// a Kelvin sign.
func (d *Document) Folded() []byte {
	if d.first(folded, &d.scans.Folded) {
		d.folded = appendFolded(d.folded[:0], d.text)
	}
	return d.folded
}

const kelvin = "\u212a"

func appendFolded(dst, text []byte) []byte {
	dst = AppendSmall(dst, text)
	if has(dst, kelvin) {
		dst = append(dst[:0], bytes.ReplaceAll(dst, []byte(kelvin), []byte("k"))...)
	}
	return dst
}

// AppendSmall appends the text with the letters A to Z in lower case.
func AppendSmall(dst, text []byte) []byte {
	n := len(dst)
	if whole := len(text) &^ 31; hasAVX2 && whole > 0 {
		dst = grow(dst, len(text))[:n+whole]
		lowerAVX2(&dst[n], text[:whole])
		text = text[whole:]
		n += whole
	}
	dst = append(dst, text...)
	for ; n+8 <= len(dst); n += 8 {
		v := binary.LittleEndian.Uint64(dst[n:])
		low := v &^ uint64(notASCII)
		from := low + 0x3f3f3f3f3f3f3f3f // high bit where at least 'A'
		past := low + 0x2525252525252525 // high bit where beyond 'Z'
		binary.LittleEndian.PutUint64(dst[n:], v|(from&^past&^v)&notASCII>>2)
	}
	for ; n < len(dst); n++ {
		if 'A' <= dst[n] && dst[n] <= 'Z' {
			dst[n] |= 0x20
		}
	}
	return dst
}
