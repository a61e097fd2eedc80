package text

import (
	"sluice/stages"
	"sluice/stages/scan"
)

// WhiteSpace is the table of text.white_space.
type WhiteSpace struct {
	Max float64 `toml:"max_white_space_ratio" doc:"largest share of characters that are spaces, tabs, line feeds, carriage returns or backspaces"`
}

// DefaultWhiteSpace has NeMo Curator's bound.
func DefaultWhiteSpace() WhiteSpace { return WhiteSpace{0.25} }

// NewWhiteSpace returns the filter that keeps texts of which at most Max are
// spaces, tabs, line feeds, carriage returns or backspaces. The score is that share of the code points, 1 for an empty text.
func NewWhiteSpace(c stages.Common, f WhiteSpace) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckShare("max_white_space_ratio", f.Max))
}

// Score returns the share.
func (f WhiteSpace) Score(d *scan.Document) float64 {
	n := d.Characters()
	if n.CodePoints == 0 {
		return 1
	}
	return divide(n.Space, n.CodePoints)
}

// Keep says whether that share stays.
func (f WhiteSpace) Keep(score float64) bool { return score <= f.Max }
