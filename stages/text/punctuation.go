package text

import (
	"sluice/stages"
	"sluice/stages/scan"
)

// Punctuation is the table of text.punctuation.
type Punctuation struct {
	Max float64 `toml:"max_num_sentences_without_endmark_ratio" doc:"largest share of lines that end in none of . ? ! and quotes"`
}

// DefaultPunctuation has NeMo Curator's bounds.
func DefaultPunctuation() Punctuation { return Punctuation{0.85} }

// NewPunctuation returns the filter that keeps texts of which at most Max of the
// lines that are not blank end, before white space, in none of . ? ! " and '. The score is
// that share, none without lines. Source: C4 (Raffel et al. 2020,
// https://arxiv.org/abs/1910.10683).
func NewPunctuation(c stages.Common, f Punctuation) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckShare("max_num_sentences_without_endmark_ratio", f.Max))
}

// Score returns the score.
func (f Punctuation) Score(d *scan.Document) float64 {
	n := 0
	for _, l := range d.Lines() {
		switch d.Text()[l.Last-1] {
		case '.', '?', '!', '"', '\'':
		default:
			n++
		}
	}
	return divide(n, len(d.Lines()))
}

// Keep says whether that score stays.
func (f Punctuation) Keep(score float64) bool { return score <= f.Max }
