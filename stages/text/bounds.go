package text

import (
	"errors"
	"fmt"
	"math"

	"sluice/stages"
)

// oneFilter makes the stage of a filter whose values are fine unless complaints says otherwise.
func oneFilter(c stages.Common, f stages.Filter, complaints ...error) ([]stages.Stage, error) {
	if err := errors.Join(complaints...); err != nil {
		return nil, err
	}
	return []stages.Stage{stages.NewFilter(c, f)}, nil
}

// share complains about a value that is not from 0 to 1.
func share(key string, v float64) error {
	if v < 0 || v > 1 || math.IsNaN(v) {
		return fmt.Errorf("%s = %v is not a share: want 0 to 1", key, v)
	}
	return nil
}

// ordered complains about bounds that leave nothing between them.
func ordered[N int64 | float64](low string, a N, high string, b N) error {
	switch {
	case a < 0:
		return fmt.Errorf("%s = %v is negative", low, a)
	case b < a:
		return fmt.Errorf("%s = %v is below %s = %v", high, b, low, a)
	}
	return nil
}

// spaced complains about languages whose words are not found by white space. NeMo
// Curator takes jieba and MeCab for them; there is no well-kept library in Go that
// makes the same words.
func spaced(lang string) error {
	switch lang {
	case "zh", "ZH", "Zh", "zH", "ja", "JA", "Ja", "jA":
		return fmt.Errorf("lang = %q: words of Chinese and Japanese are not told apart here\n"+
			"leave the stage out for them, with when = 'language != %q', or run your own splitter with run.exec", lang, lang)
	}
	return nil
}

// divide returns a share of a whole, NaN of nothing.
func divide(part, whole int) float64 { return float64(part) / float64(whole) }
