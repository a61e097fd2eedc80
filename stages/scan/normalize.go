package scan

import (
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
	dst = slices.Grow(dst, len(text))
	start, pending := len(dst), false
	for i := 0; i < len(text); {
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
