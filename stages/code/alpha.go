package code

import (
	"sluice/stages"
	"sluice/stages/scan"
)

// Alpha is the table of code.alpha.
type Alpha struct {
	Min float64 `toml:"min_alpha_ratio" doc:"smallest share of characters that are letters"`
}

// DefaultAlpha has NeMo Curator's bound.
func DefaultAlpha() Alpha { return Alpha{0.25} }

// NewAlpha returns the filter that keeps files of which at least Min of the code points
// are alphabetic, and so drops tensors and tables that are stored as text. The score is that
// share, none for an empty file. Source: StarCoder (Li et al. 2023, https://arxiv.org/abs/2305.06161).
func NewAlpha(c stages.Common, f Alpha) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckShare("min_alpha_ratio", f.Min))
}

// Score returns the share.
func (f Alpha) Score(d *scan.Document) float64 {
	n := d.Characters()
	return float64(n.Alphabetic) / float64(n.CodePoints)
}

// Keep says whether that share stays.
func (f Alpha) Keep(score float64) bool { return score >= f.Min }
