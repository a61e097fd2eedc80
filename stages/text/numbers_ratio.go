package text

import (
	"sluice/stages"
	"sluice/stages/scan"
)

// NumbersRatio is the table of text.numbers_ratio.
type NumbersRatio struct {
	Max float64 `toml:"max_number_to_text_ratio" doc:"largest share of characters that are digits, 0 to 9"`
}

// DefaultNumbersRatio has NeMo Curator's bound.
func DefaultNumbersRatio() NumbersRatio { return NumbersRatio{0.15} }

// NewNumbersRatio returns the filter that keeps texts of which at most Max are
// digits, 0 to 9. The score is that share of the code points, 1 for an empty text. NeMo Curator takes
// [[:digit:]] of Python's regex package, in which it is the class of POSIX: digits of other scripts are none.
func NewNumbersRatio(c stages.Common, f NumbersRatio) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckShare("max_number_to_text_ratio", f.Max))
}

// Score returns the share.
func (f NumbersRatio) Score(d *scan.Document) float64 {
	n := d.Characters()
	if n.CodePoints == 0 {
		return 1
	}
	return divide(n.Digits, n.CodePoints)
}

// Keep says whether that share stays.
func (f NumbersRatio) Keep(score float64) bool { return score <= f.Max }
