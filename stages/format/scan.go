package format

import (
	"bytes"
	"fmt"
	"math/bits"
)

// A scanner finds fields in rows of JSON. It looks at no more than it must:
// the keys of the objects on the way are checked, and the values of the fields
// that are wanted; from other values it finds the end. It belongs to one
// goroutine.
type scanner struct {
	fields []field
	tree   *node
	arena  arena
	// What the last row had. Places count from the start of the row.
	values []value
	open   int  // of the top-level object
	close  int  // its closing brace
	again  bool // some field was there before it was found last
}

// A value is where a field stands in a row.
type value struct {
	start, end int    // end 0: missing
	kind       byte   // first byte
	str        []byte // contents of a wanted string
}

// malformedError says what is wrong with a row and where.
type malformedError struct {
	what string
	at   int
}

func (e *malformedError) Error() string { return fmt.Sprintf("%s, byte %d of the row", e.what, e.at) }

func malformed(what string, at int) error { return &malformedError{what, at} }

func trailing(m uint64) int { return bits.TrailingZeros64(m) >> 3 }

func newScanner(fields []field) *scanner {
	return &scanner{fields: fields, tree: newTree(fields), values: make([]value, len(fields))}
}

// row scans one line, with or without its line end. A byte order mark before
// the object is skipped.
func (s *scanner) row(p []byte) error {
	clear(s.values)
	s.again = false
	i := space(p, 0)
	if bytes.HasPrefix(p[i:], byteOrderMark) {
		i = space(p, i+len(byteOrderMark))
	}
	if i >= len(p) || p[i] != '{' {
		return malformed("a row that is not an object", i)
	}
	s.open = i
	i, err := s.object(p, i, s.tree)
	if err != nil {
		return err
	}
	s.close = i - 1
	if i = space(p, i); i < len(p) {
		return malformed("something after the object", i)
	}
	return nil
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// object scans the object whose brace is p[i] and returns the place behind
// it. It recurses no deeper than the names of fields have parts.
func (s *scanner) object(p []byte, i int, n *node) (int, error) {
	start := i
	if i = space(p, i+1); i < len(p) && p[i] == '}' {
		return i + 1, nil
	}
	for {
		if i >= len(p) {
			return i, malformed("an object does not close", start)
		}
		if p[i] != '"' {
			return i, malformed("a key is expected", i)
		}
		key, after, err := s.arena.text(p, i+1)
		if err != nil {
			return i, err
		}
		if i = space(p, after); i >= len(p) || p[i] != ':' {
			return i, malformed("a colon is expected", i)
		}
		i = space(p, i+1)
		if e := n.find(key); e != nil {
			i, err = s.value(p, i, e)
		} else {
			i, err = skip(p, i)
		}
		if err != nil {
			return i, err
		}
		if i = space(p, i); i >= len(p) {
			return i, malformed("an object does not close", start)
		}
		switch p[i] {
		case ',':
			i = space(p, i+1)
		case '}':
			return i + 1, nil
		default:
			return i, malformed("a comma or a closing brace is expected", i)
		}
	}
}

func (n *node) find(key []byte) *entry {
	for i := range n.entries {
		if e := &n.entries[i]; e.key == string(key) {
			return e
		}
	}
	return nil
}

// value notes the value at p[i] of a key that was looked for. The last of
// several counts.
func (s *scanner) value(p []byte, i int, e *entry) (end int, err error) {
	if e.child != nil {
		s.forget(e.child)
		if i < len(p) && p[i] == '{' {
			end, err = s.object(p, i, e.child)
			if e.field >= 0 && err == nil {
				s.values[e.field] = value{start: i, end: end, kind: '{'}
			}
			return end, err
		}
	}
	if e.field < 0 {
		return skip(p, i)
	}
	s.again = s.again || s.values[e.field].end > 0
	if i < len(p) && p[i] == '"' && s.fields[e.field].wanted() {
		v := value{start: i, kind: '"'}
		if v.str, v.end, err = s.arena.text(p, i+1); err == nil {
			s.values[e.field] = v
		}
		return v.end, err
	}
	if end, err = skip(p, i); err == nil {
		s.values[e.field] = value{start: i, end: end, kind: p[i]}
	}
	return end, err
}

// forget makes the fields below n missing: a later object took their place.
func (s *scanner) forget(n *node) {
	for _, e := range n.entries {
		if e.field >= 0 {
			s.again = s.again || s.values[e.field].end > 0
			s.values[e.field] = value{}
		}
		if e.child != nil {
			s.forget(e.child)
		}
	}
}

// space returns the place of the first byte from p[i] on that is not white
// space.
func space(p []byte, i int) int {
	for i < len(p) && (p[i] == ' ' || p[i] == '\n' || p[i] == '\r' || p[i] == '\t') {
		i++
	}
	return i
}

// skip returns the place behind the value at p[i], which it does not check.
func skip(p []byte, i int) (int, error) {
	if i >= len(p) {
		return i, malformed("a value is missing", i)
	}
	switch p[i] {
	case '"':
		return skipString(p, i)
	case '{', '[':
		return skipNested(p, i)
	}
	start := i
	for i < len(p) && p[i] > ' ' && p[i] != ',' && p[i] != '}' && p[i] != ']' {
		i++
	}
	if i == start {
		return i, malformed("a value is missing", i)
	}
	return i, nil
}

// skipString skips the string whose opening quote is p[i].
func skipString(p []byte, i int) (int, error) {
	start := i
	for i++; ; i++ {
		k := bytes.IndexByte(p[i:], '"')
		if k < 0 {
			return len(p), malformed("a string does not end", start)
		}
		i += k
		// A quote behind an odd number of backslashes is part of the string.
		j := i
		for p[j-1] == '\\' && j-1 > start {
			j--
		}
		if (i-j)%2 == 0 {
			return i + 1, nil
		}
	}
}

// skipNested skips an object or array. It counts brackets and does not compare
// them.
func skipNested(p []byte, i int) (int, error) {
	start, depth := i, 0
	for i < len(p) {
		switch p[i] {
		case '"':
			end, err := skipString(p, i)
			if err != nil {
				return i, err
			}
			i = end
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1, nil
			}
		}
		i++
	}
	return i, malformed("an object or array does not close", start)
}
