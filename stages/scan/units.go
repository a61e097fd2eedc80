package scan

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// A Cut cuts the first unit off a text that is not empty. text[:content] is what
// the unit says, text[content:size] what ends it, and text[size:] the rest. size is
// never 0; content is 0 where there is only an end.
type Cut func(text []byte) (content, size int)

// CutLine cuts off a line: what ends it is a line feed, with a carriage return
// before it if there is one, or the end of the text.
func CutLine(text []byte) (content, size int) {
	i := bytes.IndexByte(text, '\n')
	switch {
	case i < 0:
		return len(text), len(text)
	case i > 0 && text[i-1] == '\r':
		return i - 1, i + 1
	}
	return i, i + 1
}

// CutParagraph cuts off a paragraph: lines that are not blank. Its end are the end of its
// last line and the blank lines after it; those in front of a text are a unit
// without content. A line of white space is blank.
func CutParagraph(text []byte) (content, size int) {
	for size < len(text) {
		c, n := CutLine(text[size:])
		if blank(text[size : size+c]) {
			break
		}
		content, size = size+c, size+n
	}
	for size < len(text) {
		c, n := CutLine(text[size:])
		if !blank(text[size : size+c]) {
			break
		}
		size += n
	}
	return content, size
}

func blank(text []byte) bool { return skipSpace(text, 0) == len(text) }

// skipSpace returns where the white space at text[i:] ends.
func skipSpace(text []byte, i int) int {
	for i < len(text) {
		r, n := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRune(text[i:])
		}
		if !IsSpace(r) {
			break
		}
		i += n
	}
	return i
}

// Kinds of marks that end sentences.
const (
	noMark   = iota
	fullStop // stands in abbreviations, too: ends one unless a small letter follows
	mark     // ends one where white space follows
	wideMark // ends one whatever follows: its scripts write no spaces
)

func markOf(r rune) int {
	switch r {
	case '.', '…':
		return fullStop
	case '!', '?', '؟', '۔', '।', '॥', '‼', '⁇', '⁈', '⁉':
		return mark
	case '。', '！', '？', '｡', '．':
		return wideMark
	}
	return noMark
}

// mayEnd has the first bytes of marks, and the line feed.
var mayEnd = newMayEnd()

func newMayEnd() (t [256]bool) {
	t['\n'] = true
	for _, r := range ".…!?؟۔।॥‼⁇⁈⁉。！？｡．" {
		t[string(r)[0]] = true
	}
	return t
}

// CutSentence cuts off a sentence, by rules that look at a few code points around its
// end and know no language, so that a sentence is cut alike wherever it stands. It
// ends after . … ! ? and their like in other scripts, with quotes and brackets that
// close, where white space follows, or the text ends; after 。！？ whatever follows; not
// after . and … where a small letter comes next; and at every line feed. White space behind it is
// its end; in front of a text it is a unit without content.
//
// These are the rules SB4 to SB11 of Unicode Standard Annex 29, simplified.
func CutSentence(text []byte) (content, size int) {
	if size = skipSpace(text, 0); size > 0 {
		return 0, size
	}
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case !mayEnd[c]:
			i++
		case c == '\n':
			return trimmedEnd(text[:i]), skipSpace(text, i)
		default:
			j, kind := skipMarks(text, i)
			if next := skipSpace(text, j); kind != noMark && ends(text, kind, j, next) {
				return j, next
			}
			i = j
		}
	}
	return trimmedEnd(text), len(text)
}

// Trim returns text without the white space around it.
func Trim(text []byte) []byte {
	text = text[:trimmedEnd(text)]
	return text[skipSpace(text, 0):]
}

// trimmedEnd returns the length of a text without the white space at its end.
func trimmedEnd(text []byte) int {
	for n := len(text); n > 0; {
		r, size := rune(text[n-1]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeLastRune(text[:n])
		}
		if !IsSpace(r) {
			return n
		}
		n -= size
	}
	return 0
}

// skipMarks returns where the marks at text[i:], and what closes behind them, end,
// and the strongest kind among them. Where there is none it skips a code point.
func skipMarks(text []byte, i int) (end, kind int) {
	for i < len(text) {
		r, n := utf8.DecodeRune(text[i:])
		k := markOf(r)
		if k == noMark && (kind == noMark || !closes(r)) {
			if kind == noMark {
				i += n
			}
			break
		}
		kind = max(kind, k)
		i += n
	}
	return i, kind
}

func closes(r rune) bool {
	if r < utf8.RuneSelf {
		return r == '"' || r == '\'' || r == ')' || r == ']' || r == '}'
	}
	return unicode.Is(unicode.Pe, r) || unicode.Is(unicode.Pf, r)
}

// ends says whether marks of a kind that end at j end a sentence. What comes next
// begins at next.
func ends(text []byte, kind, j, next int) bool {
	if next == len(text) || kind == wideMark {
		return true
	}
	if next == j {
		return false
	}
	r, _ := utf8.DecodeRune(text[next:])
	return kind == mark || !unicode.IsLower(r) || bytes.IndexByte(text[j:next], '\n') >= 0
}
