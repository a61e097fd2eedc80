package scan

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Normalizations lists the names that [NewNormalizer] takes, in the order in
// which they are applied, whatever the order in the job file.
func Normalizations() []string {
	return []string{"nfc", "nfkc", "lower", "digits", "punctuation", "whitespace"}
}

// A Normalizer brings texts into the form in which they are compared. Its zero
// value changes nothing. It may be used by several goroutines.
type Normalizer struct {
	form                               norm.Form
	unicodeForm                        bool
	lower, digits, punctuation, spaces bool
	ascii                              *asciiTable // nil where nothing changes but the form
}

// An asciiTable says what becomes of each byte of ASCII.
type asciiTable [utf8.RuneSelf]byte

// In place of what a byte becomes: it is left out, or is white space.
const (
	leftOut = 0x80 + iota
	isAnySpace
)

// asciiTables has the tables of all rules, by [Normalizer.rules].
var asciiTables = newASCIITables()

func newASCIITables() (all [16]*asciiTable) {
	for i := range all {
		z := Normalizer{lower: i&1 != 0, digits: i&2 != 0, punctuation: i&4 != 0, spaces: i&8 != 0}
		all[i] = new(asciiTable)
		for c := range all[i] {
			all[i][c] = z.ofASCII(byte(c))
		}
	}
	return all
}

// rules returns the index of the table of z.
func (z Normalizer) rules() (i int) {
	for bit, on := range []bool{z.lower, z.digits, z.punctuation, z.spaces} {
		if on {
			i |= 1 << bit
		}
	}
	return i
}

func (z Normalizer) ofASCII(c byte) byte {
	switch {
	case z.spaces && IsSpace(rune(c)):
		return isAnySpace
	case z.punctuation && isPunctuation(rune(c)):
		return leftOut
	case z.lower && 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	case z.digits && '0' <= c && c <= '9':
		return '0'
	}
	return c
}

// NewNormalizer returns the normalizer of a list of names:
//
//	nfc, nfkc    Unicode normalisation forms (one of them)
//	lower        simple lower-casing, one code point to one code point
//	digits       each decimal digit (category Nd) becomes 0
//	punctuation  code points of category P, and the ASCII symbols $+<=>^`|~, are left out
//	whitespace   each run of white space becomes one space; both ends are trimmed
func NewNormalizer(names []string) (Normalizer, error) {
	var z Normalizer
	for _, name := range names {
		switch name {
		case "nfc", "nfkc":
			if z.unicodeForm {
				return z, fmt.Errorf("normalize names nfc or nfkc more than once\nkeep one of them")
			}
			z.unicodeForm = true
			z.form = norm.NFC
			if name == "nfkc" {
				z.form = norm.NFKC
			}
		case "lower":
			z.lower = true
		case "digits":
			z.digits = true
		case "punctuation":
			z.punctuation = true
		case "whitespace":
			z.spaces = true
		default:
			return z, fmt.Errorf("normalize = %q is unknown; have %s", name, strings.Join(Normalizations(), ", "))
		}
	}
	if i := z.rules(); i != 0 {
		z.ascii = asciiTables[i]
	}
	return z, nil
}

// String returns the names, in order, with commas between them.
func (z Normalizer) String() string {
	var names []string
	for i, on := range []bool{
		z.unicodeForm && z.form == norm.NFC, z.unicodeForm && z.form == norm.NFKC, z.lower, z.digits, z.punctuation, z.spaces,
	} {
		if on {
			names = append(names, Normalizations()[i])
		}
	}
	return strings.Join(names, ",")
}

// Append appends the normalised text to dst, which must not overlap it.
func (z Normalizer) Append(dst, text []byte) []byte {
	if z.unicodeForm && !z.form.IsNormal(text) {
		text = z.form.Bytes(text)
	}
	if z.ascii == nil {
		return append(dst, text...)
	}
	dst = slices.Grow(dst, len(text)+8)
	start, pending := len(dst), false
	next := 0 // where bytes are taken by eights again
	if z.punctuation {
		next = len(text)
	}
	for i := 0; i < len(text); {
		if i >= next {
			var n int
			if dst, n, pending = z.eights(dst, text[i:], start, pending); n > 0 {
				i += n
				continue
			}
			next = i + 8
		}
		if c := text[i]; c < utf8.RuneSelf {
			i++
			switch c = z.ascii[c]; {
			case c < utf8.RuneSelf && !pending:
				dst = append(dst, c)
			case c == isAnySpace:
				pending = true
			case c != leftOut:
				if len(dst) > start {
					dst = append(dst, ' ')
				}
				dst, pending = append(dst, c), false
			}
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		raw := text[i : i+size]
		i += size
		if z.spaces && IsSpace(r) {
			pending = true
			continue
		}
		if z.punctuation && isPunctuation(r) {
			continue
		}
		if pending {
			if len(dst) > start {
				dst = append(dst, ' ')
			}
			pending = false
		}
		dst = z.appendRune(dst, r, raw)
	}
	return dst
}

// eights appends the normalised beginning of a text, n bytes of it, eight at a time, as long as they are ASCII and
// hold no white space but single spaces. dst begins at start; pending says that a space is to be
// written before what follows, before and after.
func (z *Normalizer) eights(dst, text []byte, start int, pending bool) (out []byte, n int, still bool) {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	lower, digits, spaces := z.lower, z.digits, z.spaces
	for ; n+8 <= len(text); n += 8 {
		x := binary.LittleEndian.Uint64(text[n:])
		if x&tops != 0 {
			break
		}
		// Sums of two bytes below 0x80 stay within a byte.
		last := 0 // 1 if the last byte is a space that what follows decides on
		if spaces {
			blanks := ^(x + (0x7f-' ')*ones) & tops // and control characters
			control := ^(x + (0x80-' ')*ones) & tops
			if control|blanks&(blanks<<8) != 0 || blanks&0x80 != 0 && (pending || len(dst) == start) {
				break
			}
			if last = int(blanks >> 63); pending && len(dst) > start {
				dst = append(dst, ' ')
			}
			pending = last > 0
		}
		if lower {
			x |= (x + (0x80-'A')*ones) &^ (x + (0x7f-'Z')*ones) & tops >> 2
		}
		if digits {
			x &^= (x + (0x80-'0')*ones) &^ (x + (0x7f-'9')*ones) & tops >> 7 * 0x0f
		}
		dst = binary.LittleEndian.AppendUint64(dst, x)
		dst = dst[:len(dst)-last]
	}
	return dst, n, pending
}

// appendRune appends one code point beyond ASCII, lower-cased and with digits made 0.
func (z Normalizer) appendRune(dst []byte, r rune, raw []byte) []byte {
	if r == utf8.RuneError && len(raw) == 1 {
		return append(dst, raw...)
	}
	if z.digits && unicode.Is(unicode.Nd, r) {
		return append(dst, '0')
	}
	if z.lower {
		if low := unicode.ToLower(r); low != r {
			return utf8.AppendRune(dst, low)
		}
	}
	return append(dst, raw...)
}

func isPunctuation(r rune) bool {
	if r >= utf8.RuneSelf {
		return unicode.IsPunct(r)
	}
	switch {
	case '!' <= r && r <= '/', ':' <= r && r <= '@', '[' <= r && r <= '`', '{' <= r && r <= '~':
		return true
	}
	return false
}

// Identity says that the normalizer changes nothing.
func (z Normalizer) Identity() bool { return z == Normalizer{} }
