package text

import (
	"fmt"
	"math"

	"sluice/stages"
	"sluice/stages/scan"
)

// RepeatingTopNGrams is the table of text.repeating_top_ngrams.
type RepeatingTopNGrams struct {
	N    int64   `toml:"n" doc:"words of a sequence"`
	Max  float64 `toml:"max_repeating_ngram_ratio" doc:"largest share of characters in the most frequent sequence"`
	Lang string  `toml:"lang" doc:"words are what white space parts; zh and ja are refused"`
}

// DefaultRepeatingTopNGrams has NeMo Curator's bounds.
func DefaultRepeatingTopNGrams() RepeatingTopNGrams {
	return RepeatingTopNGrams{N: 2, Max: 0.2, Lang: "en"}
}

// NewRepeatingTopNGrams returns the filter that keeps texts of which the most
// frequent sequence of N words makes up at most Max. Of sequences that are equally frequent it
// is that which occurs first, where Curator takes any of them. The score is the share
// of code points that go if the sequence, its words joined by single spaces, is deleted wherever the
// text has it in that form, within words, too. It is 1 for texts of fewer than N words,
// and none beyond [scan.MaxSequenced] words. Source: Gopher (Rae et al. 2021,
// https://arxiv.org/abs/2112.11446, table A1).
func NewRepeatingTopNGrams(c stages.Common, f RepeatingTopNGrams) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, sequence(f.N), stages.CheckShare("max_repeating_ngram_ratio", f.Max), stages.CheckLang("lang", f.Lang))
}

func sequence(n int64) error {
	if n < 1 || n > 1000 {
		return fmt.Errorf("n = %d: want 1 to 1000 words", n)
	}
	return nil
}

// Score returns the share.
func (f RepeatingTopNGrams) Score(d *scan.Document) float64 {
	n := int(f.N)
	switch words := len(d.Words()); {
	case words < n:
		return 1
	case words > scan.MaxSequenced:
		return math.NaN()
	}
	return divide(d.Occurrences(d.Sequence(n).Top, n), d.Characters().CodePoints)
}

// Keep says whether that share stays.
func (f RepeatingTopNGrams) Keep(score float64) bool { return score <= f.Max }

// RepeatingDupNGrams is the table of text.repeating_dup_ngrams.
type RepeatingDupNGrams struct {
	N    int64   `toml:"n" doc:"words of a sequence"`
	Max  float64 `toml:"max_repeating_duplicate_ngram_ratio" doc:"largest share of characters in sequences that were there before"`
	Lang string  `toml:"lang" doc:"words are what white space parts; zh and ja are refused"`
}

// DefaultRepeatingDupNGrams has NeMo Curator's bounds.
func DefaultRepeatingDupNGrams() RepeatingDupNGrams {
	return RepeatingDupNGrams{N: 2, Max: 0.2, Lang: "en"}
}

// NewRepeatingDupNGrams returns the filter that keeps texts of which at most
// Max is in sequences of N words that have occurred before. Words that are in several of them
// count once; between words one space is counted, and one before each sequence that goes
// on from another. The score is the share of code points, 1 for texts of fewer than N words, and
// none beyond [scan.MaxSequenced] words. Source: Gopher (Rae et al. 2021,
// https://arxiv.org/abs/2112.11446, table A1).
func NewRepeatingDupNGrams(c stages.Common, f RepeatingDupNGrams) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, sequence(f.N), stages.CheckShare("max_repeating_duplicate_ngram_ratio", f.Max), stages.CheckLang("lang", f.Lang))
}

// Score returns the share.
func (f RepeatingDupNGrams) Score(d *scan.Document) float64 {
	n, words := int(f.N), d.Words()
	switch {
	case len(words) < n:
		return 1
	case len(words) > scan.MaxSequenced:
		return math.NaN()
	}
	size, end := 0, 0 // words[:end] have been counted
	for _, first := range d.Sequence(n).Again {
		at := int(first)
		overlap := max(end-at, 0)
		for _, w := range words[at+overlap : at+n] {
			size += w.CodePoints()
		}
		size += min(n-overlap, n-1)
		end = at + n
	}
	return divide(size, d.Characters().CodePoints)
}

// Keep says whether that share stays.
func (f RepeatingDupNGrams) Keep(score float64) bool { return score <= f.Max }
