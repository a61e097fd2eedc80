package text

import (
	"bytes"

	"sluice/stages"
	"sluice/stages/scan"
)

// CharDupRatio is the table of text.char_dup_ratio.
type CharDupRatio struct {
	Max float64 `toml:"max_char_dup_ratio" doc:"largest share of characters in lines that were there before"`
}

// DefaultCharDupRatio has the bound of FineWeb's code.
func DefaultCharDupRatio() CharDupRatio { return CharDupRatio{0.01} }

// NewCharDupRatio returns the filter that keeps texts of which at most Max of the code points stand
// in lines that are equal to an earlier one. The whole is the text without line feeds. The
// score is that share, none for a text of line feeds. Source: FineWeb (Penedo et al. 2024,
// https://arxiv.org/abs/2406.17557, section 3.6): the paper says 0.1, its code and its data are made with 0.01.
func NewCharDupRatio(c stages.Common, f CharDupRatio) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckShare("max_char_dup_ratio", f.Max))
}

// Score returns the share.
func (f CharDupRatio) Score(d *scan.Document) float64 {
	r := d.RepeatedLines()
	return divide(r.CodePoints-r.DistinctCodePoints, d.Characters().CodePoints-bytes.Count(d.Text(), []byte{'\n'}))
}

// Keep says whether that share stays.
func (f CharDupRatio) Keep(score float64) bool { return score <= f.Max }
