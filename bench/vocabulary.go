package bench

import (
	"math/rand/v2"
)

// A vocabulary has the words that made-up text is of. It is the same always.
// Word i < vocabularySize is drawn about as often as words of that rank are in
// natural text; the others, as many as a uint64 has, are never drawn: they are
// there for what only one document says. All are of ASCII letters, so that
// lower-casing and Python's \w+ find them as they are.
type vocabulary struct {
	words [][]byte
	table []uint16 // each word as often as its share of 1<<16 draws
}

const vocabularySize = 20000

func newVocabulary() *vocabulary {
	r := rand.New(rand.NewPCG(0x736c, 0x75696365))
	v := &vocabulary{}
	seen := map[string]bool{}
	for len(v.words) < vocabularySize {
		var w []byte
		for range 1 + r.IntN(2+min(len(v.words)/2000, 2)) {
			w = append(w, "bcdfghjklmnprstvw"[r.IntN(17)], "aeiou"[r.IntN(5)])
			if r.IntN(3) == 0 {
				w = append(w, "lmnrst"[r.IntN(6)])
			}
		}
		if !seen[string(w)] {
			seen[string(w)] = true
			v.words = append(v.words, w)
		}
	}
	sum := 0.0
	for i := range v.words {
		sum += 1 / (float64(i) + 2.7)
	}
	for i := range v.words {
		v.table = append(v.table, uint16(i))
		for range int(1 / (float64(i) + 2.7) / sum * (1<<16 - vocabularySize)) {
			v.table = append(v.table, uint16(i))
		}
	}
	for len(v.table) < 1<<16 {
		v.table = append(v.table, uint16(len(v.table)%100))
	}
	return v
}

// draw appends n words.
func (v *vocabulary) draw(dst []uint64, r *rand.Rand, n int) []uint64 {
	for n > 0 {
		x := r.Uint64()
		for range min(n, 4) {
			dst = append(dst, uint64(v.table[x&0xffff]))
			x >>= 16
		}
		n -= min(n, 4)
	}
	return dst
}

// text appends words as running text, the inside of a JSON string, and returns
// how many bytes of it are there to escape others. The same words in a row look
// the same anywhere. Loud text is in capitals and has other white space and
// punctuation, but the same words.
func (v *vocabulary) text(dst []byte, words []uint64, loud bool) (text []byte, escapes int) {
	start, before := true, uint64(0)
	for _, w := range words {
		at := len(dst)
		dst = v.word(dst, w)
		switch {
		case loud:
			for i := at; i < len(dst); i++ {
				dst[i] -= 'a' - 'A'
			}
			dst = append(dst, " ;  "[w&1:w&1+2]...)
			continue
		case start:
			dst[at] -= 'a' - 'A'
		}
		start = false
		switch h := uint32(w*0x9e3779b1^before*0x85ebca6b) >> 26; {
		case h < 3:
			dst = append(dst, ", "...)
		case h < 7:
			dst = append(dst, ". "...)
			start = true
		case h == 7:
			dst = append(dst, `.\n\n`...)
			escapes += 2
			start = true
		default:
			dst = append(dst, ' ')
		}
		before = w
	}
	return dst, escapes
}

// word appends a word. No word of the vocabulary begins with z.
func (v *vocabulary) word(dst []byte, w uint64) []byte {
	if w < vocabularySize {
		return append(dst, v.words[w]...)
	}
	dst = append(dst, 'z')
	for w -= vocabularySize; ; w /= 26 {
		dst = append(dst, byte('a'+w%26))
		if w < 26 {
			return dst
		}
	}
}
