package scan

import (
	"unicode"
	"unicode/utf8"
)

// AppendSnippet appends the beginning of a text as one line: up to n code points
// of valid UTF-8. Runs of white space and control characters become one space;
// bytes that are not UTF-8 become U+FFFD.
func AppendSnippet(dst, text []byte, n int) []byte {
	gap := false
	for written := 0; len(text) > 0 && written < n; {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			gap = written > 0
			continue
		}
		if gap {
			if written++; written == n {
				break // it would end with the space
			}
			dst = append(dst, ' ')
			gap = false
		}
		dst = utf8.AppendRune(dst, r)
		written++
	}
	return dst
}
