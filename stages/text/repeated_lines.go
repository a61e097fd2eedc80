package text

import (
	"sluice/stages"
	"sluice/stages/scan"
)

// RepeatedLines is the table of text.repeated_lines.
type RepeatedLines struct {
	Min float64 `toml:"max_repeated_line_fraction" doc:"smallest share of lines that are different ones"`
}

// DefaultRepeatedLines has NeMo Curator's bounds.
func DefaultRepeatedLines() RepeatedLines { return RepeatedLines{0.7} }

// NewRepeatedLines returns the filter that keeps texts of which at least
// Min of the lines are different ones; the key bears Curator's name, although it is a lower bound. Lines that are blank do not count; white space around the others does.
// The score is that share, none without lines. Source: Gopher (Rae et al. 2021,
// https://arxiv.org/abs/2112.11446, table A1).
func NewRepeatedLines(c stages.Common, f RepeatedLines) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckShare("max_repeated_line_fraction", f.Min))
}

// Score returns the score.
func (f RepeatedLines) Score(d *scan.Document) float64 {
	r := d.RepeatedLines()
	return divide(r.Distinct, r.Pieces)
}

// Keep says whether that score stays.
func (f RepeatedLines) Keep(score float64) bool { return score >= f.Min }
