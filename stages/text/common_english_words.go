package text

import (
	"sluice/stages"
	"sluice/stages/scan"
)

// CommonEnglishWords is the table of text.common_english_words.
type CommonEnglishWords struct {
	Min  int64 `toml:"min_num_common_words" doc:"fewest words that are the, be, to, of, and, that, have or with"`
	Stop bool  `toml:"stop_at_false" doc:"stop counting at the bound, so that no score is above it"`
}

// DefaultCommonEnglishWords has NeMo Curator's bounds.
func DefaultCommonEnglishWords() CommonEnglishWords { return CommonEnglishWords{Min: 2, Stop: true} }

// NewCommonEnglishWords returns the filter that keeps texts with at least Min of
// the words "the be to of and that have with" in small letters: capitals do not count. The
// score is their number, up to Min if Stop is set. Source: Gopher (Rae et al. 2021,
// https://arxiv.org/abs/2112.11446, table A1).
func NewCommonEnglishWords(c stages.Common, f CommonEnglishWords) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckOrder("min_num_common_words", 0, "min_num_common_words", f.Min))
}

// Score returns the score.
func (f CommonEnglishWords) Score(d *scan.Document) float64 {
	n := int64(0)
	for _, w := range d.Words() {
		if w.CodePoints() <= 4 && isCommonEnglish(d.At(w.Span)) {
			n++
		}
		if f.Stop && n >= f.Min {
			break
		}
	}
	return float64(n)
}

// Keep says whether that score stays.
func (f CommonEnglishWords) Keep(score float64) bool { return score >= float64(f.Min) }

func isCommonEnglish(word []byte) bool {
	switch string(word) {
	case "the", "be", "to", "of", "and", "that", "have", "with":
		return true
	}
	return false
}
