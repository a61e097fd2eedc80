package code

import (
	"bytes"
	"unicode/utf8"

	"sluice/stages/scan"
)

// pythonComments finds comments, without their #, as comment_parser does. false = the tokenizer
// of Python would end with an error. The encoding that a file names is not heeded.
func pythonComments(text []byte) (c comments, ok bool) {
	var p pythonTokens
	p.reset(text)
	for {
		switch p.next() {
		case comment:
			c.add(p.value()[1:])
		case broken:
			return c, false
		case end:
			return c, true
		}
	}
}

// A pythonFile finds comments and docstrings of one file after another.
type pythonFile struct {
	tokens   pythonTokens
	comments int // code points, with #
	docs     comments

	invalid  bool
	previous pythonToken
	word     []byte // the last token
	first    []byte // that began the statement, if a name
	fresh    bool   // a statement begins
	brackets []byte
	header   bool // in the line of a class or def, before its colon
	colon    bool // the last token of the line so far is a colon outside brackets
	block    bool // an indented block must follow
	body     bool // the next statement is the first of a module, class or function

	doc      docState
	strings  []byte // of the docstring that is being read, decoded
	expanded []byte
}

// A docState says how far a statement looks like a docstring.
type docState uint8

const (
	noDoc docState = iota
	opening
	reading
	closing
)

// read counts comments and docstrings; false = the file is no Python 3.
func (f *pythonFile) read(text []byte) bool {
	*f = pythonFile{tokens: f.tokens, brackets: f.brackets[:0], strings: f.strings[:0], expanded: f.expanded, fresh: true, body: true}
	if bytes.IndexByte(text, 0) >= 0 {
		return false
	}
	f.tokens.reset(text)
	for {
		t := f.tokens.next()
		switch t {
		case broken, foreign:
			return false
		case comment:
			f.comments += scan.CodePoints(f.tokens.value())
			continue
		case end:
			return !f.invalid && !f.block && !f.tokens.tabs && len(f.brackets) == 0
		}
		if f.take(t); f.invalid {
			return false
		}
	}
}

// take looks at one token.
func (f *pythonFile) take(t pythonToken) {
	value := f.tokens.value()
	if f.block != (t == indent) {
		f.invalid = true // a block that no colon announces, or a colon without one
		return
	}
	switch t {
	case indent:
		f.block = false
		return
	case dedent:
		return
	case newline:
		f.endStatement()
		f.block = f.colon
		f.colon = false
		f.previous = newline
		return
	}
	if f.fresh {
		f.begin(t, value)
	} else {
		f.beside(t, value)
	}
	if t == str && !f.string(value) {
		f.invalid = true
		return
	}
	f.document(t, value)
	f.colon = false
	if t == operator {
		f.operator(value[0])
	}
	f.previous, f.word = t, value
}

// begin notes what a statement begins with.
func (f *pythonFile) begin(t pythonToken, value []byte) {
	f.fresh = false
	f.first = nil
	f.doc = noDoc
	if f.body {
		f.doc = opening
	}
	f.body = false
	if t == name {
		f.first = value
		f.header = string(value) == "class" || string(value) == "def"
	}
}

// endStatement ends a statement, and the docstring that it may be.
func (f *pythonFile) endStatement() {
	if f.doc == reading || f.doc == closing {
		f.addDoc()
	}
	f.doc = noDoc
	f.strings = f.strings[:0]
	f.fresh = true
}

// operator follows brackets, colons and semicolons.
func (f *pythonFile) operator(b byte) {
	switch b {
	case '(', '[', '{':
		f.brackets = append(f.brackets, b)
	case ')', ']', '}':
		n := len(f.brackets)
		if n == 0 || !bytes.Contains([]byte("(){}[]"), []byte{f.brackets[n-1], b}) {
			f.invalid = true
			return
		}
		f.brackets = f.brackets[:n-1]
	case ';':
		if len(f.brackets) == 0 {
			f.endStatement()
		}
	case ':':
		if len(f.brackets) > 0 {
			return
		}
		f.colon, f.first = true, nil
		if f.header {
			f.header = false
			f.body, f.fresh, f.doc = true, true, noDoc
			f.strings = f.strings[:0]
		}
	case ',':
		f.invalid = len(f.brackets) == 0 && (string(f.first) == "except" || string(f.first) == "raise")
	}
}

// beside complains of neighbours that are in no Python 3.
func (f *pythonFile) beside(t pythonToken, value []byte) {
	left := f.previous == name && !isKeyword(f.word) || f.previous == number || f.previous == str ||
		f.previous == operator && (f.word[0] == ')' || f.word[0] == ']' || f.word[0] == '}')
	right := t == name && !isKeyword(value) || t == number || t == str
	switch {
	case left && right && !(f.previous == str && t == str) && !(isSoft(f.word) && string(f.word) == string(f.first)):
		f.invalid = true
	case t == operator && value[0] == '>' && f.previous == operator && f.word[0] == '<':
		f.invalid = f.tokens.start > 0 && f.tokens.text[f.tokens.start-1] == '<'
	}
	if t == number {
		f.invalid = f.invalid || isOldNumber(value)
	}
}

// isOldNumber knows 0777 and 1L.
func isOldNumber(text []byte) bool {
	last := text[len(text)-1] | 0x20
	if last == 'l' {
		return true
	}
	if len(text) < 2 || text[0] != '0' {
		return false
	}
	other := false
	for _, b := range text {
		if b != '_' && (b < '0' || b > '9') {
			return false
		}
		other = other || b >= '1' && b <= '9'
	}
	return other
}

// isSoft knows the words that are keywords at the beginning of some statements.
func isSoft(word []byte) bool {
	switch string(word) {
	case "match", "case", "type":
		return true
	}
	return false
}

// isKeyword knows the words that may stand beside an operand.
func isKeyword(word []byte) bool {
	switch string(word) {
	case "and", "as", "assert", "async", "await", "class", "def", "del", "elif", "else", "except", "finally", "for", "from",
		"global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "raise", "return", "try", "while", "with", "yield",
		"break", "continue", "pass":
		return true
	}
	return false
}

// string decodes a string, for the docstring that it may be part of. false = it has a malformed escape.
func (f *pythonFile) string(value []byte) (ok bool) {
	if f.doc == noDoc && bytes.IndexByte(value, '\\') < 0 {
		return true
	}
	f.strings, ok = appendString(f.strings, value)
	return ok
}

// document follows a statement that may be a docstring: strings, perhaps in brackets.
func (f *pythonFile) document(t pythonToken, value []byte) {
	if f.doc == noDoc {
		return
	}
	switch {
	case t == str && f.doc != closing && isPlain(value):
		f.doc = reading
	case t == operator && value[0] == '(' && f.doc == opening:
	case t == operator && value[0] == ')' && (f.doc == reading || f.doc == closing):
		f.doc = closing
	case t == operator && value[0] == ';':
	default:
		f.doc = noDoc
	}
}

// addDoc counts what inspect.cleandoc leaves of a docstring.
func (f *pythonFile) addDoc() {
	f.expanded = expandTabs(f.expanded[:0], f.strings)
	margin, first := -1, true
	for line := range bytes.SplitSeq(f.expanded, []byte{'\n'}) {
		if content := bytes.TrimLeftFunc(line, scan.IsSpace); len(content) > 0 && !first {
			if n := scan.CodePoints(line) - scan.CodePoints(content); margin < 0 || n < margin {
				margin = n
			}
		}
		first = false
	}
	// characters runs to the last line that is not empty, and from the first.
	characters, pending, begun := 0, 0, false
	first = true
	for line := range bytes.SplitSeq(f.expanded, []byte{'\n'}) {
		n := scan.CodePoints(line)
		if first {
			n = scan.CodePoints(bytes.TrimLeftFunc(line, scan.IsSpace))
		} else {
			n = max(0, n-max(margin, 0))
		}
		first = false
		switch {
		case n > 0:
			characters += pending + n
			pending, begun = 1, true
		case begun:
			pending++
		}
	}
	if characters > 0 {
		f.docs.number++
		f.docs.characters += characters
	}
}

// expandTabs appends text with spaces to the next multiple of 8 for each tab.
func expandTabs(dst, text []byte) []byte {
	column := 0
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b == '\t':
			n := 8 - column%8
			dst = append(dst, "        "[:n]...)
			column += n
		case b == '\n' || b == '\r':
			dst = append(dst, b)
			column = 0
		default:
			dst = append(dst, b)
			if utf8.RuneStart(b) {
				column++
			}
		}
	}
	return dst
}
