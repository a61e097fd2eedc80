package text

import (
	"unicode"
	"unicode/utf8"

	"sluice/stages"
	"sluice/stages/scan"
)

// LinePunctRatio is the table of text.line_punct_ratio.
type LinePunctRatio struct {
	Min float64 `toml:"min_line_punct_ratio" doc:"smallest share of lines that end in a mark that ends sentences"`
}

// DefaultLinePunctRatio has FineWeb's bound.
func DefaultLinePunctRatio() LinePunctRatio { return LinePunctRatio{0.12} }

// NewLinePunctRatio returns the filter that keeps texts of which at least Min of the lines
// that are not blank end in a code point with the Unicode property Sentence_Terminal: . ! ? 。 and
// their like, no quotes and no white space. The score is that share, none without lines. Source: FineWeb (Penedo
// et al. 2024, https://arxiv.org/abs/2406.17557, section 3.6).
func NewLinePunctRatio(c stages.Common, f LinePunctRatio) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckShare("min_line_punct_ratio", f.Min))
}

// Score returns the share.
func (f LinePunctRatio) Score(d *scan.Document) float64 {
	n := 0
	for _, l := range d.Lines() {
		if r, _ := utf8.DecodeLastRune(d.At(l.Piece)); unicode.Is(unicode.Sentence_Terminal, r) {
			n++
		}
	}
	return divide(n, len(d.Lines()))
}

// Keep says whether that share stays.
func (f LinePunctRatio) Keep(score float64) bool { return score >= f.Min }
