package clean

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sluice/stages"
	"sluice/stages/scan"
)

// edited returns what a stage makes of a text, and whether it stays.
func edited(t testing.TB, s stages.Mapper, text string) (string, bool) {
	t.Helper()
	b := stages.NewBatch(&stages.Shard{}, &stages.Block{}, 0, 1)
	b.Columns = []stages.Column{{Name: "text", Text: [][]byte{[]byte(text)}}}
	if err := s.Map(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	return string(b.Column("text").Text[0]), b.Keep[0]
}

var citations = regexp.MustCompile(`\[\p{Nd}*\]|\[edit\]|\[citation needed\]`)

// slowC4 reads datatrove's C4QualityFilter word for word, without the count of sentences.
func slowC4(text string) (string, bool) {
	var kept []string
	has := func(line string, phrases ...string) bool {
		for _, p := range phrases {
			if strings.Contains(asciiLower(line), p) {
				return true
			}
		}
		return false
	}
lines:
	for _, line := range strings.FieldsFunc(strings.NewReplacer("\r\n", "\n").Replace(text), func(r rune) bool {
		return '\n' <= r && r <= '\r' || 0x1c <= r && r <= 0x1e || r == 0x85 || r == 0x2028 || r == 0x2029
	}) {
		line = strings.TrimFunc(line, scan.IsSpace)
		words := strings.FieldsFunc(line, scan.IsSpace)
		for _, w := range words {
			if utf8.RuneCountInString(w) > 1000 {
				continue lines
			}
		}
		line = citations.ReplaceAllString(line, "")
		if line == "" || !strings.ContainsAny(line[len(line)-1:], `.?!"'`) || strings.HasSuffix(line, "...") || len(words) < 3 {
			continue
		}
		switch {
		case has(line, "lorem ipsum"):
			return "", false
		case has(line, "javascript"):
			continue
		case strings.Contains(line, "{"):
			return "", false
		case has(line, "terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"):
			continue
		}
		kept = append(kept, line)
	}
	return strings.TrimFunc(strings.Join(kept, "\n"), scan.IsSpace), true
}

func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return unicode.ToLower(r)
		}
		return r
	}, s)
}

func c4OfAnySize(t testing.TB) stages.Mapper {
	l := DefaultC4Lines()
	l.Sentences = -1
	made, err := NewC4Lines(stages.Common{Column: "text"}, l)
	if err != nil {
		t.Fatal(err)
	}
	return made[0].(stages.Mapper)
}

var webTexts = []string{
	"", " ", "\n\n", "One two three.", "One two.\nOne two three four.", "One two three\nFour five six!", "Ends with dots ...\nEnds with dots. ...", "A quote \"of three words\"\n'It is so.'",
	"Read this [1] and [23] now.[edit]\nAll [] of it [citation needed].[12]\n[x] is [not one] [1a].", "[1].", "Enable JavaScript to go on.\nThis stays as it is.", "Needs java[1]script to go on.\nOur terms[2] of use are these.\nWe use [3]COOKIES of our own.\nThis stays as it is.", "This is lorem ipsum text.", "lorem ipsum", "if (x) { y; }.\n", "{ } no sentence\nbut this one is.",
	"We use cookies on this site.\nOur Privacy POLICY is here now.\nAnd this stays here.", strings.Repeat("x", 1001) + " and two more.\nA line of words.", "日本語のテキスト。\n漢字 と かな です.", "a b c.\r\nd e f.\u2028g h i.\x1cj k l.\u0085m n o.\vp q r.", "  padded line of words.  \n\t", "👍 two three.",
}

func TestC4Lines(t *testing.T) {
	s := c4OfAnySize(t)
	for _, text := range webTexts {
		have, stays := edited(t, s, text)
		if want, wantStays := slowC4(text); stays != wantStays || stays && have != want {
			t.Errorf("%.60q: have %q %v, want %q %v", text, have, stays, want, wantStays)
		}
	}
	five, _ := NewC4Lines(stages.Common{Column: "text"}, DefaultC4Lines())
	for text, want := range map[string]bool{
		"One is here. Two is here! Three is here? Four is here.":                false,
		"One is here. Two is here! Three is here? Four is here.\nFive is here.": true,
	} {
		if _, stays := edited(t, five[0].(stages.Mapper), text); stays != want {
			t.Errorf("%q stays: %v", text, stays)
		}
	}
	long := strings.Repeat("many words on one long line ", 10<<20/28) + "."
	if have, _ := edited(t, s, long); have != long {
		t.Error("a long line was changed")
	}
}

func FuzzC4Lines(f *testing.F) {
	for _, text := range webTexts {
		f.Add(text)
	}
	s := c4OfAnySize(f)
	f.Fuzz(func(t *testing.T, text string) {
		have, stays := edited(t, s, text)
		if want, wantStays := slowC4(text); utf8.ValidString(text) && (stays != wantStays || stays && have != want) {
			t.Errorf("%q: have %q %v, want %q %v", text, have, stays, want, wantStays)
		}
	})
}

func TestRefinedWebLines(t *testing.T) {
	l := DefaultRefinedWebLines()
	l.MaxLosses = 1
	made, err := NewRefinedWebLines(stages.Common{Column: "text"}, l)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"":                             "",
		"A line\n\nanother line":       "A line\n\nanother line",
		"HOME ABOUT US\nText of it":    "Text of it",
		"ÀÉÎ ÖÜ\nText of it":           "Text of it",
		"12 345\n１２ ３\nIn 2020 it":     "In 2020 it",
		"Menu\nText of it":             "Text of it",
		"3 likes\nText of it":          "Text of it",
		"1,204 Comments |\nText of it": "Text of it",
		"5.6k views\n2M followers!\n7 replies\nText of it":                 "Text of it",
		"3 likeable people came\n10 views of a town":                       "3 likeable people came\n10 views of a town",
		"Sign-in to read this page\nText of it":                            "to read this page\nText of it",
		"The news of today. Read more...\nText of it":                      "The news of today.\nText of it",
		"You have 3 items in cart now\nText of it":                         "You have 3  now\nText of it",
		"sign-in read more...":                                             "",
		"Read more... is what many pages say at the end of what they show": "Read more... is what many pages say at the end of what they show",
		"漢字 かな\n日本語のテキスト":                                                  "漢字 かな",
		"👍 👍": "👍 👍",
	} {
		if have, stays := edited(t, made[0].(stages.Mapper), text); have != want || !stays {
			t.Errorf("%q: have %q %v, want %q", text, have, stays, want)
		}
	}
	made, _ = NewRefinedWebLines(stages.Common{Column: "text"}, DefaultRefinedWebLines())
	words := strings.Repeat("word ", 39)
	for text, want := range map[string]bool{words + "\nTWO WORDS": true, words + "\nTHREE SUCH WORDS": false} {
		if _, stays := edited(t, made[0].(stages.Mapper), text); stays != want {
			t.Errorf("%d words: stays %v", len(strings.Fields(text)), stays)
		}
	}
	for _, bad := range []RefinedWebLines{{Upper: 2}, {MaxLosses: -1}, {Words: -1}, {Suffixes: []string{""}}} {
		if _, err := NewRefinedWebLines(stages.Common{}, bad); err == nil {
			t.Errorf("%+v is fine", bad)
		}
	}
	if _, err := NewC4Lines(stages.Common{}, C4Lines{Words: -2}); err == nil || !strings.HasPrefix(err.Error(), "min_words_per_line = -2") {
		t.Errorf("have %v", err)
	}
}
