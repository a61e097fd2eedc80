package clean

import (
	"bytes"
	"html"
	"unicode"
	"unicode/utf8"
)

// change appends text to dst, but for code points with one of the flags, in whose place it appends
// what f does. text[at:] begins with such a code point.
func (t *runeTables) change(dst, text []byte, flags uint8, f func(dst []byte, r rune, at int) []byte) []byte {
	done := 0
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		if t.of(r).flags&flags != 0 {
			dst = f(append(dst, text[done:i]...), r, i)
			done = i + size
		}
		i += size
	}
	return append(dst, text[done:]...)
}

func (t *runeTables) removeControls(dst, text []byte) []byte {
	return t.change(dst, text, isControl, func(dst []byte, _ rune, _ int) []byte { return dst })
}

func (t *runeTables) splitLigatures(dst, text []byte) []byte {
	return t.change(dst, text, isLigature, func(dst []byte, r rune, _ int) []byte { return append(dst, t.ligatures[r]...) })
}

func (t *runeTables) fixWidths(dst, text []byte) []byte {
	return t.change(dst, text, isWide, func(dst []byte, r rune, _ int) []byte { return append(dst, t.widths[r]...) })
}

func (t *runeTables) uncurlQuotes(dst, text []byte) []byte {
	return t.change(dst, text, isSingleQuote|isDoubleQuote, func(dst []byte, r rune, _ int) []byte {
		if t.of(r).flags&isDoubleQuote != 0 {
			return append(dst, '"')
		}
		return append(dst, '\'')
	})
}

func (t *runeTables) fixLineBreaks(dst, text []byte) []byte {
	return t.change(dst, text, isLineBreak, func(dst []byte, r rune, at int) []byte {
		if r == '\r' && at+1 < len(text) && text[at+1] == '\n' {
			return dst
		}
		return append(dst, '\n')
	})
}

// fixC1 reads C1 controls as Windows-1252.
func (t *runeTables) fixC1(dst, text []byte) []byte {
	return t.change(dst, text, isC1, func(dst []byte, r rune, _ int) []byte {
		return utf8.AppendRune(dst, t.decode[windows1252][r])
	})
}

// removeTerminalEscapes leaves out what matches \033\[((?:\d|;)*)([a-zA-Z]).
func removeTerminalEscapes(dst, text []byte) []byte {
	for {
		at := bytes.Index(text, []byte{escape, '['})
		if at < 0 {
			return append(dst, text...)
		}
		i := at + 2
		for i < len(text) {
			r, size := utf8.DecodeRune(text[i:])
			if r != ';' && !unicode.Is(unicode.Nd, r) {
				break
			}
			i += size
		}
		if i < len(text) && 'a' <= text[i]|0x20 && text[i]|0x20 <= 'z' {
			dst = append(dst, text[:at]...)
			i++
		} else {
			dst = append(dst, text[:i]...)
		}
		text = text[i:]
	}
}

// entityEnd returns where the entity ends that begins at text[i], an ampersand:
// what matches &#?[0-9A-Za-z]{1,24}; - or -1.
func entityEnd(text []byte, i int) int {
	i++
	if i < len(text) && text[i] == '#' {
		i++
	}
	from := i
	for i < len(text) && i-from <= 24 && ('0' <= text[i] && text[i] <= '9' || 'a' <= text[i]|0x20 && text[i]|0x20 <= 'z') {
		i++
	}
	if i == from || i-from > 24 || i == len(text) || text[i] != ';' {
		return -1
	}
	return i + 1
}

// hasEntity says whether text has what looks like an entity.
func hasEntity(text []byte) bool {
	for i := 0; ; i++ {
		n := bytes.IndexByte(text[i:], '&')
		if n < 0 {
			return false
		}
		if i += n; entityEnd(text, i) >= 0 {
			return true
		}
	}
}

// unescapeHTML decodes entities that end in a semicolon.
func (t *runeTables) unescapeHTML(dst, text []byte) []byte {
	done := 0
	for i := 0; ; {
		n := bytes.IndexByte(text[i:], '&')
		if n < 0 {
			return append(dst, text[done:]...)
		}
		i += n
		end := entityEnd(text, i)
		if end < 0 {
			i++
			continue
		}
		dst = append(dst, text[done:i]...)
		dst = t.appendEntity(dst, text[i:end])
		i, done = end, end
	}
}

// appendEntity appends what an entity, from & to ;, stands for, or itself.
func (t *runeTables) appendEntity(dst, entity []byte) []byte {
	name := entity[1:]
	if name[0] == '#' {
		return appendReference(dst, entity)
	}
	if value, ok := t.entities[string(name)]; ok {
		return append(dst, value...)
	}
	value := html.UnescapeString(string(entity))
	if value[len(value)-1] == ';' && string(name) != "semi;" { // a shorter one, or none
		return append(dst, entity...)
	}
	return append(dst, value...)
}

// appendReference appends the code point of a reference, from &# to ;, as HTML 5 does, or
// nothing if there is no such one. It appends the reference itself where
// it does not end where the number does, or stands for a semicolon, as ftfy does.
func appendReference(dst, reference []byte) []byte {
	digits, base := reference[2:len(reference)-1], rune(10)
	if digits[0]|0x20 == 'x' {
		digits, base = digits[1:], 16
	}
	r := rune(0)
	for _, c := range digits {
		d := rune(c - '0')
		if c > '9' {
			d = rune(c|0x20) - 'a' + 10
		}
		if d >= base {
			return append(dst, reference...)
		}
		r = min(r*base+d, utf8.MaxRune+1)
	}
	switch {
	case len(digits) == 0, r == ';':
		return append(dst, reference...)
	case r == 0:
		return utf8.AppendRune(dst, utf8.RuneError)
	case 0x80 <= r && r < 0xa0:
		return utf8.AppendRune(dst, tables().decode[windows1252][r])
	case r < ' ' && r != '\t' && r != '\n' && r != '\f' && r != '\r', r == 0x7f, 0xfdd0 <= r && r <= 0xfdef, r&0xfffe == 0xfffe && r <= utf8.MaxRune:
		return dst
	}
	return utf8.AppendRune(dst, r) // U+FFFD for surrogates and beyond the last code point
}
