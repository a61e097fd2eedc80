package text

import (
	"sluice/stages"
	"sluice/stages/scan"
)

// AlphaNumeric is the table of text.alpha_numeric.
type AlphaNumeric struct {
	Max float64 `toml:"max_non_alpha_numeric_to_text_ratio" doc:"largest share of characters other than A-Z a-z 0-9 ? ! , . and line feeds"`
}

// DefaultAlphaNumeric has NeMo Curator's bound.
func DefaultAlphaNumeric() AlphaNumeric { return AlphaNumeric{0.25} }

// NewAlphaNumeric returns the filter that keeps texts of which at most Max are
// none of [a-zA-Z0-9\n?!,.]: a space is none, either. The score is that share of the code points, 1 for an empty text.
// Adapted from Gopher (Rae et al. 2021, https://arxiv.org/abs/2112.11446, table A1).
func NewAlphaNumeric(c stages.Common, f AlphaNumeric) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckShare("max_non_alpha_numeric_to_text_ratio", f.Max))
}

// Score returns the share.
func (f AlphaNumeric) Score(d *scan.Document) float64 {
	n := d.Characters()
	if n.CodePoints == 0 {
		return 1
	}
	return divide(n.CodePoints-n.Basic, n.CodePoints)
}

// Keep says whether that share stays.
func (f AlphaNumeric) Keep(score float64) bool { return score <= f.Max }
