package text

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"sluice/stages"
	"sluice/stages/scan"
)

// prepared returns the filter, ready.
func prepared(tb testing.TB, f BadWords) *badWords {
	tb.Helper()
	b := &badWords{BadWords: f}
	if err := b.Prepare(context.Background()); err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestBadWords(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"en": "\ufeffbad\r\nvery rude \nÄrger\n2 girls\n\nok", "zh.txt": "性感\n性", "ru": "плохо\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	f := prepared(t, BadWords{
		Lists: []string{filepath.Join(dir, "en"), filepath.Join(dir, "zh.txt"), filepath.Join(dir, "ru")},
		Words: []string{"c++", "ΟΔΟΣ"}, Except: []string{"OK", "性"},
	})
	for text, want := range map[string]float64{
		"":                                 0,
		" \n\t":                            0,
		"bad":                              1,
		"Bad!":                             1,
		"not so BAD":                       1,
		"badly":                            0,
		"abad":                             0,
		"bad_":                             0,
		"bad9":                             0,
		"bad\u0301 with a mark":            1, // a mark is no letter to \w
		"badé":                             0,
		"ébad":                             0,
		"“bad”":                            1,
		"\xffbad\xff":                      1,
		"very rude":                        1,
		"very  rude":                       0,
		"very\nrude":                       0,
		"so Very Rude, this":               1,
		"every rude":                       0,
		"ÄRGER":                            1,
		"ärger.":                           1,
		"Ärgerlich":                        0,
		"2 girls":                          1,
		"12 girls":                         0,
		"learn C++":                        1,
		"learn c+++":                       1,
		"xc++":                             0,
		"ok":                               0,
		"Плохо!":                           1,
		"неплохо":                          0,
		"很性感的":                             1,
		"性别":                               0,
		"😀bad😀":                            1,
		"Ηοδος οδοσ ΟΔΟΣ":                  1,
		"οδος":                             1,
		"οδοσ":                             0,
		strings.Repeat("x", 10<<20):        0,
		strings.Repeat("ba", 5<<20) + " d": 0,
	} {
		var d scan.Document
		d.Reset([]byte(text))
		if got := f.Score(&d); got != want || f.Keep(got) != (want == 0) {
			t.Errorf("%.40q: score %v, want %v", text, got, want)
		}
	}
}

// A share of the texts stays, and the same ones each time.
func TestBadWordsKeepFraction(t *testing.T) {
	kept := map[uint64]string{}
	for _, seed := range []uint64{1, 1, 2} {
		f := prepared(t, BadWords{Words: []string{"bad"}, KeepFraction: 0.25})
		f.seed = seed
		n, which := 0, ""
		for i := range 4000 {
			var d scan.Document
			d.Reset(fmt.Appendf(nil, "bad %d", i))
			if f.Keep(f.Score(&d)) {
				n++
				which += fmt.Sprint(i, " ")
			}
		}
		if n < 900 || n > 1100 {
			t.Errorf("seed %d: %d of 4000 stay", seed, n)
		}
		if was, ok := kept[seed]; ok && was != which {
			t.Errorf("seed %d: others stay the second time", seed)
		}
		kept[seed] = which
	}
	if kept[1] == kept[2] {
		t.Error("the seed makes no difference")
	}
}

func TestBadWordsRefuses(t *testing.T) {
	dir := t.TempDir()
	long, none := filepath.Join(dir, "long"), filepath.Join(dir, "none")
	if err := os.WriteFile(long, []byte("a\n"+strings.Repeat("x", 1<<13)), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(none, []byte("\n \n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		f    BadWords
		want string
	}{
		{BadWords{}, "lists is missing"},
		{BadWords{Words: []string{" "}}, `words: " " is no word`},
		{BadWords{Words: []string{"a"}, KeepFraction: 2}, "keep_fraction = 2 is not a share"},
		{BadWords{Lists: []string{long}}, "long:2: a line of more than 4096 bytes"},
		{BadWords{Lists: []string{none}}, "none has no word that except leaves"},
		{BadWords{Lists: []string{filepath.Join(dir, "missing")}}, "missing: no such file"},
	} {
		made, err := NewBadWords(stages.Common{Name: "bad", Column: "text"}, c.f)
		if err == nil {
			err = stages.Prepare(context.Background(), made)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.f, err, c.want)
		}
	}
}

// literalBad reads C4's rule word for word, with one regular expression.
func literalBad(words []string, text string) bool {
	var list []string
	for _, w := range words {
		list = append(list, regexp.QuoteMeta(lowerPython(w)))
	}
	wordless := `[^\pL\pN_]`
	return regexp.MustCompile(`(?s)(?:` + wordless + `|^)(?:` + strings.Join(list, "|") + `)(?:` + wordless + `|$)`).MatchString(lowerPython(text))
}

// lowerPython is str.lower, but for the sigma at the end of a word.
func lowerPython(s string) string {
	return strings.ReplaceAll(strings.Map(func(r rune) rune {
		if r == 'İ' {
			return 0xE000
		}
		return unicode.ToLower(r)
	}, s), "\uE000", "i\u0307")
}

func FuzzBadWords(f *testing.F) {
	f.Add("bad|very rude|c++|é", "so BAD, Very rude")
	f.Add("a b|b", "_b a b_")
	f.Add("i|İ", "İI")
	f.Add("ß|\u212a", "K SS ß_")
	f.Fuzz(func(t *testing.T, list, text string) {
		if strings.ContainsAny(list+text, "Σ\uE000") || !valid(list) || !valid(text) {
			return
		}
		var words []string
		for w := range strings.SplitSeq(list, "|") {
			if w := string(scan.Trim([]byte(w))); w != "" {
				words = append(words, w)
			}
		}
		if len(words) == 0 {
			return
		}
		b := prepared(t, BadWords{Words: words})
		if got, want := b.has([]byte(text)), literalBad(words, text); got != want {
			t.Errorf("%q in %q: %v, want %v", words, text, got, want)
		}
	})
}

// valid says that all of a text is UTF-8 that this Unicode and Go's agree on.
func valid(s string) bool {
	return strings.ToValidUTF8(s, "") == s && !strings.ContainsFunc(s, func(r rune) bool { return r > 0x2fff || !unicode.IsGraphic(r) && r > 0x7f })
}

func BenchmarkBadWords(b *testing.B) {
	var words []string
	for i := range 400 {
		words = append(words, fmt.Sprintf("%c%cq%d", 'a'+i%26, 'a'+i/26, i), fmt.Sprintf("%c%cord phrase%d", 'a'+i%26, 'a'+i/26, i))
	}
	f := prepared(b, BadWords{Words: words})
	for name, text := range map[string]string{
		"ascii":    strings.Repeat("The quick brown fox jumps over the lazy dog, and a word of it is not a phrase. ", 500),
		"german":   strings.Repeat("Der schnelle braune Fuchs läuft über den faulen Hund, und das ist schöner als früher. ", 500),
		"cyrillic": strings.Repeat("Съешь же ещё этих мягких французских булок, да выпей чаю. ", 500),
		"chinese":  strings.Repeat("敏捷的棕色狐狸跳过了懒狗。", 800),
	} {
		b.Run(name, func(b *testing.B) {
			text := []byte(text)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if f.has(text) {
					b.Fatal("found")
				}
			}
		})
	}
}
