package text

import (
	"bytes"
	"fmt"
	"math"

	"sluice/stages"
	"sluice/stages/scan"
)

// ListRatio is the table of text.list_ratio.
type ListRatio struct {
	Max  float64 `toml:"max_list_ratio" doc:"most line feeds for each word"`
	Lang string  `toml:"lang" doc:"words are what white space parts; zh and ja are refused"`
}

// DefaultListRatio has FineWeb's bound.
func DefaultListRatio() ListRatio { return ListRatio{0.3, "en"} }

// NewListRatio returns the filter that keeps texts with at most Max line feeds for each word, and so
// no lists. The score is that ratio, none without words. Source: the FineWebQualityFilter of datatrove
// (https://github.com/huggingface/datatrove), which has a word splitter for each language.
func NewListRatio(c stages.Common, f ListRatio) ([]stages.Stage, error) {
	var negative error
	if f.Max < 0 || math.IsNaN(f.Max) {
		negative = fmt.Errorf("max_list_ratio = %v is negative", f.Max)
	}
	return stages.OneFilter(c, f, negative, stages.CheckLang("lang", f.Lang))
}

// Score returns the ratio.
func (f ListRatio) Score(d *scan.Document) float64 {
	if len(d.Words()) == 0 {
		return math.NaN()
	}
	return divide(bytes.Count(d.Text(), []byte{'\n'}), len(d.Words()))
}

// Keep says whether that ratio stays.
func (f ListRatio) Keep(score float64) bool { return score <= f.Max }
