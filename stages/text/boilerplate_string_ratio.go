package text

import (
	"bytes"

	"sluice/stages"
	"sluice/stages/scan"
)

// BoilerplateStringRatio is the table of text.boilerplate_string_ratio.
type BoilerplateStringRatio struct {
	Max float64 `toml:"max_boilerplate_string_ratio" doc:"largest share of paragraphs with a phrase of cookie banners, policies and terms of use"`
	// Top is there because recipes of Curator set it, where it does nothing, too.
	Top bool `toml:"remove_if_at_top_or_bottom" doc:"without effect, here and in NeMo Curator"`
}

// DefaultBoilerplateStringRatio has NeMo Curator's bound.
func DefaultBoilerplateStringRatio() BoilerplateStringRatio {
	return BoilerplateStringRatio{Max: 0.4, Top: true}
}

// NewBoilerplateStringRatio returns the filter that keeps texts of which at
// most Max of the paragraphs hold a phrase of [scan.Policies], in any case. The
// score is that share; it is 1 for a text with "lorem ipsum" in it, and 0 for an empty one.
// Source: C4 (Raffel et al. 2020, https://arxiv.org/abs/1910.10683).
func NewBoilerplateStringRatio(c stages.Common, f BoilerplateStringRatio) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckShare("max_boilerplate_string_ratio", f.Max))
}

// Score returns the share.
func (f BoilerplateStringRatio) Score(d *scan.Document) float64 {
	text := d.Folded()
	if scan.Index(text, []byte("lorem ipsum")) >= 0 {
		return 1
	}
	if !scan.HasPolicy(text) {
		return 0
	}
	n, all := 0, 0
	for p := range bytes.SplitSeq(text, []byte("\n\n")) {
		all++
		if scan.HasPolicy(p) {
			n++
		}
	}
	return divide(n, all)
}

// Keep says whether that share stays.
func (f BoilerplateStringRatio) Keep(score float64) bool { return score <= f.Max }
