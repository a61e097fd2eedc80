package text

import (
	"sluice/stages"
	"sluice/stages/scan"
)

// MeanWordLength is the table of text.mean_word_length.
type MeanWordLength struct {
	Min  float64 `toml:"min_mean_word_length" doc:"fewest characters of the mean word"`
	Max  float64 `toml:"max_mean_word_length" doc:"most characters of the mean word"`
	Lang string  `toml:"lang" doc:"words are what white space parts; zh and ja are refused"`
}

// DefaultMeanWordLength has NeMo Curator's bounds.
func DefaultMeanWordLength() MeanWordLength { return MeanWordLength{Min: 3, Max: 10, Lang: "en"} }

// NewMeanWordLength returns the filter that keeps texts whose words have Min to
// Max code points in the mean. The score is that mean, none without words. Source:
// Gopher (Rae et al. 2021, https://arxiv.org/abs/2112.11446, table A1).
func NewMeanWordLength(c stages.Common, f MeanWordLength) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckOrder("min_mean_word_length", f.Min, "max_mean_word_length", f.Max), stages.CheckLang("lang", f.Lang))
}

// Score returns the score.
func (f MeanWordLength) Score(d *scan.Document) float64 {
	sum := 0
	for _, w := range d.Words() {
		sum += w.CodePoints()
	}
	return divide(sum, len(d.Words()))
}

// Keep says whether that score stays.
func (f MeanWordLength) Keep(score float64) bool { return f.Min <= score && score <= f.Max }
