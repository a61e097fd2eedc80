package text

import (
	"fmt"

	"sluice/stages"
	"sluice/stages/scan"
)

// ShortLineRatio is the table of text.short_line_ratio.
type ShortLineRatio struct {
	Max    float64 `toml:"max_short_line_ratio" doc:"largest share of lines that are short"`
	Length int64   `toml:"short_line_length" doc:"most characters of a short line"`
}

// DefaultShortLineRatio has FineWeb's bounds.
func DefaultShortLineRatio() ShortLineRatio { return ShortLineRatio{0.67, 30} }

// NewShortLineRatio returns the filter that keeps texts of which at most Max of the lines
// that are not blank have at most Length code points, white space around them included. The score is
// that share, none without lines. Source: FineWeb (Penedo et al. 2024, https://arxiv.org/abs/2406.17557, section 3.6).
func NewShortLineRatio(c stages.Common, f ShortLineRatio) ([]stages.Stage, error) {
	var length error
	if f.Length < 0 {
		length = fmt.Errorf("short_line_length = %d is negative", f.Length)
	}
	return stages.OneFilter(c, f, stages.CheckShare("max_short_line_ratio", f.Max), length)
}

// Score returns the share.
func (f ShortLineRatio) Score(d *scan.Document) float64 {
	n := 0
	for _, l := range d.Lines() {
		if int64(d.CodePoints(l.Piece)) <= f.Length {
			n++
		}
	}
	return divide(n, len(d.Lines()))
}

// Keep says whether that share stays.
func (f ShortLineRatio) Keep(score float64) bool { return score <= f.Max }
