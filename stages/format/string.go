package format

import (
	"encoding/binary"
	"math/bits"
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
// Source of the idea: Mycroft's test for a zero byte. Flipping bit 1 puts the
// quote next to the control characters, so that one comparison finds both.
func special(x uint64) uint64 {
	q := x ^ 0x02*lows
	b := x ^ '\\'*lows
	return ((q-0x21*lows)&^q | (b-lows)&^b) & highs
}

// An arena holds the unescaped strings of a batch. Its length is fixed, so
// that strings never move: unescaping makes nothing longer, so the length of
// the raw rows is enough, plus what is written past the end.
type arena struct {
	buf   []byte
	used  int
	plain bool // go without assembly: for tests
}

const arenaSlack = 64

// text returns the contents of the JSON string whose first byte after the
// quote is p[i], and the place after its closing quote. The contents are UTF-8,
// and part of p where nothing is escaped.
func (a *arena) text(p []byte, i int) (s []byte, end int, err error) {
	start := i
	i, high := find(p, i, hasAVX2 && !a.plain)
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
	if high&highs != 0 && !validUTF8(s) {
		return nil, i, malformed("a string that is not UTF-8", start-1)
	}
	return s, end, nil
}

// find returns the place of the first quote, backslash or control character of
// p from i on, len(p) if there is none, and the OR of the bytes in front of it;
// of those, the top bits may be set too often.
func find(p []byte, i int, fast bool) (_ int, high uint64) {
	for words := 0; i+8 <= len(p); words++ {
		if fast && words == 2 { // a call is too much for a key
			k, h := scanAVX2(p[i:])
			i += k
			if h != 0 {
				high |= highs
			}
			if i+8 > len(p) {
				break
			}
		}
		x := binary.LittleEndian.Uint64(p[i:])
		if m := special(x); m != 0 {
			k := trailing(m)
			return i + k, high | x&(1<<(8*k)-1)
		}
		high |= x
		i += 8
	}
	for i < len(p) && p[i] >= ' ' && p[i] != '"' && p[i] != '\\' {
		high |= uint64(p[i])
		i++
	}
	return i, high
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
		var more uint64
		if i, n, more = unescapeRun(out, p, n, i, hasAVX2 && !a.plain); i >= len(p) {
			return nil, i, 0, malformed("a string does not end", start-1)
		}
		high |= more
		switch {
		case p[i] == '"':
			a.used += n
			return out[:n:n], i + 1, high, nil
		case p[i] != '\\':
			return nil, i, 0, malformed("a control character in a string", i)
		case i+1 >= len(p):
			return nil, i, 0, malformed("a string does not end", start-1)
		case escapes[p[i+1]] != 0:
			out[n] = escapes[p[i+1]]
			i, n = i+2, n+1
			continue
		case p[i+1] != 'u':
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

// unescapeRun copies p from i on to out from n on, up to a quote, a control
// character or a backslash. Simple escapes on the way may be undone.
func unescapeRun(out, p []byte, n, i int, fast bool) (_, _ int, high uint64) {
	switch {
	case !fast:
		i, n, high = unescapeBlocks(out, p, n, i)
	case len(p)-i >= 64:
		read, wrote, h := unescapeAVX2(&out[n], p[i:])
		i, n = i+read, n+wrote
		if h != 0 {
			high = highs
		}
	}
	for i+8 <= len(p) {
		x := binary.LittleEndian.Uint64(p[i:])
		binary.LittleEndian.PutUint64(out[n:], x)
		if m := special(x); m != 0 {
			k := trailing(m)
			return i + k, n + k, high | x&(1<<(8*k)-1)
		}
		high |= x
		i, n = i+8, n+8
	}
	for i < len(p) && p[i] >= ' ' && p[i] != '"' && p[i] != '\\' {
		high |= uint64(p[i])
		out[n] = p[i]
		i, n = i+1, n+1
	}
	return i, n, high
}

// unescapeBlocks is the plain form of [unescapeAVX2]. It unescapes p from i on to out from n on, 64 bytes at a time. It
// stops in front of whatever is not a simple escape, or near the end, and
// returns where it is, and the OR of all bytes that it saw.
//
// Each stretch between escapes is copied as 64 bytes, however long it is:
// what is too much is written over, and that is cheaper than a branch that
// cannot be predicted.
func unescapeBlocks(out, p []byte, n, i int) (_, _ int, high uint64) {
	for i+2*64+2 <= len(p) {
		block, to := (*[64]byte)(p[i:]), (*[64]byte)(out[n:])
		x0, x1, x2, x3 := load(block, 0), load(block, 1), load(block, 2), load(block, 3)
		store(to, 0, x0)
		store(to, 1, x1)
		store(to, 2, x2)
		store(to, 3, x3)
		m := specials(x0) | specials(x1)<<8 | specials(x2)<<16 | specials(x3)<<24
		high |= x0 | x1 | x2 | x3
		x0, x1, x2, x3 = load(block, 4), load(block, 5), load(block, 6), load(block, 7)
		store(to, 4, x0)
		store(to, 5, x1)
		store(to, 6, x2)
		store(to, 7, x3)
		m |= specials(x0)<<32 | specials(x1)<<40 | specials(x2)<<48 | specials(x3)<<56
		high |= x0 | x1 | x2 | x3
		at := 0 // in the block: what is in front of it is done
		for m != 0 {
			k := bits.TrailingZeros64(m)
			n += k - at
			at = k
			c := escapes[p[i+k+1]]
			if p[i+k] != '\\' || c == 0 {
				return i + k, n, high
			}
			out[n] = c
			n++
			at += 2
			block, to = (*[64]byte)(p[i+at:]), (*[64]byte)(out[n:])
			for k := range 4 {
				a, b := load(block, 2*k), load(block, 2*k+1)
				store(to, 2*k, a)
				store(to, 2*k+1, b)
			}
			m &^= 3 << k
		}
		n += max(64-at, 0)
		i += max(64, at)
	}
	return i, n, high
}

func load(p *[64]byte, k int) uint64     { return binary.LittleEndian.Uint64(p[8*k:]) }
func store(p *[64]byte, k int, x uint64) { binary.LittleEndian.PutUint64(p[8*k:], x) }

// specials returns one bit for each byte of x, in memory order, that is a
// quote, a backslash or a control character. Unlike [special] it is exact for
// all bytes.
func specials(x uint64) uint64 {
	low := x & (0x7f * lows)
	m := ^((low^0x02*lows+0x5f*lows)&(low^'\\'*lows+0x7f*lows) | x) & highs
	return m >> 7 * 0x0102040810204080 >> 56
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
