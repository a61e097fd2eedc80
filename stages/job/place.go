package job

import (
	"fmt"
	"strings"

	"github.com/BurntSushi/toml"
)

// lines finds the line on which each key of a TOML text stands. The decoder
// knows it, but tells only for its own errors. Keys are named by their path:
// "read.text", "stage[0].use"; a table is where its header is. The text must
// have been accepted by the decoder.
func lines(text string) map[string]int {
	s := &scanner{text: text, line: 1, at: map[string]int{}, count: map[string]int{}}
	for s.skipBlank(); s.i < len(s.text); s.skipBlank() {
		if s.text[s.i] == '[' {
			s.header()
		} else {
			s.pair()
		}
	}
	return s.at
}

type scanner struct {
	text  string
	i     int
	line  int
	table string         // path of the current table
	at    map[string]int // path -> line
	count map[string]int // path of an array of tables -> its length so far
}

// next moves on by one byte.
func (s *scanner) next() {
	if s.i < len(s.text) {
		if s.text[s.i] == '\n' {
			s.line++
		}
		s.i++
	}
}

func (s *scanner) has(prefix string) bool { return strings.HasPrefix(s.text[s.i:], prefix) }

func (s *scanner) skipBlank() {
	for s.i < len(s.text) {
		switch s.text[s.i] {
		case '#':
			s.skipComment()
		case ' ', '\t', '\r', '\n':
			s.next()
		case 0xef, 0xbb, 0xbf: // byte order mark
			s.next()
		default:
			return
		}
	}
}

func (s *scanner) skipComment() {
	for s.i < len(s.text) && s.text[s.i] != '\n' {
		s.next()
	}
}

// header reads [a.b] or [[a.b]].
func (s *scanner) header() {
	line, array := s.line, s.has("[[")
	s.next()
	if array {
		s.next()
	}
	names := s.key(']')
	for s.i < len(s.text) && s.text[s.i] == ']' {
		s.next()
	}
	s.table = ""
	for i, name := range names {
		s.table = join(s.table, name)
		if array && i == len(names)-1 {
			s.count[s.table]++
		}
		if n := s.count[s.table]; n > 0 {
			s.note(s.table, line)
			s.table = fmt.Sprintf("%s[%d]", s.table, n-1)
		}
		s.note(s.table, line)
	}
}

// pair reads key = value.
func (s *scanner) pair() {
	line := s.line
	path := s.table
	for _, name := range s.key('=') {
		path = join(path, name)
		s.note(path, line)
	}
	s.next()
	s.value()
}

func (s *scanner) note(path string, line int) {
	if _, ok := s.at[path]; !ok {
		s.at[path] = line
	}
}

// key reads a dotted key up to the byte end.
func (s *scanner) key(end byte) []string {
	start := s.i
	for s.i < len(s.text) && s.text[s.i] != end && s.text[s.i] != '\n' {
		if c := s.text[s.i]; c == '"' || c == '\'' {
			s.quoted()
		} else {
			s.next()
		}
	}
	return splitKey(s.text[start:s.i])
}

// value skips a value: all up to the end of the line, and beyond it while a
// string, array or table is open.
func (s *scanner) value() {
	depth := 0
	for s.i < len(s.text) {
		switch s.text[s.i] {
		case '"', '\'':
			s.quoted()
			continue
		case '#':
			s.skipComment()
			continue
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case '\n':
			if depth <= 0 {
				return
			}
		}
		s.next()
	}
}

// quoted skips a string of any of the four forms.
func (s *scanner) quoted() {
	quote := s.text[s.i : s.i+1]
	if long := strings.Repeat(quote, 3); s.has(long) {
		quote = long
	}
	s.skip(len(quote))
	for s.i < len(s.text) && !s.has(quote) {
		if quote[0] == '"' && s.text[s.i] == '\\' {
			s.next()
		}
		s.next()
	}
	s.skip(len(quote))
	// Up to two more quotes may stand right before the closing three.
	for len(quote) == 3 && s.i < len(s.text) && s.text[s.i] == quote[0] {
		s.next()
	}
}

func (s *scanner) skip(n int) {
	for range n {
		s.next()
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// splitKey returns the parts of a dotted key, unquoted; nil where it is none.
func splitKey(key string) []string {
	md, err := toml.Decode(strings.TrimSpace(key)+" = 0", new(map[string]any))
	if err != nil || len(md.Keys()) == 0 {
		return nil
	}
	keys := md.Keys()
	return keys[len(keys)-1]
}
