package text

import (
	"sluice/stages"
	"sluice/stages/scan"
)

// SymbolToWord is the table of text.symbol_to_word.
type SymbolToWord struct {
	Max  float64 `toml:"max_symbol_to_word_ratio" doc:"largest share of words that are an ellipsis, or mostly number signs"`
	Lang string  `toml:"lang" doc:"words are what white space parts; zh and ja are refused"`
}

// DefaultSymbolToWord has NeMo Curator's bounds.
func DefaultSymbolToWord() SymbolToWord { return SymbolToWord{Max: 0.1, Lang: "en"} }

// NewSymbolToWord returns the filter that keeps texts of which at most Max of
// the words are symbols: an ellipsis, or such that runs of # number more than half of
// the word's code points. The score is the share of words, none without words.
// Source: Gopher (Rae et al. 2021, https://arxiv.org/abs/2112.11446, table A1).
func NewSymbolToWord(c stages.Common, f SymbolToWord) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckShare("max_symbol_to_word_ratio", f.Max), stages.CheckLang("lang", f.Lang))
}

// Score returns the score.
func (f SymbolToWord) Score(d *scan.Document) float64 {
	symbols := 0
	for _, w := range d.Words() {
		if word := d.At(w.Span); isEllipsis(word) || w.Hash() && 2*hashRuns(word) > w.CodePoints() {
			symbols++
		}
	}
	return divide(symbols, len(d.Words()))
}

// Keep says whether that score stays.
func (f SymbolToWord) Keep(score float64) bool { return score <= f.Max }

// hashRuns counts the runs of number signs.
func hashRuns(word []byte) int {
	n := 0
	for i, c := range word {
		if c == '#' && (i == 0 || word[i-1] != '#') {
			n++
		}
	}
	return n
}
