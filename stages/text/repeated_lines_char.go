package text

import (
	"sluice/stages"
	"sluice/stages/scan"
)

// RepeatedLinesChar is the table of text.repeated_lines_char.
type RepeatedLinesChar struct {
	Min float64 `toml:"max_repeated_lines_char_ratio" doc:"smallest share of the characters of lines that is in different ones"`
}

// DefaultRepeatedLinesChar has NeMo Curator's bounds.
func DefaultRepeatedLinesChar() RepeatedLinesChar { return RepeatedLinesChar{0.8} }

// NewRepeatedLinesChar returns the filter that keeps texts of which at least
// Min of the code points of the lines are in different ones; the key bears Curator's name, although it is a lower bound. Lines that are blank do not count; white space around the others does.
// The score is that share, none without lines. Source: Gopher (Rae et al. 2021,
// https://arxiv.org/abs/2112.11446, table A1).
func NewRepeatedLinesChar(c stages.Common, f RepeatedLinesChar) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckShare("max_repeated_lines_char_ratio", f.Min))
}

// Score returns the score.
func (f RepeatedLinesChar) Score(d *scan.Document) float64 {
	r := d.RepeatedLines()
	return divide(r.DistinctCodePoints, r.CodePoints)
}

// Keep says whether that score stays.
func (f RepeatedLinesChar) Keep(score float64) bool { return score >= f.Min }
