package code

import (
	"bytes"

	"sluice/stages"
	"sluice/stages/scan"
)

// NumLines is the table of code.num_lines.
type NumLines struct {
	Min int64 `toml:"min_lines" doc:"fewest lines that stay"`
	Max int64 `toml:"max_lines" doc:"most lines that stay"`
}

// DefaultNumLines has NeMo Curator's bounds.
func DefaultNumLines() NumLines { return NumLines{10, 20_000} }

// NewNumLines returns the filter that keeps files of Min to Max lines. The score is
// one more than the line feeds in it: 1 for an empty file.
func NewNumLines(c stages.Common, f NumLines) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckOrder("min_lines", f.Min, "max_lines", f.Max))
}

// Score returns the number of lines.
func (f NumLines) Score(d *scan.Document) float64 {
	return float64(bytes.Count(d.Text(), []byte{'\n'}) + 1)
}

// Keep says whether that number stays.
func (f NumLines) Keep(score float64) bool { return float64(f.Min) <= score && score <= float64(f.Max) }
