package format

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special returns a word whose lowest set bit is the top bit of the first byte
// of x, in memory order, that is a quote, a backslash or a control character; 0
// where there is none. Bits above the lowest one mean nothing.
//
// Source of the idea: Mycroft's test for a zero byte.
func special(x uint64) uint64 {
	q := x ^ '"'*lows
	b := x ^ '\\'*lows
	return ((q-lows)&^q | (b-lows)&^b | (x-' '*lows)&^x) & highs
}

// An arena holds the unescaped strings of a batch. Its length is fixed, so
// that strings never move: unescaping makes nothing longer, so the length of
// the raw rows is enough, plus a word that is written past the end.
type arena struct {
	buf  []byte
	used int
}

const arenaSlack = 8

// text returns the contents of the JSON string whose first byte after the
// quote is p[i], and the place after its closing quote. The contents are UTF-8,
// and part of p where nothing is escaped. The arena is made on demand.
func (a *arena) text(p []byte, i int) (s []byte, end int, err error) {
	start, high := i, uint64(0)
	for i+8 <= len(p) {
		x := binary.LittleEndian.Uint64(p[i:])
		m := special(x)
		if m != 0 {
			k := trailing(m)
			high |= x & (1<<(8*k) - 1)
			i += k
			break
		}
		high |= x
		i += 8
	}
	for i < len(p) && p[i] >= ' ' && p[i] != '"' && p[i] != '\\' {
		high |= uint64(p[i])
		i++
	}
	switch {
	case i >= len(p):
		return nil, i, malformed("a string does not end", start-1)
	case p[i] == '"':
		s, end = p[start:i:i], i+1
	case p[i] == '\\':
		if s, end, high, err = a.unescape(p, start, i, high); err != nil {
			return nil, i, err
		}
	default:
		return nil, i, malformed("a control character in a string", i)
	}
	if high&highs != 0 && !utf8.Valid(s) {
		return nil, i, malformed("a string that is not UTF-8", start-1)
	}
	return s, end, nil
}

// unescape goes on with the string that starts at p[start] and has its first
// backslash at p[i].
func (a *arena) unescape(p []byte, start, i int, high uint64) (s []byte, end int, _ uint64, err error) {
	if need := a.used + len(p) - start + arenaSlack; len(a.buf) < need {
		// Only a caller that did not size the arena comes here; strings that
		// were handed out keep the old one.
		a.buf, a.used = make([]byte, len(p)-start+arenaSlack), 0
	}
	out := a.buf[a.used:]
	n := copy(out, p[start:i])
	for {
		for i+8 <= len(p) {
			x := binary.LittleEndian.Uint64(p[i:])
			binary.LittleEndian.PutUint64(out[n:], x)
			m := special(x)
			if m != 0 {
				k := trailing(m)
				high |= x & (1<<(8*k) - 1)
				i, n = i+k, n+k
				break
			}
			high |= x
			i, n = i+8, n+8
		}
		for i < len(p) && p[i] >= ' ' && p[i] != '"' && p[i] != '\\' {
			high |= uint64(p[i])
			out[n] = p[i]
			i, n = i+1, n+1
		}
		if i >= len(p) {
			return nil, i, 0, malformed("a string does not end", start-1)
		}
		if p[i] == '"' {
			a.used += n
			return out[:n:n], i + 1, high, nil
		}
		if p[i] != '\\' {
			return nil, i, 0, malformed("a control character in a string", i)
		}
		if i+1 >= len(p) {
			return nil, i, 0, malformed("a string does not end", start-1)
		}
		if c := escapes[p[i+1]]; c != 0 {
			out[n] = c
			i, n = i+2, n+1
			continue
		}
		if p[i+1] != 'u' {
			return nil, i, 0, malformed("an unknown escape in a string", i)
		}
		r, next, ok := unicodeEscape(p, i)
		if !ok {
			return nil, i, 0, malformed("a broken \\u escape or a lone surrogate in a string", i)
		}
		n += utf8.EncodeRune(out[n:], r)
		i = next
	}
}

// escapes maps the letter after a backslash to what it stands for.
var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unicodeEscape reads the \u escape at p[i], or the two of a surrogate pair.
// Half a pair is no character, and so is refused.
func unicodeEscape(p []byte, i int) (r rune, next int, ok bool) {
	if r, ok = hex4(p, i+2); !ok || !utf16.IsSurrogate(r) {
		return r, i + 6, ok
	}
	if i+7 >= len(p) || p[i+6] != '\\' || p[i+7] != 'u' {
		return 0, i, false
	}
	low, ok := hex4(p, i+8)
	if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
		return 0, i, false
	}
	return r, i + 12, true
}

func hex4(p []byte, i int) (r rune, ok bool) {
	if i+4 > len(p) {
		return 0, false
	}
	for _, c := range p[i : i+4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
