package text

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// fineWebReadings read the rules of datatrove's FineWebQualityFilter word for word.
func fineWebReadings() []reading {
	return []reading{
		{"line_punct_ratio", DefaultLinePunctRatio(), func(s string) float64 {
			return shareOf(sentences(s), func(l string) bool {
				r, _ := utf8.DecodeLastRuneInString(l)
				return unicode.Is(unicode.STerm, r)
			})
		}},
		{"short_line_ratio", DefaultShortLineRatio(), func(s string) float64 {
			return shareOf(sentences(s), func(l string) bool { return pyLen(l) <= 30 })
		}},
		{"char_dup_ratio", DefaultCharDupRatio(), func(s string) float64 {
			seen, n := map[string]bool{}, 0.0
			for _, l := range sentences(s) {
				if seen[l] {
					n += pyLen(l)
				}
				seen[l] = true
			}
			return n / pyLen(strings.ReplaceAll(s, "\n", ""))
		}},
		{"list_ratio", DefaultListRatio(), func(s string) float64 {
			if len(pySplit(s)) == 0 {
				return divide(0, 0)
			}
			return float64(strings.Count(s, "\n")) / length(pySplit(s))
		}},
	}
}

func TestFineWebBounds(t *testing.T) {
	for _, c := range []struct {
		keep  func(float64) bool
		score float64
		want  bool
	}{
		{DefaultLinePunctRatio().Keep, 0.12, true}, {DefaultLinePunctRatio().Keep, 0.11, false},
		{DefaultShortLineRatio().Keep, 0.67, true}, {DefaultShortLineRatio().Keep, 0.68, false},
		{DefaultCharDupRatio().Keep, 0.01, true}, {DefaultCharDupRatio().Keep, 0.011, false},
		{DefaultListRatio().Keep, 0.3, true}, {DefaultListRatio().Keep, 0.31, false},
	} {
		if have := c.keep(c.score); have != c.want {
			t.Errorf("score %v stays: %v", c.score, have)
		}
	}
}
