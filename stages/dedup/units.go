package dedup

import (
	"fmt"
	"unicode/utf8"

	"github.com/zeebo/xxh3"

	"sluice/stages/scan"
)

// units says what the units of a text are and which of them are compared.
type units struct {
	cut       scan.Cut
	sentences int // in a unit, where units are spans; 0 otherwise
	normalize scan.Normalizer
	min       int // code points of a unit that is compared
}

func newUnits(o Lines) (u units, err error) {
	switch o.Unit {
	case "line":
		u.cut = scan.CutLine
	case "paragraph":
		u.cut = scan.CutParagraph
	case "span":
		u.cut, u.sentences = scan.CutSentence, int(o.Sentences)
		if o.Sentences < 1 || o.Sentences > maxSentences {
			return u, fmt.Errorf("sentences = %d is not 1 to %d", o.Sentences, maxSentences)
		}
	default:
		return u, oneOf("unit", o.Unit, "line", "paragraph", "span")
	}
	if err := atLeast("min_length", o.MinLength, 0); err != nil {
		return u, err
	}
	u.min = int(o.MinLength)
	u.normalize, err = scan.NewNormalizer(o.Normalize)
	return u, err
}

// maxSentences bounds the sentences of a span.
const maxSentences = 64

// maxUnits is how many units of a text are compared: more than a text that fits a
// batch can have.
const maxUnits = 1 << 30

// span is how many of the parts that cut makes a unit takes up.
func (u *units) span() uint32 { return uint32(max(1, u.sentences)) }

// A unitHash is what is compared of a unit.
type unitHash struct {
	key uint64
	low uint32
}

func hashOf(p []byte) unitHash {
	h := xxh3.Hash128(p)
	return unitHash{h.Hi, uint32(h.Lo)}
}

// A hasher hashes the units of texts, one text at a time.
type hasher struct {
	*units
	scratch []byte
	last    []sentence // the last ones, of a text cut into sentences
	joined  []byte
}

// A sentence is what a span knows of one of its own.
type sentence struct {
	hash   [16]byte
	length int // code points
}

// each calls f for each unit of text that is compared, with its position: the number
// of the part that it begins with. Parts are what cut makes.
func (h *hasher) each(text []byte, f func(position uint32, hash unitHash)) {
	h.last = h.last[:0]
	for n := uint32(0); len(text) > 0 && n < maxUnits; n++ {
		content, size := h.cut(text)
		if h.sentences > 0 {
			h.sentence(text[:content], n, f)
		} else if p, ok := h.compared(text[:content]); ok {
			f(n, hashOf(p))
		}
		text = text[size:]
	}
}

// compared returns the normalised form of a unit, and whether it is compared.
func (h *hasher) compared(text []byte) ([]byte, bool) {
	p := h.normalized(text)
	return p, len(p) >= h.min && (len(p) >= h.min*utf8.UTFMax || scan.CodePoints(p) >= h.min)
}

func (h *hasher) normalized(text []byte) []byte {
	if h.normalize.Identity() {
		return text
	}
	h.scratch = h.normalize.Append(h.scratch[:0], text)
	return h.scratch
}

// sentence takes part n of a text, and calls f with the span that ends in it.
func (h *hasher) sentence(text []byte, n uint32, f func(uint32, unitHash)) {
	if len(text) == 0 {
		return // white space in front of the text
	}
	p := h.normalized(text)
	if len(h.last) == h.sentences {
		h.last = h.last[:copy(h.last, h.last[1:])]
	}
	h.last = append(h.last, sentence{xxh3.Hash128(p).Bytes(), scan.CodePoints(p)})
	if len(h.last) < h.sentences {
		return
	}
	h.joined = h.joined[:0]
	length := 0
	for i := range h.last {
		h.joined = append(h.joined, h.last[i].hash[:]...)
		length += h.last[i].length
	}
	if length >= h.min {
		f(n+1-uint32(h.sentences), hashOf(h.joined))
	}
}
