package clean

import (
	"bytes"
	"unicode/utf8"
)

// encodingFixes are the parts of fixing an encoding that can be left out.
type encodingFixes struct{ restoreA0, lossy, inconsistent, c1 bool }

// A fixer holds a segment while it is fixed, and memory for it.
type fixer struct {
	*runeTables
	text          []byte
	spare, before []byte
	bytes         []byte // the text in another encoding
	encoding      encodingFixes
	inner         *fixer // for pieces
}

func newFixer(t *runeTables) *fixer { return &fixer{runeTables: t} }

// apply puts what fix appends for the text in its place, and says whether it differs.
func (f *fixer) apply(fix func(dst, text []byte) []byte) bool {
	f.spare = fix(f.spare[:0], f.text)
	f.spare, f.text = f.text, f.spare
	return !bytes.Equal(f.spare, f.text)
}

// fixEncoding decodes mojibake until there is none that it can decode.
func (f *fixer) fixEncoding() {
	for n := 0; n < rounds && f.fixOnce(); n++ {
	}
}

// fixOnce undoes one wrong decoding and says whether the text changed.
func (f *fixer) fixOnce() bool {
	if isASCII(f.text) || !f.isBad(f.text) {
		return false
	}
	possible := f.possible()
	for e := range encodings {
		if possible&(1<<e) != 0 && f.decodeAgain(e) {
			f.spare, f.text = f.text, f.spare
			return !bytes.Equal(f.spare, f.text)
		}
	}
	if f.encoding.inconsistent && f.apply(f.decodePieces) {
		return true
	}
	hasC1, strict := f.controls()
	if possible&(1<<latin1) != 0 && strict && hasC1 {
		return f.apply(f.fixC1)
	}
	return f.encoding.c1 && hasC1 && f.apply(f.fixC1)
}

// possible returns a bit for each encoding that has all code points of the text.
func (f *fixer) possible() uint16 {
	all := uint16(1<<encodings - 1)
	for i := 0; i < len(f.text) && all != 0; {
		r, size := rune(f.text[i]), 1
		if r >= utf8.RuneSelf {
			if r, size = utf8.DecodeRune(f.text[i:]); size == 1 {
				return 0
			}
		}
		all &= f.of(r).encodings
		i += size
	}
	return all
}

// controls says whether the text has C1 controls, and whether all that it has mean
// something in Windows-1252.
func (f *fixer) controls() (some, strict bool) {
	strict = true
	for i := 0; i+1 < len(f.text); i++ {
		if f.text[i] == 0xc2 && f.text[i+1] < 0xa0 {
			some = true
			switch f.text[i+1] {
			case 0x81, 0x8d, 0x8f, 0x90, 0x9d:
				strict = false
			}
		}
	}
	return some, strict
}

// decodeAgain encodes the text, which can be, and decodes it as UTF-8 into
// spare, or says that it is none.
func (f *fixer) decodeAgain(encoding int) bool {
	b := f.bytes[:0]
	for i := 0; i < len(f.text); {
		r, size := rune(f.text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(f.text[i:])
		}
		b = append(b, f.of(r).bytes[encoding])
		i += size
	}
	f.bytes = b
	// In Mac Roman that would be an en dash and a space.
	if f.encoding.restoreA0 && encoding != macRoman && hasAltered(b) {
		f.spare = restoreA0(f.spare[:0], b)
		f.spare, f.bytes = f.bytes, f.spare
	}
	if f.encoding.lossy && sloppy(encoding) {
		f.spare = replaceLossy(f.spare[:0], f.bytes)
		f.spare, f.bytes = f.bytes, f.spare
	}
	var ok bool
	f.spare, ok = decodeUTF8(f.spare[:0], f.bytes)
	return ok
}

// decodeUTF8 appends UTF-8 that may hold CESU-8 (surrogates in three bytes each) and
// NUL in two bytes, as Java writes it; ok is false where it is none of it.
func decodeUTF8(dst, b []byte) (_ []byte, ok bool) {
	if utf8.Valid(b) {
		return append(dst, b...), true
	}
	if bytes.IndexByte(b, 0xed) < 0 && bytes.IndexByte(b, 0xc0) < 0 {
		return dst, false
	}
	done := 0
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		if r, size := utf8.DecodeRune(b[i:]); r != utf8.RuneError || size > 1 {
			i += size
			continue
		}
		dst = append(dst, b[done:i]...)
		rest := b[i:]
		// ftfy's regular expressions have a $, which matches in front of a line feed at the end.
		last := func(n int) bool { return len(rest) == n+1 && rest[n] == '\n' }
		switch {
		case rest[0] == 0xc0 && len(rest) > 1 && (rest[1] == 0x80 || last(1)):
			dst = append(dst, 0)
			i += 2
		case isCESU(rest) && (rest[5]&0xc0 == 0x80 || last(5)):
			r := rune(rest[1]&0xf)<<16 + rune(rest[2]&0x3f)<<10 + rune(rest[4]&0xf)<<6 + rune(rest[5]&0x3f) + 0x10000
			dst = utf8.AppendRune(dst, r)
			i += 6
		default:
			return dst, false
		}
		done = i
	}
	return append(dst, b[done:]...), true
}

// isCESU says that b begins with a pair of surrogates in UTF-8, but for the last byte.
func isCESU(b []byte) bool {
	return len(b) >= 6 && b[0] == 0xed && b[1]&0xf0 == 0xa0 && b[2]&0xc0 == 0x80 && b[3] == 0xed && b[4]&0xf0 == 0xb0
}

// altered returns how long the sequence is that b begins with and that would be UTF-8 if a
// space in it were 0xa0, or 0. Two-byte and four-byte sequences that would become rare
// code points do not count.
func altered(b []byte) int {
	next := func(i int) bool { return i < len(b) && b[i]&0xc0 == 0x80 }
	usual := func(i int) bool { return next(i) && b[i] != 0x85 && b[i] != 0xa0 }
	space := func(i int) bool { return i < len(b) && b[i] == ' ' }
	switch c := b[0]; {
	case c < 0xc2:
	case bytes.IndexByte([]byte("\xc2\xc3\xc5\xce\xd0\xd9"), c) >= 0:
		if space(1) {
			return 2
		}
	case c == 0xe2 || c == 0xe3:
		if space(1) && usual(2) || usual(1) && space(2) {
			return 3
		}
	case c == 0xe0 || c == 0xe1:
		if usual(1) && space(2) {
			return 3
		}
	case c == 0xf0:
		if space(1) && next(2) && next(3) || next(1) && space(2) && next(3) || next(1) && next(2) && space(3) {
			return 4
		}
	}
	return 0
}

func hasAltered(b []byte) bool {
	for i := range b {
		if b[i] >= 0xc2 && altered(b[i:]) > 0 {
			return true
		}
	}
	return false
}

// restoreA0 puts 0xa0 in place of spaces that were one. A lone à keeps the space behind
// it, but in the Portuguese words that begin with it.
func restoreA0(dst, b []byte) []byte {
	from := len(dst)
	for i, c := range b {
		dst = append(dst, c)
		if c == 0xc3 && i+1 < len(b) && b[i+1] == ' ' && !portuguese(b[i+2:]) {
			dst = append(dst, 0xa0)
		}
	}
	for b = dst[from:]; len(b) > 0; {
		n := 0
		if b[0] >= 0xc2 {
			n = altered(b)
		}
		for i := range b[:n] {
			if b[i] == ' ' {
				b[i] = 0xa0
			}
		}
		b = b[max(n, 1):]
	}
	return dst
}

func portuguese(b []byte) bool {
	for _, s := range [...]string{" ", "quele", "quela", "quilo", "s "} {
		if bytes.HasPrefix(b, []byte(s)) {
			return true
		}
	}
	return false
}

// lossy returns how long the sequence of UTF-8 is that b begins with and that has lost bytes,
// which 0x1a stands for, and one of them may be a question mark; 0 if there is none.
func lossy(b []byte) int {
	lost := func(i int) bool { return b[i] == 0x1a || b[i] == '?' }
	next := func(i int) bool { return b[i]&0xc0 == 0x80 }
	gone := func(i int) bool { return next(i) || b[i] == 0x1a }
	c := b[0]
	switch {
	case c == 0x1a:
		return 1
	case len(b) >= 2 && 0xc2 <= c && c <= 0xdf && (b[1] == 0x1a || c <= 0xc3 && b[1] == '?'):
		return 2
	case c == 0xed && len(b) >= 6 && b[1]&0xf0 == 0xa0 && b[3] == 0xed && b[4]&0xf0 == 0xb0 &&
		(lost(2) && (lost(5) || next(5)) || (lost(2) || next(2)) && lost(5)):
		return 6
	case len(b) >= 3 && 0xe0 <= c && c <= 0xef && (lost(1) && gone(2) || gone(1) && lost(2)):
		return 3
	case len(b) >= 4 && 0xf0 <= c && c <= 0xf4 &&
		(lost(1) && gone(2) && gone(3) || gone(1) && lost(2) && gone(3) || gone(1) && gone(2) && lost(3)):
		return 4
	}
	return 0
}

// replaceLossy puts U+FFFD in place of such sequences.
func replaceLossy(dst, b []byte) []byte {
	for i := 0; i < len(b); {
		if n := lossy(b[i:]); n > 0 {
			dst = utf8.AppendRune(dst, utf8.RuneError)
			i += n
			continue
		}
		dst = append(dst, b[i])
		i++
	}
	return dst
}

// decodePieces decodes pieces of the text that look like mojibake of UTF-8, each by itself.
func (f *fixer) decodePieces(dst, text []byte) []byte {
	done := 0
	before := uint8(0) // the clue of the code point in front of i
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i += asciiPrefix(text[i:])
			before = f.of(rune(text[i-1])).clue
			continue
		}
		if before&clueStrict == 0 {
			if end, last := f.piece(text, i); end > i {
				if piece := text[i:end]; len(piece) < len(text) && f.isBad(piece) {
					if f.inner == nil {
						f.inner = newFixer(f.runeTables)
						f.inner.encoding = encodingFixes{true, true, true, true}
					}
					f.inner.text = append(f.inner.text[:0], piece...)
					f.inner.fixEncoding()
					dst = append(dst, text[done:i]...)
					dst = append(dst, f.inner.text...)
					done = end
				}
				i, before = end, last
				continue
			}
		}
		r, size := utf8.DecodeRune(text[i:])
		before = f.of(r).clue
		i += size
	}
	return append(dst, text[done:]...)
}

// piece returns where the sequences end that begin at text[i], and the last clue of them.
func (f *fixer) piece(text []byte, i int) (end int, last uint8) {
	for end = i; ; {
		r, size := utf8.DecodeRune(text[end:])
		at := end + size
		n := f.of(r).clue & clueFirst
		if n == 0 || size == 0 {
			return end, last
		}
		var clue uint8
		for ; n > 1; n-- {
			r, size := utf8.DecodeRune(text[at:])
			if clue = f.of(r).clue; size == 0 || clue&clueNext == 0 {
				return end, last
			}
			at += size
		}
		end, last = at, clue
	}
}
