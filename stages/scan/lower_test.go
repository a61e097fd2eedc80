package scan

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Vectors of Python's str.lower.
func TestAppendLower(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "",
		"ABCxyz [@`{ 0123456789 ÄÖ": "abcxyz [@`{ 0123456789 äö",
		"ΟΔΟΣ ΣΑΣ Σ ΑΣ.Α ΑΣ'":       "οδος σας σ ασ.α ας'",
		"İI\u212aẞ":                 "i\u0307ikß",
		"\xffA\xf0\x9f":             "\xffa\xf0\x9f",
		"日本😀Ⅷ":                      "日本😀ⅷ",
	} {
		if got := AppendLower([]byte("Before"), []byte(text)); string(got) != "Before"+want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
		var got []byte
		for i, n := 0, 0; i < len(text); i += n {
			got, n = AppendLowerAt(got, []byte(text), i)
		}
		if string(got) != want {
			t.Errorf("%q becomes %q by code points, want %q", text, got, want)
		}
	}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) || r == dottedI || r == capitalSigma {
			continue
		}
		s := string(r)
		if got := AppendLower(nil, []byte(s)); string(got) != strings.ToLower(s) {
			t.Errorf("%U becomes %q, want %q", r, got, strings.ToLower(s))
		}
	}
}

func TestFlanked(t *testing.T) {
	for text, want := range map[string]bool{"x": true, "ax": false, "xa": false, "_x": false, "x9": false, "-x ": true, "éx": false, "x日": false, "\xffx\xff": true, "x\u0301": true, "²x": false, "😀x😀": true} {
		i := bytes.IndexByte([]byte(text), 'x')
		if got := Flanked([]byte(text), i, i+1); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
