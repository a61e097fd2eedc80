package text

import (
	"math"

	"sluice/stages"
	"sluice/stages/scan"
)

// MaxWordLength is the table of text.max_word_length.
type MaxWordLength struct {
	Max  int64  `toml:"max_word_length" doc:"most characters of the longest word"`
	Lang string `toml:"lang" doc:"words are what white space parts; zh and ja are refused"`
}

// DefaultMaxWordLength has NeMo Curator's bounds.
func DefaultMaxWordLength() MaxWordLength { return MaxWordLength{Max: 1000, Lang: "en"} }

// NewMaxWordLength returns the filter that keeps texts whose longest word has at
// most Max code points, which texts without spaces, such as minified code, exceed. The
// score is that length, none without words. Source: C4 (Raffel et al. 2020,
// https://arxiv.org/abs/1910.10683).
func NewMaxWordLength(c stages.Common, f MaxWordLength) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckOrder("max_word_length", 0, "max_word_length", f.Max), stages.CheckLang("lang", f.Lang))
}

// Score returns the score.
func (f MaxWordLength) Score(d *scan.Document) float64 {
	if len(d.Words()) == 0 {
		return math.NaN()
	}
	longest := 0
	for _, w := range d.Words() {
		longest = max(longest, w.CodePoints())
	}
	return float64(longest)
}

// Keep says whether that score stays.
func (f MaxWordLength) Keep(score float64) bool { return score <= float64(f.Max) }
