package text

import "fmt"

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
