package text

import (
	"sluice/stages"
	"sluice/stages/scan"
)

// ParenthesesRatio is the table of text.parentheses_ratio.
type ParenthesesRatio struct {
	Max float64 `toml:"max_parentheses_ratio" doc:"largest share of characters that are one of {}⟨⟩[]()"`
}

// DefaultParenthesesRatio has NeMo Curator's bound.
func DefaultParenthesesRatio() ParenthesesRatio { return ParenthesesRatio{0.1} }

// NewParenthesesRatio returns the filter that keeps texts of which at most Max are
// one of {}⟨⟩[](). The score is that share of the code points, 1 for an empty text.
func NewParenthesesRatio(c stages.Common, f ParenthesesRatio) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckShare("max_parentheses_ratio", f.Max))
}

// Score returns the share.
func (f ParenthesesRatio) Score(d *scan.Document) float64 {
	n := d.Characters()
	if n.CodePoints == 0 {
		return 1
	}
	return divide(n.Parentheses, n.CodePoints)
}

// Keep says whether that share stays.
func (f ParenthesesRatio) Keep(score float64) bool { return score <= f.Max }
