package scan

import (
	"math/big"
	"math/bits"
	"testing"
	"unicode"
	"unicode/utf8"
)

// needsUnicode skips what compares the tables with those of the Go release.
func needsUnicode(t testing.TB) {
	if unicode.Version != UnicodeVersion {
		t.Skipf("this Go has Unicode %s, the tables have %s", unicode.Version, UnicodeVersion)
	}
}

// slowRunes takes text apart; bytes that are not UTF-8 become numbers beyond
// Unicode.
func slowRunes(text string) (runes []rune) {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				r = unicode.MaxRune + 1 + rune(text[i])
			}
		}
		runes = append(runes, r)
	}
	return runes
}

// slowWords is the literal reading of what a word is.
func slowTextWords(text string, rule wordRule) (words []string) {
	runes, word := slowRunes(text), ""
	end := func() {
		if word != "" {
			words = append(words, word)
		}
		word = ""
	}
	for i, r := range runes {
		switch {
		case rule == pythonWords && r == 'İ':
			word += "i"
			end()
		case rule == pythonWords && r == 'Σ' && slowFinal(runes, i):
			word += "ς"
		case rule == unicodeWords && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) &&
			unicode.In(r, unicode.L, unicode.N, unicode.M, unicode.Pc):
			end()
			word = string(unicode.ToLower(r))
			end()
		case rule == unicodeWords && unicode.In(r, unicode.L, unicode.N, unicode.M, unicode.Pc),
			rule == pythonWords && (r == '_' || unicode.In(r, unicode.L, unicode.N)):
			word += string(unicode.ToLower(r))
		default:
			end()
		}
	}
	end()
	return words
}

func slowFinal(runes []rune, i int) bool {
	first := func(list []rune, step int) bool {
		for j := range list {
			if step < 0 {
				j = len(list) - 1 - j
			}
			if f := slowClass(list[j]); f&isIgnorable == 0 {
				return f&isCased != 0
			}
		}
		return false
	}
	return first(runes[:i], -1) && !first(runes[i+1:], 1)
}

func slowClass(r rune) uint8 {
	if r > unicode.MaxRune {
		return 0
	}
	return classOf(r).flags
}

// slowWordHash is the doc comment of hashWord.
func slowWordHash(word string) uint64 {
	h := uint64(0)
	for b := []byte(word); len(b) > 0; b = b[min(len(b), 16):] {
		var n [2]uint64
		for i, c := range b[:min(len(b), 16)] {
			n[i/8] |= uint64(c) << (i % 8 * 8)
		}
		hi, lo := bits.Mul64(n[0]^key0^h, n[1]^key1)
		h = hi ^ lo
	}
	return h >> 3
}

// slowWindow is the doc comment of shingle hashes, with numbers of any size.
func slowWindow(values []uint64) uint64 {
	p, b := new(big.Int).SetUint64(1<<61-1), new(big.Int).SetUint64(base)
	h := new(big.Int)
	for _, v := range values {
		h.Mul(h, b).Add(h, new(big.Int).SetUint64(v)).Mod(h, p)
	}
	return mix(h.Uint64(), len(values))
}

// slowShingles is what Append appends.
func slowShingles(text string, s Shingles) (hashes []uint64) {
	text = string(s.norm.Append(nil, []byte(text)))
	var values []uint64
	if s.words {
		for _, w := range slowTextWords(text, s.rule) {
			values = append(values, slowWordHash(w))
		}
	} else {
		for _, r := range slowRunes(text) {
			values = append(values, uint64(r))
		}
	}
	if n := len(values); n > 0 && n < s.size {
		return []uint64{slowWindow(values)}
	}
	for i := 0; i+s.size <= len(values); i++ {
		hashes = append(hashes, slowWindow(values[i:i+s.size]))
	}
	return hashes
}

// words returns the words that the splitter finds.
func (s *Shingler) words(text string) (words []string) {
	p := []byte(text)
	s.splitter.reset()
	for i := 0; i < len(p); {
		i = s.split(s.table, p, i, len(p))
	}
	s.closeWord()
	for k := 0; k < s.n; k += 2 {
		words = append(words, string(s.low[s.edges[k]:s.edges[k+1]]))
	}
	return words
}
