package scan

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// isspace lists what Python 3's str.isspace accepts.
const isspace = "\t\n\v\f\r\x1c\x1d\x1e\x1f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

func slowWords(s string) int {
	return len(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(isspace, r) }))
}

func countWords(s string) int {
	var d Document
	d.Reset([]byte(s))
	return len(d.Words())
}

func TestDocumentWords(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, " ": 0, "one": 1, " two words\n": 2, "a\u00a0b\u3000c": 3, "a\u200bb": 1,
		"\x1cfs\x1dgs": 2, "日本語 は": 2, "bad\xff byte": 2, strings.Repeat("x ", 1000): 1000,
	} {
		if got := countWords(text); got != want {
			t.Errorf("words of %q: %d, want %d", text, got, want)
		}
	}
}

func FuzzDocumentWords(f *testing.F) {
	f.Add("a b\u2003c\xff\x85")
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		if got, want := countWords(s), slowWords(s); got != want {
			t.Errorf("words of %q: %d, want %d", s, got, want)
		}
	})
}

func TestNormalize(t *testing.T) {
	for _, c := range []struct{ names, in, want string }{
		{"", "  A b ", "  A b "},
		{"lower", "ÄBC İ ẞ Σ", "äbc i ß σ"},
		{"whitespace", "\u00a0 a \n\t b\u3000", "a b"},
		{"whitespace", " \n ", ""},
		{"punctuation", "a,b! «c» $1+1=2 — x_y", "ab c 112  xy"},
		{"punctuation whitespace", "a , b", "a b"},
		{"digits", "a1 ٣ ²", "a0 0 ²"},
		{"nfc", "e\u0301", "é"},
		{"nfkc lower", "ＡＢ ﬁ", "ab fi"},
		{"lower", "bad\xffÄ", "bad\xffä"},
	} {
		z, err := NewNormalizer(strings.Fields(c.names))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(z.Append([]byte("x"), []byte(c.in))); got != "x"+c.want {
			t.Errorf("%s: %q -> %q, want %q", c.names, c.in, got[1:], c.want)
		}
	}
	for _, bad := range [][]string{{"upper"}, {"nfc", "nfkc"}} {
		if _, err := NewNormalizer(bad); err == nil {
			t.Errorf("NewNormalizer(%q) accepted", bad)
		}
	}
}

// Normalising twice is normalising once, whatever the text.
// Against plain code, by code points, for all sets of rules.
func FuzzNormalize(f *testing.F) {
	f.Add("  Aé…\u0660!\xff 9\t$z \u3000", uint8(15))
	f.Add("[a Z@z{/09: Eight by eight, and  so ON;\x00\x1f\x7f", uint8(11))
	f.Fuzz(func(t *testing.T, text string, rules uint8) {
		names := []string{}
		for i, name := range []string{"lower", "digits", "punctuation", "whitespace"} {
			if rules&(1<<i) != 0 {
				names = append(names, name)
			}
		}
		z, _ := NewNormalizer(names)
		if got, want := string(z.Append([]byte("x "), []byte(text))), "x "+plainNormalize(text, names); got != want {
			t.Errorf("%q, %v: %q, want %q", text, names, got, want)
		}
	})
}

func plainNormalize(text string, names []string) string {
	var b strings.Builder
	for i, r := range text { // a byte that is not UTF-8 is U+FFFD, and stays as it is
		_, size := utf8.DecodeRuneInString(text[i:])
		raw := text[i:][:size]
		if slices.Contains(names, "punctuation") && (unicode.IsPunct(r) || r < 0x80 && strings.ContainsRune("$+<=>^`|~", r)) {
			continue
		}
		if slices.Contains(names, "digits") && unicode.Is(unicode.Nd, r) {
			raw = "0"
		} else if low := unicode.ToLower(r); slices.Contains(names, "lower") && low != r {
			raw = string(low)
		}
		b.WriteString(raw)
	}
	if slices.Contains(names, "whitespace") {
		return strings.Join(strings.FieldsFunc(b.String(), IsSpace), " ")
	}
	return b.String()
}

func FuzzNormalizeTwice(f *testing.F) {
	f.Add(" A, b\u2003\u0130 1\xff")
	f.Fuzz(func(t *testing.T, s string) {
		z, _ := NewNormalizer([]string{"lower", "whitespace", "punctuation", "digits"})
		once := z.Append(nil, []byte(s))
		if twice := z.Append(nil, once); string(once) != string(twice) {
			t.Errorf("%q -> %q -> %q", s, once, twice)
		}
	})
}

// Texts of a few characters, so that their pairs and their places among eight bytes all occur.
func TestNormalizeByEights(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	letters := []rune("aZ@[`{/09: \t\n\x1c\x7fÉȺ\u3000")
	for i := range 20000 {
		var text []byte
		for range rng.IntN(40) {
			if r := rng.IntN(3 * len(letters)); r < len(letters) {
				text = utf8.AppendRune(text, letters[r])
			} else {
				text = append(text, "aB c9"[r%5])
			}
		}
		names := []string{}
		for j, name := range []string{"lower", "digits", "punctuation", "whitespace"} {
			if i&(1<<j) != 0 {
				names = append(names, name)
			}
		}
		z, _ := NewNormalizer(names)
		if got, want := string(z.Append([]byte("x "), text)), "x "+plainNormalize(string(text), names); got != want {
			t.Fatalf("%q, %v: %q, want %q", text, names, got, want)
		}
	}
}

// BenchmarkNormalize normalises lines of a text, as dedup.lines does.
func BenchmarkNormalize(b *testing.B) {
	line := []byte("Returns the Number of bytes written, and an error if the write did not Complete (since 2.0).")
	for _, names := range []string{"lower whitespace", "lower whitespace digits", "lower whitespace punctuation"} {
		b.Run(names, func(b *testing.B) {
			z, err := NewNormalizer(strings.Fields(names))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(line)))
			var dst []byte
			for b.Loop() {
				dst = z.Append(dst[:0], line)
			}
		})
	}
}

func BenchmarkDocumentWords(b *testing.B) {
	text := []byte(strings.Repeat("the quick brown fox, ", 250))
	b.SetBytes(int64(len(text)))
	var d Document
	for b.Loop() {
		d.Reset(text)
		d.Words()
	}
}
