package run

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"sluice/stages"
	"sluice/stages/format"
)

// An answer is one line of the program: a JSON object of simple values.
type answer struct {
	members []member
	buf     []byte // of strings that have escapes
	half    bool   // a string has half of a surrogate pair
}

// A member is a key with its value. Strings are good until the next answer.
type member struct {
	key   []byte
	kind  stages.Kind
	value stages.Scalar
}

// row returns the number of the row that is answered.
func (a *answer) row() (int64, error) {
	for _, m := range a.members {
		if string(m.key) == "row" {
			if m.kind != stages.Int {
				return 0, errors.New(`"row" is no whole number`)
			}
			return m.value.Int, nil
		}
	}
	return 0, errors.New(`there is no "row"`)
}

// failure returns what the program says of a row that it cannot do.
func (a *answer) failure() (text string, failed bool) {
	for _, m := range a.members {
		if string(m.key) == "error" && m.kind != stages.Null {
			if m.kind != stages.String {
				return "it does not say why", true
			}
			return string(m.value.Str), true
		}
	}
	return "", false
}

// as returns the value as one of the type of a column that is added.
func (m *member) as(kind string) (stages.Scalar, error) {
	v := m.value
	switch {
	case v.Kind == stages.Null,
		kind == "bool" && v.Kind == stages.Bool,
		kind == "int" && v.Kind == stages.Int,
		kind == "float" && v.Kind == stages.Float,
		kind == "string" && v.Kind == stages.String:
		return v, nil
	case kind == "float" && v.Kind == stages.Int:
		return stages.Scalar{Kind: stages.Float, Float: float64(v.Int)}, nil
	}
	return v, fmt.Errorf("column %q is no %s", m.key, kind)
}

var errJSON = errors.New("this is no JSON object on one line")

// parse reads a line.
func (a *answer) parse(line []byte) error {
	a.members, a.half = a.members[:0], false
	if cap(a.buf) < len(line) {
		a.buf = make([]byte, 0, len(line)+len(line)/4)
	}
	a.buf = a.buf[:0] // unescaped strings are no longer than the line, so it never moves
	p := skip(line)
	if len(p) == 0 || p[0] != '{' {
		return errJSON
	}
	if p = skip(p[1:]); len(p) > 0 && p[0] == '}' {
		return a.end(p[1:])
	}
	for {
		var err error
		a.members = append(a.members, member{})
		m := &a.members[len(a.members)-1]
		if len(p) == 0 || p[0] != '"' {
			return errJSON
		}
		if m.key, p, err = a.text(p); err != nil {
			return err
		}
		if p = skip(p); len(p) == 0 || p[0] != ':' {
			return errJSON
		}
		if p, err = a.value(m, skip(p[1:])); err != nil {
			return err
		}
		for _, other := range a.members[:len(a.members)-1] {
			if bytes.Equal(other.key, m.key) {
				return fmt.Errorf("%q is there twice", m.key)
			}
		}
		p = skip(p)
		switch {
		case len(p) == 0:
			return errJSON
		case p[0] == '}':
			return a.end(p[1:])
		case p[0] != ',':
			return errJSON
		}
		p = skip(p[1:])
	}
}

func (a *answer) end(p []byte) error {
	if len(skip(p)) > 0 {
		return errJSON
	}
	return nil
}

func skip(p []byte) []byte {
	for len(p) > 0 && (p[0] == ' ' || p[0] == '\t' || p[0] == '\n' || p[0] == '\r') {
		p = p[1:]
	}
	return p
}

// value reads the value of m, and returns what follows it.
func (a *answer) value(m *member, p []byte) (rest []byte, err error) {
	if len(p) == 0 {
		return nil, errJSON
	}
	switch p[0] {
	case '"':
		m.value.Str, rest, err = a.text(p)
		m.value.Kind = stages.String
	case '{', '[':
		return nil, fmt.Errorf("%q is an object or a list\nwrite it as a string: json.dumps(...)", m.key)
	default:
		n := bytes.IndexAny(p, ",} \t\r\n")
		if n < 0 {
			n = len(p)
		}
		rest = p[n:]
		m.value, err = plain(m.key, p[:n])
	}
	m.kind = m.value.Kind
	return rest, err
}

// plain reads a value that is no string.
func plain(key, word []byte) (stages.Scalar, error) {
	switch string(word) {
	case "null":
		return stages.Scalar{}, nil
	case "true":
		return stages.Scalar{Kind: stages.Bool, Int: 1}, nil
	case "false":
		return stages.Scalar{Kind: stages.Bool}, nil
	case "NaN", "Infinity", "-Infinity", "nan", "inf", "-inf":
		return stages.Scalar{}, fmt.Errorf("%q is %s, which JSON does not have\nwrite null in its place", key, word)
	}
	whole, ok := format.IsNumber(word)
	if !ok {
		return stages.Scalar{}, errJSON
	}
	if whole {
		if n, err := strconv.ParseInt(string(word), 10, 64); err == nil {
			return stages.Scalar{Kind: stages.Int, Int: n}, nil
		}
	}
	x, err := strconv.ParseFloat(string(word), 64)
	if err != nil || math.IsInf(x, 0) {
		return stages.Scalar{}, fmt.Errorf("%q is %s, which is too large", key, word)
	}
	return stages.Scalar{Kind: stages.Float, Float: x}, nil
}

// text reads the string that p begins with, and returns what follows it.
func (a *answer) text(p []byte) (s, rest []byte, err error) {
	p = p[1:]
	n := stop(p)
	if n < len(p) && p[n] == '"' {
		s, rest = p[:n:n], p[n+1:]
	} else {
		begin := len(a.buf)
		for {
			if n >= len(p) || p[n] < ' ' {
				return nil, nil, errJSON
			}
			a.buf = append(a.buf, p[:n]...)
			c := p[n]
			if p = p[n+1:]; c == '"' {
				break
			}
			if p, err = a.escape(p); err != nil {
				return nil, nil, err
			}
			n = stop(p)
		}
		s, rest = a.buf[begin:len(a.buf):len(a.buf)], p
	}
	if !utf8.Valid(s) {
		return nil, nil, errors.New("a string is not UTF-8")
	}
	if s == nil {
		s = []byte{}
	}
	return s, rest, nil
}

// stop returns the place of the first byte that is no plain part of a string.
func stop(p []byte) int {
	for i, c := range p {
		if c == '"' || c == '\\' || c < ' ' {
			return i
		}
	}
	return len(p)
}

// escape reads what follows a backslash.
func (a *answer) escape(p []byte) ([]byte, error) {
	if len(p) == 0 {
		return nil, errJSON
	}
	c := p[0]
	switch c {
	case '"', '\\', '/':
	case 'n':
		c = '\n'
	case 't':
		c = '\t'
	case 'r':
		c = '\r'
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'u':
		r, rest, ok := hex(p[1:])
		if !ok {
			return nil, errJSON
		}
		if utf16.IsSurrogate(r) {
			low, after, ok := rune(0), rest, false
			if len(rest) > 1 && rest[0] == '\\' && rest[1] == 'u' {
				low, after, ok = hex(rest[2:])
			}
			if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
				r, a.half = utf8.RuneError, true
			} else {
				rest = after
			}
		}
		a.buf = utf8.AppendRune(a.buf, r)
		return rest, nil
	default:
		return nil, errJSON
	}
	a.buf = append(a.buf, c)
	return p[1:], nil
}

// hex reads four hexadecimal digits.
func hex(p []byte) (r rune, rest []byte, ok bool) {
	if len(p) < 4 {
		return 0, nil, false
	}
	n, err := strconv.ParseUint(string(p[:4]), 16, 32)
	return rune(n), p[4:], err == nil
}
