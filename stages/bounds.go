package stages

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// OneFilter makes the stage of a filter whose values are fine unless complaints says otherwise.
func OneFilter(c Common, f Filter, complaints ...error) ([]Stage, error) {
	if err := errors.Join(complaints...); err != nil {
		return nil, err
	}
	return []Stage{NewFilter(c, f)}, nil
}

// CheckShare complains about a value that is not from 0 to 1.
func CheckShare(key string, v float64) error {
	if v < 0 || v > 1 || math.IsNaN(v) {
		return fmt.Errorf("%s = %v is not a share: want 0 to 1", key, v)
	}
	return nil
}

// CheckOrder complains about bounds that leave nothing between them, and about negative ones.
func CheckOrder[N int64 | float64](low string, a N, high string, b N) error {
	switch {
	case a < 0:
		return fmt.Errorf("%s = %v is negative", low, a)
	case b < a:
		return fmt.Errorf("%s = %v is below %s = %v", high, b, low, a)
	}
	return nil
}

// CheckLang complains about languages whose words are not found by white space. NeMo
// Curator takes jieba and MeCab for them; there is no well-kept library in Go that
// makes the same words.
func CheckLang(key, lang string) error {
	if l := strings.ToLower(lang); l == "zh" || l == "ja" {
		return fmt.Errorf("%s = %q: words of Chinese and Japanese are not told apart here\n"+
			"leave the stage out for them, with when = 'language != %q', or run your own splitter with run.exec", key, lang, lang)
	}
	return nil
}
