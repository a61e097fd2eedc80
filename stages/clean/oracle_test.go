package clean

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sluice/stages"
)

// The functions below read NeMo Curator's modifiers word for word, slowly.

const pythonSpace = "\t\n\v\f\r\x1c\x1d\x1e\x1f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

func strip(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return strings.ContainsRune(pythonSpace, r) })
}

var (
	urlRegex      = regexp.MustCompile("(?i)https?://[^" + pythonSpace + "]+|www\\.[^" + pythonSpace + "]+")
	feedsRegex    = regexp.MustCompile(`(\n){3,}`)
	pairsRegex    = regexp.MustCompile(`(\r\n){3,}`)
	markdownRegex = []*regexp.Regexp{
		regexp.MustCompile(`\*\*(.*?)\*\*`), regexp.MustCompile(`\*(.*?)\*`), regexp.MustCompile(`_(.*?)_`), regexp.MustCompile(`\[.*?\]\((.*?)\)`),
	}
	policies = []string{"terms of use", "privacy policy", "cookie policy", "uses cookies", "privacy overview", "use of cookies", "use cookies", "privacy & cookies policy", "privacy and cookies policy"}
)

func newlinesOracle(s string) string {
	return pairsRegex.ReplaceAllString(feedsRegex.ReplaceAllString(s, "\n\n"), "\r\n\r\n")
}

func markdownOracle(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		for _, r := range markdownRegex {
			lines[i] = r.ReplaceAllString(lines[i], "$1")
		}
	}
	return strings.Join(lines, "\n")
}

func quotesOracle(s string) string {
	r := []rune(s)
	if len([]rune(strip(s))) > 2 && r[0] == '"' && r[len(r)-1] == '"' {
		if first := strings.Split(s, "\n")[0]; !strings.Contains(strip(s), "\n") || !strings.HasSuffix(first, `"`) {
			return string(r[1 : len(r)-1])
		}
	}
	return s
}

func linesOracle(s string, patterns []string) string {
	lines := strings.Split(s, "\n")
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return slices.Contains(patterns, l) }), "\n")
}

func boilerplateOracle(s string, topOrBottom bool) string {
	paragraphs := strings.Split(s, "\n\n")
	var found []int
	for i, p := range paragraphs {
		p = strings.ToLower(strip(p))
		if strings.Contains(p, "lorem ipsum") {
			return ""
		}
		if slices.ContainsFunc(policies, func(x string) bool { return strings.Contains(p, x) }) {
			if !topOrBottom {
				return ""
			}
			found = append(found, i)
		}
	}
	if len(found) == 0 || len(found) == len(paragraphs) || found[0] != 0 && found[len(found)-1] != len(paragraphs)-1 {
		return s
	}
	for i := 1; i < len(found); i++ {
		if found[i-1]+1 != found[i] {
			return s
		}
	}
	var left []string
	for i, p := range paragraphs {
		if !slices.Contains(found, i) {
			left = append(left, p)
		}
	}
	return strings.Join(left, "\n\n")
}

// sliceOracle slices a string as Python does.
func sliceOracle(s string, c Slice) string {
	index := func(v any, find func(s, mark string) int, behind bool) (int, bool) {
		n := len([]rune(s))
		switch v := v.(type) {
		case int64:
			if v < 0 {
				v = max(0, v+int64(n))
			}
			return int(min(v, int64(n))), true
		case string:
			at := find(s, v)
			if at < 0 {
				return 0, false
			}
			if behind {
				at += len(v)
			}
			return len([]rune(s[:at])), true
		}
		panic("neither")
	}
	left, ok := index(c.Left, strings.Index, !c.IncludeLeft)
	right, also := index(c.Right, strings.LastIndex, c.IncludeRight)
	if !ok || !also || right < left {
		return ""
	}
	s = string([]rune(s)[left:right])
	if c.Strip {
		s = strip(s)
	}
	return s
}

// FuzzStages compares all stages with the slow readings.
func FuzzStages(f *testing.F) {
	for _, s := range []string{
		"", "a\n\n\n\r\n\r\n\r\nb", "see http://a.b c www.d. e", "**a** *b* _c_ [d](e)", "\"a\nb\"", "uses cookies\n\nb\n\nTerms of Use",
		"lorem ipsum", "a __label__b\n__label____label__\n", "<é>\u3000本", "a\u0085\n \nb", "_a __b__ c_ [[d](e)", "httpſ://x",
	} {
		f.Add(s, int64(len(s)/3), int64(-1), s[:len(s)/4], uint8(len(s)))
	}
	f.Fuzz(func(t *testing.T, s string, left, right int64, mark string, flags uint8) {
		for _, x := range all {
			runOne(t, build(t, x.name, x.table), s) // no panic, whatever the bytes
		}
		s, mark = strings.ToValidUTF8(s, "?"), strings.ToValidUTF8(mark, "?")
		check := func(what string, made []stages.Stage, err error, want string) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			if got := runOne(t, made[0].(stages.Mapper), s); got != want {
				t.Errorf("%s of %q: %q, want %q", what, s, got, want)
			}
		}
		common := stages.Common{Column: "text"}
		made, err := NewNewlines(common, Newlines{})
		check("newlines", made, err, newlinesOracle(s))
		made, err = NewURLs(common, URLs{})
		check("urls", made, err, urlRegex.ReplaceAllString(s, ""))
		made, err = NewMarkdown(common, DefaultMarkdown())
		check("markdown", made, err, markdownOracle(s))
		made, err = NewQuotes(common, Quotes{})
		check("quotes", made, err, quotesOracle(s))
		made, err = NewFastTextLabel(common, FastTextLabel{Label: "__label__x"})
		check("fasttext_label", made, err, "__label__x "+strings.NewReplacer("\n", " ", "__label__", " ").Replace(s))
		patterns := []string{strings.ReplaceAll(mark, "\n", ""), "}"}
		made, err = NewLines(common, Lines{Patterns: patterns})
		check(fmt.Sprintf("lines %q", patterns), made, err, linesOracle(s, patterns))
		made, err = NewBoilerplate(common, Boilerplate{TopOrBottom: flags&1 != 0})
		check(fmt.Sprint("boilerplate ", flags&1), made, err, boilerplateOracle(s, flags&1 != 0))
		c := Slice{Left: left, Right: right, IncludeLeft: flags&2 != 0, IncludeRight: flags&4 != 0, Strip: flags&8 != 0}
		if flags&16 != 0 {
			c.Left = mark
		}
		if flags&32 != 0 {
			c.Right = mark
		}
		made, err = NewSlice(common, c)
		check(fmt.Sprintf("slice %+v", c), made, err, sliceOracle(s, c))
	})
}

func TestMarkdownAroundWords(t *testing.T) {
	stage := build(t, "markdown", "underscores = 'around words'\nlinks = 'words'")
	for text, want := range map[string]string{
		"":                                 "",
		"_a_ b":                            "a b",
		"snake_case_name and _so on_.":     "snake_case_name and so on.",
		"__bold__, __init__":               "bold, init",
		"___both___":                       "both",
		"_a __b__ c_":                      "a b c",
		"_a __b c_":                        "a __b c",
		"_ a _":                            "_ a _",
		"_a\nb_":                           "_a\nb_",
		"_a_b":                             "_a_b",
		"_a_b_":                            "a_b",
		"b_a_":                             "b_a_",
		"____ ____":                        "____ ____",
		"_é_本 _本_":                         "_é_本 本",
		"(_a_)":                            "(a)",
		"_":                                "_",
		"_a":                               "_a",
		"**_a_**":                          "a",
		"see [the _page_](http://x/a_b_c)": "see the page",
		"![alt](a.png)":                    "!alt",
		"[1] and [two](three)":             "[1] and two",
	} {
		if got := runOne(t, stage, text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
