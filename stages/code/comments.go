package code

import (
	"bytes"

	"sluice/stages/scan"
)

// comments counts what was found in one file.
type comments struct {
	number     int
	characters int // code points, the marks not counted
}

func (c *comments) add(text []byte) {
	c.number++
	c.characters += scan.CodePoints(text)
}

// joined returns the code points of all comments with so many between two of them.
func (c comments) joined(between int) int { return c.characters + between*max(c.number-1, 0) }

// A syntax says how comments and strings begin and end.
type syntax struct {
	quotes      string                // bytes that begin a string
	str         func(text []byte) int // length of the string that starts text, 1 if it is none
	line        string                // begins a comment that ends with the line; "" = none does
	open, close string                // around a comment
	lone        int                   // bytes to pass over where the first byte of line or open begins neither
}

// find counts comments outside of strings; false = one has no end.
func (s syntax) find(text []byte) (c comments, ok bool) {
	marks := s.quotes + s.open[:1]
	for i := 0; i < len(text); {
		next := bytes.IndexAny(text[i:], marks)
		if next < 0 {
			break
		}
		i += next
		rest := text[i:]
		switch {
		case rest[0] != s.open[0]:
			i += s.str(rest)
		case s.line != "" && bytes.HasPrefix(rest, []byte(s.line)):
			line := toLineEnd(rest)
			c.add(line[len(s.line):])
			i += len(line)
		case bytes.HasPrefix(rest, []byte(s.open)):
			rest = rest[len(s.open):]
			end := bytes.Index(rest, []byte(s.close))
			if end < 0 {
				return c, false
			}
			c.add(rest[:end])
			i += len(s.open) + end + len(s.close)
		default:
			i += s.lone
		}
	}
	return c, true
}

// cComments finds // and /* */ outside of strings in double quotes. A string
// ends at the next quote, escaped or not, and is none if that is on another
// line; letters in single quotes are not told apart. false = /* without an end.
func cComments(text []byte) (comments, bool) {
	return syntax{quotes: `"`, str: quoted, line: "//", open: "/*", close: "*/", lone: 1}.find(text)
}

// markupComments finds <!-- --> outside of strings in double quotes, which
// are those of cComments, in tags or not.
func markupComments(text []byte) (comments, bool) {
	return syntax{quotes: `"`, str: quoted, open: "<!--", close: "-->", lone: 1}.find(text)
}

// quoted returns the length of the string in double quotes at the start of text, 1 if it
// does not end on its line.
func quoted(text []byte) int {
	end := bytes.IndexAny(text[1:], "\"\n")
	if end < 0 || text[1+end] == '\n' {
		return 1
	}
	return end + 2
}

func toLineEnd(text []byte) []byte {
	line, _, _ := bytes.Cut(text, []byte{'\n'})
	return line
}

func javascriptComments(text []byte) (comments, bool) { return slashComments(text, `"'`) }

func goComments(text []byte) (comments, bool) { return slashComments(text, "\"'`") }

// slashComments finds // and /* */ outside of strings between equal quotes, in
// which a backslash escapes, and which may span lines. The character after a
// slash that begins no comment is passed over, were it a quote. false = /* without an end.
func slashComments(text []byte, quotes string) (comments, bool) {
	return syntax{quotes: quotes, str: escaped, line: "//", open: "/*", close: "*/", lone: 2}.find(text)
}

// escaped returns the length of the string that starts text, to its quote or the end.
func escaped(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return i + 1
		}
	}
	return len(text)
}

// shellComments finds # to the end of the line outside of strings, and where no backslash
// stands before it: also in $#.
func shellComments(text []byte) (c comments, ok bool) {
	for i := 0; i < len(text); {
		next := bytes.IndexAny(text[i:], `"'#\`)
		if next < 0 {
			break
		}
		i += next
		switch text[i] {
		case '#':
			line := toLineEnd(text[i:])
			c.add(line[1:])
			i += len(line)
		case '\\':
			i += 2
		default:
			i += escaped(text[i:])
		}
	}
	return c, true
}

// rubyComments finds # to the end of the line outside of strings of one line. A quote after a
// backslash does not end a string, unless no other does. =begin is not known.
func rubyComments(text []byte) (c comments, ok bool) {
	lineEnd := 0
	for i := 0; i < len(text); {
		next := bytes.IndexAny(text[i:], `"'#`)
		if next < 0 {
			break
		}
		i += next
		if i >= lineEnd {
			lineEnd = i + len(toLineEnd(text[i:]))
		}
		line := text[i:lineEnd]
		if text[i] == '#' {
			c.add(line[1:])
			i += len(line)
			continue
		}
		i += max(rubyString(line), 1)
	}
	return c, true
}

// rubyString returns the length of the string that starts line, 0 if it is none.
func rubyString(line []byte) (n int) {
	for i := 1; i < len(line); i++ {
		switch {
		case line[i] == line[0]:
			return i + 1
		case line[i] == '\\' && i+1 < len(line) && line[i+1] == line[0]:
			i++
			n = i + 1 // good enough if nothing better comes
		}
	}
	return n
}
