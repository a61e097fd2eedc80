package text

import (
	"sluice/stages"
	"sluice/stages/scan"
)

// WordsWithoutAlphabets is the table of text.words_without_alphabets.
type WordsWithoutAlphabets struct {
	Min  float64 `toml:"min_words_with_alphabets" doc:"smallest share of words with a letter"`
	Lang string  `toml:"lang" doc:"words are what white space parts; zh and ja are refused"`
}

// DefaultWordsWithoutAlphabets has NeMo Curator's bounds.
func DefaultWordsWithoutAlphabets() WordsWithoutAlphabets {
	return WordsWithoutAlphabets{Min: 0.8, Lang: "en"}
}

// NewWordsWithoutAlphabets returns the filter that keeps texts of which at least
// Min of the words have a code point with the Unicode property Alphabetic. The score is
// that share, none without words. Source: Gopher (Rae et al. 2021,
// https://arxiv.org/abs/2112.11446, table A1).
func NewWordsWithoutAlphabets(c stages.Common, f WordsWithoutAlphabets) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckShare("min_words_with_alphabets", f.Min), stages.CheckLang("lang", f.Lang))
}

// Score returns the score.
func (f WordsWithoutAlphabets) Score(d *scan.Document) float64 {
	with := 0
	for _, w := range d.Words() {
		if w.Alphabetic() {
			with++
		}
	}
	return divide(with, len(d.Words()))
}

// Keep says whether that score stays.
func (f WordsWithoutAlphabets) Keep(score float64) bool { return score >= f.Min }
