// Package text holds the stages that judge and change plain text, one file
// each.
package text

import (
	"sluice/stages"
	"sluice/stages/scan"
)

// WordCount is the table of text.word_count. Words are as in NeMo Curator's
// WordCountFilter for languages with spaces: what Python's str.split() makes.
type WordCount struct {
	MinWords int64  `toml:"min_words" doc:"fewest words that stay"`
	MaxWords int64  `toml:"max_words" doc:"most words that stay"`
	Lang     string `toml:"lang" doc:"words are what white space parts; zh and ja are refused"`
}

// DefaultWordCount has Curator's bounds.
func DefaultWordCount() WordCount { return WordCount{MinWords: 50, MaxWords: 100000, Lang: "en"} }

// NewWordCount returns the filter that keeps texts of MinWords to MaxWords
// words. The score is the number of words.
func NewWordCount(c stages.Common, w WordCount) ([]stages.Stage, error) {
	return stages.OneFilter(c, w, stages.CheckOrder("min_words", w.MinWords, "max_words", w.MaxWords), stages.CheckLang("lang", w.Lang))
}

// Score returns the number of words.
func (w WordCount) Score(d *scan.Document) float64 { return float64(len(d.Words())) }

// Keep says whether that number of words stays.
func (w WordCount) Keep(score float64) bool {
	return float64(w.MinWords) <= score && score <= float64(w.MaxWords)
}
