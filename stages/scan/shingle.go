package scan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Shingles says what the shingles of a text are. It does not change, may be
// shared, and two of them are equal (==) if they make the same shingles.
//
// The bits of shingle hashes are part of saved files: version 1 is described
// at [Shingler.Append] and pinned by test vectors.
type Shingles struct {
	words bool
	size  int
	rule  wordRule
	norm  Normalizer
}

// ParseShingles reads the shingle and the word of a job file: "word:5" or
// "char:24", of any size from 1, and what a word is.
//
//	"", "unicode"  maximal runs of L, N, M and Pc code points after simple
//	               lower-casing, by Unicode [UnicodeVersion]; each code point of
//	               Han, Hiragana, Katakana, Thai, Lao, Khmer and Myanmar is a
//	               word of its own
//	"python"       what Python's re.findall(r"\w+", text.lower()) returns, by the
//	               same Unicode version (Python 3.12)
//
// It has no effect on "char:N". Texts are normalised by n first.
func ParseShingles(shingle, word string, n Normalizer) (Shingles, error) {
	kind, number, _ := strings.Cut(shingle, ":")
	size, err := strconv.Atoi(number)
	if kind != "word" && kind != "char" || err != nil || size < 1 {
		return Shingles{}, fmt.Errorf("shingle = %q is unknown; have word:N and char:N with N of 1 or more\nwrite \"word:5\" for runs of five words", shingle)
	}
	if word != "" && word != "unicode" && word != "python" {
		return Shingles{}, fmt.Errorf("word = %q is unknown; have unicode, python\nleave it out for unicode", word)
	}
	s := Shingles{words: kind == "word", size: size, norm: n}
	if s.words && word == "python" {
		s.rule = pythonWords
	}
	return s, nil
}

// String returns all that decides about the hashes, in one line: what saved
// sketches carry, and must have in common to be compared.
func (s Shingles) String() string {
	var b strings.Builder
	switch {
	case !s.words:
		fmt.Fprintf(&b, "char:%d hash=1", s.size)
	case s.rule == pythonWords:
		fmt.Fprintf(&b, "word:%d hash=1 word=python-%s", s.size, UnicodeVersion)
	default:
		fmt.Fprintf(&b, "word:%d hash=1 word=unicode-%s", s.size, UnicodeVersion)
	}
	if !s.norm.Identity() {
		fmt.Fprintf(&b, " normalize=%s-%s", s.norm, unicode.Version)
		if s.norm.unicodeForm && norm.Version != unicode.Version {
			fmt.Fprintf(&b, "-%s", norm.Version)
		}
	}
	return b.String()
}

// New returns a worker for one goroutine.
func (s Shingles) New() *Shingler {
	w := &Shingler{shingles: s, table: wordTables[s.rule]}
	w.roller.size, w.roller.power = s.size, power(s.size)
	w.useVectors(hasAVX2)
	return w
}

// A Shingler hashes the shingles of one text after the other. It holds scratch
// of some tens of kilobytes, more only where a text has longer words or the
// shingles are longer, and belongs to one goroutine.
type Shingler struct {
	shingles Shingles
	table    *wordTable
	normal   []byte // the normalised text
	splitter
	roller
}

// useVectors says whether assembly or plain Go runs; both do the same.
func (s *Shingler) useVectors(yes bool) { s.splitter.vectors, s.roller.vectors = yes, yes }

// Append appends the hashes of the shingles of text to dst, in text order,
// duplicates included. If the text has fewer words or code points than a
// shingle, all of them are one shingle, which differs from others by their
// number; if it has none, nothing is appended.
//
// A shingle is hashed as a polynomial over the 61-bit hashes of its words or
// over its code points, modulo 2^61-1, and mixed (roll.go, wordhash.go). Bytes
// that are not UTF-8 part words, and count as one code point each, of number
// 0x110000 and more.
func (s *Shingler) Append(dst []uint64, text []byte) []uint64 {
	if !s.shingles.norm.Identity() {
		s.normal = s.shingles.norm.Append(s.normal[:0], text)
		text = s.normal
	}
	s.roller.reset()
	if s.shingles.words {
		dst = s.appendWords(dst, text)
	} else {
		dst = s.appendChars(dst, text)
	}
	return s.roller.finish(dst)
}

// appendWords hashes the words of text, a piece of it at a time.
func (s *Shingler) appendWords(dst []uint64, text []byte) []uint64 {
	s.splitter.reset()
	for i := 0; i < len(text); {
		i = s.split(s.table, text, i, min(i+pieceSize, len(text)))
		if i == len(text) {
			s.closeWord()
		}
		s.values = s.hashWords(s.values)
		dst = s.roller.drain(dst)
	}
	return dst
}

// appendChars takes the code points of text, a piece of it at a time.
func (s *Shingler) appendChars(dst []uint64, text []byte) []uint64 {
	for i := 0; i < len(text); {
		s.values, i = appendCodePoints(s.values, text, i, min(i+pieceSize, len(text)), s.splitter.vectors)
		dst = s.roller.drain(dst)
	}
	return dst
}

// grow returns s with room for n more.
func grow[E any](s []E, n int) []E {
	if cap(s)-len(s) < n {
		s = slices.Grow(s, n)
	}
	return s
}
