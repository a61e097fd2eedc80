package code

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// A pythonToken is a kind of token. Line ends inside brackets and blank lines are none.
type pythonToken uint8

const (
	end     pythonToken = iota // of the file
	broken                     // the file cannot be read any further
	comment                    // with its #
	str                        // with prefix and quotes
	name
	number
	operator // one character, or a piece of a longer operator
	newline  // of a logical line
	indent
	dedent
	foreign // what no token begins with, such as $ or a quote without a partner
)

// pythonTokens reads Python as the module tokenize of Python 3.11 does
// (https://docs.python.org/3.11/library/tokenize.html), as far as comments, strings, names and blocks go.
type pythonTokens struct {
	text       []byte
	pos        int
	start      int // of the last token
	depth      int // of brackets; below 0 after too many closing ones
	columns    []int
	flat       []int // the same columns with tabs of width 1
	tabs       bool  // blocks cannot be told apart unless one knows how wide tabs are
	dedents    int
	inLine     bool // something of this logical line was read
	continues  bool // the last line ended in a backslash
	lineBegins bool
	open       [2]int // for ' and ": up to here no such quote begins a string
}

func (p *pythonTokens) reset(text []byte) {
	*p = pythonTokens{text: text, lineBegins: true, columns: append(p.columns[:0], 0), flat: append(p.flat[:0], 0)}
}

// value returns the bytes of the last token.
func (p *pythonTokens) value() []byte { return p.text[p.start:p.pos] }

func (p *pythonTokens) next() pythonToken {
	for {
		if p.dedents > 0 {
			p.dedents--
			return dedent
		}
		if p.lineBegins {
			p.lineBegins = false
			switch {
			case p.depth == 0 && !p.continues:
				if t, ok := p.beginLine(); ok {
					return t
				}
				if p.lineBegins {
					continue
				}
			case p.pos == len(p.text):
				return broken // in brackets, or after a backslash
			}
			p.continues = false
			if p.dedents > 0 {
				continue
			}
		}
		for p.pos < len(p.text) && (p.text[p.pos] == ' ' || p.text[p.pos] == '\t' || p.text[p.pos] == '\f') {
			p.pos++
		}
		p.start = p.pos
		if p.pos == len(p.text) {
			if p.depth != 0 || p.continues {
				return broken
			}
			if p.inLine {
				p.inLine = false
				return newline
			}
			p.lineBegins = true
			continue
		}
		if t, ok := p.inside(); ok {
			p.inLine = t != newline && (p.inLine || t != comment)
			return t
		}
	}
}

// beginLine measures the indentation of a line and reads blank ones.
func (p *pythonTokens) beginLine() (pythonToken, bool) {
	column, flat := 0, 0
measure:
	for ; p.pos < len(p.text); p.pos++ {
		switch p.text[p.pos] {
		case ' ':
			column, flat = column+1, flat+1
		case '\t':
			column, flat = column/8*8+8, flat+1
		case '\f':
			column, flat = 0, 0
		default:
			break measure
		}
	}
	p.start = p.pos
	if p.pos == len(p.text) {
		if n := len(p.columns); n > 1 {
			p.columns, p.flat = p.columns[:n-1], p.flat[:n-1]
			p.lineBegins = true
			return dedent, true
		}
		return end, true
	}
	switch p.text[p.pos] {
	case '#':
		p.pos += len(bytes.TrimRight(toLineEnd(p.text[p.pos:]), "\r"))
		return comment, true
	case '\r', '\n':
		p.pos = min(p.pos+len(toLineEnd(p.text[p.pos:]))+1, len(p.text))
		p.lineBegins = true
		return 0, false
	}
	last := len(p.columns) - 1
	switch {
	case column > p.columns[last]:
		p.tabs = p.tabs || flat <= p.flat[last]
		p.columns, p.flat = append(p.columns, column), append(p.flat, flat)
		return indent, true
	case column == p.columns[last]:
		p.tabs = p.tabs || flat != p.flat[last]
	}
	for column < p.columns[last] {
		last--
		p.dedents++
		if column > p.columns[last] {
			return broken, true
		}
	}
	p.tabs = p.tabs || flat != p.flat[last]
	p.columns, p.flat = p.columns[:last+1], p.flat[:last+1]
	return 0, false
}

// inside reads what begins at pos, which is no white space; false = a line end that counts for nothing.
func (p *pythonTokens) inside() (pythonToken, bool) {
	rest := p.text[p.pos:]
	switch b := rest[0]; {
	case b == '\n' || b == '\r' && len(rest) > 1 && rest[1] == '\n':
		p.pos += 1 + bytes.IndexByte(rest[:min(2, len(rest))], '\n')
		p.lineBegins = true
		return newline, p.depth <= 0 && p.inLine
	case b == '\\' && (bytes.HasPrefix(rest[1:], []byte("\n")) || bytes.HasPrefix(rest[1:], []byte("\r\n"))):
		p.pos += 2 + bytes.IndexByte(rest[1:], '\n')
		p.lineBegins, p.continues = true, true
		return 0, false
	case b == '#':
		p.pos += len(rest)
		if i := bytes.IndexAny(rest, "\r\n"); i >= 0 {
			p.pos = p.start + i
		}
		return comment, true
	case b == '"' || b == '\'':
		return p.quoted(0), true
	case '0' <= b && b <= '9' || b == '.' && len(rest) > 1 && '0' <= rest[1] && rest[1] <= '9':
		p.pos += numberLength(rest)
		return number, true
	}
	if n := identifierLength(rest); n > 0 {
		if n < len(rest) && n <= 2 && (rest[n] == '"' || rest[n] == '\'') && isPrefix(rest[:n]) {
			return p.quoted(n), true
		}
		p.pos += n
		return name, true
	}
	_, size := utf8.DecodeRune(rest)
	p.pos += size
	switch rest[0] {
	case '(', '[', '{':
		p.depth++
	case ')', ']', '}':
		p.depth--
	case '+', '-', '*', '/', '%', '@', '&', '|', '^', '~', '<', '>', '=', ':', ';', ',', '.':
	case '!':
		if len(rest) < 2 || rest[1] != '=' {
			return foreign, true
		}
	default:
		return foreign, true
	}
	return operator, true
}

// quoted reads a string whose prefix is n bytes long.
func (p *pythonTokens) quoted(n int) pythonToken {
	rest := p.text[p.pos+n:]
	quote := rest[:1]
	if len(rest) >= 3 && rest[1] == quote[0] && rest[2] == quote[0] {
		for i := 3; i < len(rest); i++ {
			switch {
			case rest[i] == '\\':
				i++
			case rest[i] == quote[0] && bytes.HasPrefix(rest[i:], rest[:3]):
				p.pos += n + i + 3
				return str
			}
		}
		return broken
	}
	continued, kind := false, 0
	if quote[0] == '"' {
		kind = 1
	}
	if p.pos < p.open[kind] {
		p.pos += max(n, 1)
		return alone(n)
	}
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case quote[0]:
			p.pos += n + i + 1
			return str
		case '\n':
			if continued { // the tokenizer gives up all its lines
				p.pos += n + i
				return foreign
			}
			// Quotes of this kind up to here all stood after a backslash, and it is in vain to begin at one of them.
			p.open[kind] = p.pos + n + i
			p.pos += max(n, 1)
			return alone(n)
		case '\\':
			i++
			if i < len(rest) && rest[i] == '\r' && i+1 < len(rest) && rest[i+1] == '\n' {
				i++
			}
			continued = continued || i < len(rest) && rest[i] == '\n'
		}
	}
	if continued {
		return broken
	}
	p.open[kind] = len(p.text)
	p.pos += max(n, 1)
	return alone(n)
}

// alone is what a quote with a prefix of n letters begins if no string: a name, or nothing that is known.
func alone(n int) pythonToken {
	if n > 0 {
		return name
	}
	return foreign
}

// isPrefix says that a string may begin with these letters.
func isPrefix(letters []byte) bool {
	switch string(bytes.ToLower(letters)) {
	case "r", "u", "b", "f", "br", "rb", "fr", "rf":
		return true
	}
	return false
}

// numberLength returns the length of a number and what is glued to it.
func numberLength(text []byte) int {
	for i, b := range text {
		switch {
		case b == '_' || b == '.' || '0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'z':
		case (b == '+' || b == '-') && text[i-1]|0x20 == 'e' && text[min(1, i-1)]|0x20 != 'x':
		default:
			return i
		}
	}
	return len(text)
}

// identifierLength returns the length of a name, or of digits and letters. The tokenizer of Python 3.11
// stumbles over marks in names, without harm; its parser does not.
func identifierLength(text []byte) int {
	for i := 0; i < len(text); {
		b := text[i]
		if b < utf8.RuneSelf {
			if b != '_' && (b < '0' || b > '9') && (b|0x20 < 'a' || b|0x20 > 'z') {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) && (i == 0 || !unicode.IsMark(r)) {
			return i
		}
		i += size
	}
	return len(text)
}
