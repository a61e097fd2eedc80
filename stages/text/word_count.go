// Package text holds the stages that judge and change plain text, one file
// each.
package text

import (
	"fmt"

	"sluice/stages"
	"sluice/stages/scan"
)

// WordCount is the table of text.word_count. Words are as in NeMo Curator's
// WordCountFilter for languages with spaces: what Python's str.split() makes.
type WordCount struct {
	MinWords int64 `toml:"min_words" doc:"fewest words that stay"`
	MaxWords int64 `toml:"max_words" doc:"most words that stay"`
}

// DefaultWordCount has Curator's bounds.
func DefaultWordCount() WordCount { return WordCount{MinWords: 50, MaxWords: 100000} }

// NewWordCount returns the filter that keeps texts of MinWords to MaxWords
// words. The score is the number of words.
func NewWordCount(c stages.Common, w WordCount) ([]stages.Stage, error) {
	if w.MinWords < 0 {
		return nil, fmt.Errorf("min_words = %d is negative", w.MinWords)
	}
	if w.MaxWords < w.MinWords {
		return nil, fmt.Errorf("max_words = %d is below min_words = %d", w.MaxWords, w.MinWords)
	}
	return []stages.Stage{stages.NewFilter(c, w)}, nil
}

// Score returns the number of words.
func (w WordCount) Score(text []byte) float64 { return float64(scan.CountWords(text)) }

// Keep says whether that number of words stays.
func (w WordCount) Keep(score float64) bool {
	return float64(w.MinWords) <= score && score <= float64(w.MaxWords)
}
