package text

import (
	"sluice/stages"
	"sluice/stages/scan"
)

// RepeatedParagraphs is the table of text.repeated_paragraphs.
type RepeatedParagraphs struct {
	Min float64 `toml:"max_repeated_paragraphs_ratio" doc:"smallest share of paragraphs that are different ones"`
}

// DefaultRepeatedParagraphs has NeMo Curator's bounds.
func DefaultRepeatedParagraphs() RepeatedParagraphs { return RepeatedParagraphs{0.7} }

// NewRepeatedParagraphs returns the filter that keeps texts of which at least
// Min of the paragraphs are different ones; the key bears Curator's name, although it is a lower bound. Paragraphs are parted by two line feeds, and may be empty.
// The score is that share, 1 for an empty text, which is one paragraph. Source: Gopher (Rae et al. 2021,
// https://arxiv.org/abs/2112.11446, table A1).
func NewRepeatedParagraphs(c stages.Common, f RepeatedParagraphs) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckShare("max_repeated_paragraphs_ratio", f.Min))
}

// Score returns the score.
func (f RepeatedParagraphs) Score(d *scan.Document) float64 {
	r := d.RepeatedParagraphs()
	return divide(r.Distinct, r.Pieces)
}

// Keep says whether that score stays.
func (f RepeatedParagraphs) Keep(score float64) bool { return score >= f.Min }
