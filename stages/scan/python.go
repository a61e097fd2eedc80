package scan

import "unicode/utf8"

// Code points whose lower case in Python's str.lower is not the simple one.
const (
	capitalSigma = 'Σ' // ς at the end of a word (The Unicode Standard, 3.13, Final_Sigma)
	dottedI      = 'İ' // i and U+0307
)

// lowerSigma returns the lower case of the capital sigma at text[i]: ς after a
// cased letter and not before one, where case-ignorable code points do not
// count, and σ otherwise.
func lowerSigma(text []byte, i int) rune {
	before := text[:i]
	for {
		r, size := utf8.DecodeLastRune(before)
		if f := classOf(r).flags; size > 0 && f&isIgnorable != 0 {
			before = before[:len(before)-size]
			continue
		} else if size == 0 || f&isCased == 0 {
			return 'σ'
		}
		break
	}
	after := text[i+len("Σ"):]
	for {
		r, size := utf8.DecodeRune(after)
		if f := classOf(r).flags; size > 0 && f&isIgnorable != 0 {
			after = after[size:]
			continue
		} else if size > 0 && f&isCased != 0 {
			return 'σ'
		}
		return 'ς'
	}
}
