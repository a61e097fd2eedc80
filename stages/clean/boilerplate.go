package clean

import (
	"bytes"
	"sync"

	"sluice/stages"
	"sluice/stages/scan"
)

// Boilerplate is the table of clean.boilerplate, NeMo Curator's BoilerPlateStringModifier.
type Boilerplate struct {
	TopOrBottom bool `toml:"remove_if_at_top_or_bottom" doc:"remove such paragraphs at the top or at the bottom alone; false: empty the whole text for one"`
}

// DefaultBoilerplate has Curator's value.
func DefaultBoilerplate() Boilerplate { return Boilerplate{TopOrBottom: true} }

// NewBoilerplate returns the stage that removes paragraphs that hold a phrase of
// [scan.HasPolicy], in any case. They go where they follow each other and reach the top or the
// bottom; other texts stay, those at both ends or of nothing else too, as in Curator. A text
// with "lorem ipsum" in it becomes empty.
// Source: C4 (Raffel et al. 2020, https://arxiv.org/abs/1910.10683), by way of Curator.
func NewBoilerplate(c stages.Common, b Boilerplate) ([]stages.Stage, error) {
	return oneRewriter(c, &boilerplate{Boilerplate: b})
}

type boilerplate struct {
	Boilerplate
	documents sync.Pool // of *scan.Document
}

var (
	blankLine  = []byte("\n\n")
	loremIpsum = []byte("lorem ipsum")
)

// Rewrite leaves the paragraphs out.
func (b *boilerplate) Rewrite(dst, text []byte) []byte {
	d, ok := b.documents.Get().(*scan.Document)
	if !ok {
		d = new(scan.Document)
	}
	defer b.documents.Put(d)
	d.Reset(text)
	low := d.Folded()
	switch {
	case scan.Index(low, loremIpsum) >= 0:
		return dst
	case !scan.HasPolicy(low):
		return append(dst, text...)
	case !b.TopOrBottom:
		return dst
	}
	first, last, count, all := -1, 0, 0, 0 // of paragraphs that may go
	for p := range bytes.SplitSeq(low, blankLine) {
		if scan.HasPolicy(p) {
			if first < 0 {
				first = all
			}
			last, count = all, count+1
		}
		all++
	}
	switch {
	case count == all || last-first+1 != count:
	case first == 0:
		_, text = cut(text, last+1)
	case last == all-1:
		text, _ = cut(text, first)
	}
	return append(dst, text...)
}

// cut returns the first n paragraphs of text, which has more, and those behind them.
func cut(text []byte, n int) (before, behind []byte) {
	i := -len(blankLine)
	for ; n > 0; n-- {
		i += len(blankLine)
		i += bytes.Index(text[i:], blankLine)
	}
	return text[:i], text[i+len(blankLine):]
}
