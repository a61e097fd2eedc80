package sketch

import "unicode/utf8"

// windows calls yield for each run of width code points of text, and once with
// all of a text that has fewer, unless it is empty. A byte that is no part of a
// valid code point counts as one.
func windows(text []byte, width int, yield func(window []byte)) {
	if len(text) == 0 {
		return
	}
	begin, end := 0, 0
	for range width {
		end += codePoint(text[end:])
	}
	for yield(text[begin:end]); end < len(text); yield(text[begin:end]) {
		begin += codePoint(text[begin:])
		end += codePoint(text[end:])
	}
}

// codePoint returns the length of the code point at the start of p, 0 if p is
// empty.
func codePoint(p []byte) int {
	if len(p) > 0 && p[0] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRune(p)
	return n
}
