package text

import (
	"sluice/stages"
	"sluice/stages/scan"
)

// RepeatedParagraphsChar is the table of text.repeated_paragraphs_char.
type RepeatedParagraphsChar struct {
	Min float64 `toml:"max_repeated_paragraphs_char_ratio" doc:"smallest share of the characters of paragraphs that is in different ones"`
}

// DefaultRepeatedParagraphsChar has NeMo Curator's bounds.
func DefaultRepeatedParagraphsChar() RepeatedParagraphsChar { return RepeatedParagraphsChar{0.8} }

// NewRepeatedParagraphsChar returns the filter that keeps texts of which at least
// Min of the code points of the paragraphs are in different ones; the key bears Curator's name, although it is a lower bound. Paragraphs are parted by two line feeds, and may be empty.
// The score is that share, none where all are empty. Source: Gopher (Rae et al. 2021,
// https://arxiv.org/abs/2112.11446, table A1).
func NewRepeatedParagraphsChar(c stages.Common, f RepeatedParagraphsChar) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckShare("max_repeated_paragraphs_char_ratio", f.Min))
}

// Score returns the score.
func (f RepeatedParagraphsChar) Score(d *scan.Document) float64 {
	r := d.RepeatedParagraphs()
	return divide(r.DistinctCodePoints, r.CodePoints)
}

// Keep says whether that score stays.
func (f RepeatedParagraphsChar) Keep(score float64) bool { return score >= f.Min }
