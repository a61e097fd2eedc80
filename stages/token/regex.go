package token

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// A finder finds what a pattern matches: next returns the first match at or
// after pos, and a start below 0 if there is none.
type finder interface {
	next(text []byte, pos int) (start, end int)
}

// matches goes through the matches of a pattern, which do not overlap.
type matches struct {
	finder
	list []int // of a general pattern: start, end, start, end...
	pos  int
}

// find begins to look for f in text.
func find(f finder, text []byte) matches {
	if g, ok := f.(general); ok {
		return matches{list: g.all(text)}
	}
	return matches{finder: f}
}

// next returns the next match.
func (m *matches) next(text []byte) (start, end int, ok bool) {
	if m.finder == nil {
		if len(m.list) == 0 {
			return 0, 0, false
		}
		start, end = m.list[0], m.list[1]
		m.list = m.list[2:]
		return start, end, true
	}
	if m.pos >= len(text) {
		return 0, 0, false
	}
	if start, end = m.finder.next(text, m.pos); start < 0 {
		return 0, 0, false
	}
	m.pos = end
	return start, end, true
}

// patternJSON is a pattern in a tokenizer.json.
type patternJSON struct {
	Literal *string `json:"String"`
	Regex   *string `json:"Regex"`
}

// UnmarshalJSON also takes a bare string, which is a literal.
func (p *patternJSON) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, &p.Literal)
	}
	type plain patternJSON
	return json.Unmarshal(data, (*plain)(p))
}

// finder returns what finds the pattern.
func (p patternJSON) finder() (finder, error) {
	switch {
	case p.Literal != nil && *p.Literal != "":
		return literal(*p.Literal), nil
	case p.Literal != nil:
		return nothing{}, nil
	case p.Regex != nil:
		if f := known(*p.Regex); f != nil {
			return f, nil
		}
		re, err := regexp2.Compile(*p.Regex, regexp2.None)
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", *p.Regex, err)
		}
		return general{re}, nil
	}
	return nil, fmt.Errorf("a pattern has neither String nor Regex")
}

// nothing is never found.
type nothing struct{}

func (nothing) next([]byte, int) (start, end int) { return -1, -1 }

// literal is a text that is found as it is.
type literal string

func (l literal) next(text []byte, pos int) (start, end int) {
	for i := pos; i+len(l) <= len(text); i++ {
		n := bytes.IndexByte(text[i:], l[0])
		if n < 0 {
			break
		}
		if i += n; i+len(l) <= len(text) && string(text[i:i+len(l)]) == string(l) {
			return i, i + len(l)
		}
	}
	return -1, -1
}

// runs are repetitions, min or more times and as often as possible, of code points with one of the flags, or of
// spaces if there are none.
type runs struct {
	flags uint16
	min   int
	max   int // 0 = no limit
}

func (f runs) next(text []byte, pos int) (start, end int) {
	start = pos
	n := 0
	for i := pos; ; {
		flags, size := flagsAt(text[i:])
		in := size > 0 && (flags&f.flags != 0 || f.flags == 0 && text[i] == ' ')
		if in {
			i += size
			if n++; n != f.max {
				continue
			}
		}
		if n >= f.min {
			return start, i
		}
		if size == 0 {
			return -1, -1
		}
		i += size
		start, n = i, 0
	}
}

// general is a regular expression without a finder of its own. It allocates.
type general struct{ *regexp2.Regexp }

func (general) next([]byte, int) (start, end int) { return -1, -1 }

// all returns starts and ends of all matches.
func (g general) all(text []byte) (list []int) {
	// Matches are counted in code points.
	m, err := g.FindStringMatch(string(text))
	at, runes := 0, 0
	seek := func(n int) int {
		for ; runes < n && at < len(text); runes++ {
			_, size := utf8.DecodeRune(text[at:])
			at += size
		}
		return at
	}
	for m != nil && err == nil {
		list = append(list, seek(m.RuneIndex), seek(m.RuneIndex+m.RuneLength))
		m, err = g.FindNextMatch(m)
	}
	return list
}
