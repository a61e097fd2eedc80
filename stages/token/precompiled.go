package token

import (
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// precompiled applies a charsmap as the Hugging Face library does, which is
// not as SentencePiece does: a grapheme cluster of less than 6 bytes is replaced as a whole by
// what its shortest prefix in the table says, others by code point.
type precompiled struct{ *charsmap }

func (f precompiled) normalize(dst, text []byte) ([]byte, bool) {
	for len(text) > 0 {
		// Code points of ASCII are clusters of their own, but for CR LF and before others.
		if c := text[0]; c < utf8.RuneSelf && (len(text) == 1 || text[1] < utf8.RuneSelf) && c != '\r' {
			dst = f.replace(dst, text[:1])
			text = text[1:]
			continue
		}
		n := cluster(text)
		if n < 6 {
			if by, ok := f.shortest(text[:n]); ok {
				dst = append(dst, by...)
				text = text[n:]
				continue
			}
		}
		for n > 0 {
			_, size := utf8.DecodeRune(text)
			dst = f.replace(dst, text[:size])
			text = text[size:]
			n -= size
		}
	}
	return dst, true
}

// replace appends what the table makes of one code point.
func (f precompiled) replace(dst, char []byte) []byte {
	if by, ok := f.shortest(char); ok {
		return append(dst, by...)
	}
	return append(dst, char...)
}

func (f precompiled) cuts(text []byte) bool {
	if len(text) == 0 {
		return false
	}
	by, ok := f.shortest(text[:min(len(text), utf8.UTFMax)])
	return ok && len(by) == 0
}

// cluster returns the size of the grapheme cluster that text begins with.
func cluster(text []byte) int {
	clusters := graphemes.FromBytes(text)
	clusters.Next()
	return len(clusters.Value())
}
