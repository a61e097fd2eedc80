package token

//go:generate sh -c "python3 testdata/tables.py > tables.go && gofmt -w tables.go"

import "unicode/utf8"

// A class is what the code points of one class have in common.
type class struct {
	flags uint16
	delta int32 // from the code point to its lower case, where that is one code point
}

// classOf returns the class of a code point.
func classOf(r rune) class {
	return classes[blocks[int(pages[r>>8])<<8|int(r&0xff)]]
}

// is says whether a code point has one of the flags.
func is(r rune, flags uint16) bool { return classOf(r).flags&flags != 0 }

// asciiFlags has the flags of ASCII code points.
var asciiFlags = func() (f [utf8.RuneSelf]uint16) {
	for r := range f {
		f[r] = classOf(rune(r)).flags
	}
	return f
}()

// flagsAt returns the flags of the code point that text begins with, and its
// size; 0 and 0 at the end.
func flagsAt(text []byte) (uint16, int) {
	if len(text) == 0 {
		return 0, 0
	}
	if c := text[0]; c < utf8.RuneSelf {
		return asciiFlags[c], 1
	}
	r, size := utf8.DecodeRune(text)
	return classOf(r).flags, size
}

// span returns how many bytes at the start of text are code points with one
// of the flags; none = without any of them.
func run(text []byte, flags uint16, none bool) int {
	for i := 0; ; {
		f, size := flagsAt(text[i:])
		if size == 0 || (f&flags != 0) == none {
			return i
		}
		i += size
	}
}

// isASCII says whether all bytes are.
func isASCII(text []byte) bool {
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
