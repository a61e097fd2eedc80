package text

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sluice/stages"
	"sluice/stages/scan"
)

// The functions below read NeMo Curator's formulas word for word, slowly.

const pythonSpace = "\t\n\v\f\r\x1c\x1d\x1e\x1f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

func isSpace(r rune) bool           { return strings.ContainsRune(pythonSpace, r) }
func strip(s string) string         { return strings.TrimFunc(s, isSpace) }
func pySplit(s string) []string     { return strings.FieldsFunc(s, isSpace) }
func pyLen(s string) float64        { return float64(utf8.RuneCountInString(s)) }
func paragraphs(s string) []string  { return strings.Split(s, "\n\n") }
func lower(s string) string         { return strings.ReplaceAll(strings.ToLower(s), "i̇", "i\u0307") }
func sum(list []string) (n float64) { return pyLen(strings.Join(list, "")) }
func unique(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}
func length(list []string) float64 { return float64(len(list)) }

func sentences(s string) (list []string) {
	for l := range strings.SplitSeq(s, "\n") {
		if strip(l) != "" {
			list = append(list, l)
		}
	}
	return list
}

func ratioOf(s string, is func(r rune) bool) float64 {
	if s == "" {
		return 1
	}
	n := 0.0
	for _, r := range s {
		if is(r) {
			n++
		}
	}
	return n / pyLen(s)
}

func shareOf(list []string, is func(s string) bool) float64 {
	n := 0.0
	for _, s := range list {
		if is(s) {
			n++
		}
	}
	return n / length(list)
}

var (
	urlRegex  = regexp.MustCompile(`https?://(?:[A-Za-z0-9$\-_@.&+/:=?#~]|[!*\(\),]|(?:%[0-9A-Fa-f]{2}))+`)
	hashRegex = regexp.MustCompile(`#+`)
	marks     = []string{"...", "[...]", "…", "(...)", "[…]", "-»", "read more..", "read more"}
	policies  = []string{"terms of use", "privacy policy", "cookie policy", "uses cookies", "privacy overview", "use of cookies", "use cookies", "privacy & cookies policy", "privacy and cookies policy"}
)

func isAlphabetic(r rune) bool { return unicode.In(r, unicode.L, unicode.Nl, unicode.Other_Alphabetic) }

func boilerplate(s string) float64 {
	n := 0.0
	for _, p := range paragraphs(s) {
		p = lower(strip(p))
		if strings.Contains(p, "lorem ipsum") {
			return 1
		}
		if slices.ContainsFunc(policies, func(x string) bool { return strings.Contains(p, x) }) {
			n++
		}
	}
	return n / length(paragraphs(s))
}

func ngrams(s string, n int) (list []string) {
	w := pySplit(s)
	for i := 0; i+n <= len(w); i++ {
		list = append(list, strings.Join(w[i:i+n], " "))
	}
	return list
}

func topNGram(s string, n int) float64 {
	list := ngrams(s, n)
	if len(list) == 0 {
		return 1
	}
	counts, best := map[string]int{}, list[0]
	for _, g := range list {
		counts[g]++
	}
	for _, g := range list {
		if counts[g] > counts[best] {
			best = g
		}
	}
	return (pyLen(s) - pyLen(strings.ReplaceAll(s, best, ""))) / pyLen(s)
}

func dupNGram(s string, n int) float64 {
	w := pySplit(s)
	if len(w) < n {
		return 1
	}
	counts, duplicated, overlap := map[string]int{}, 0.0, 0
	for i := 0; i+n <= len(w); i++ {
		g := w[i : i+n]
		key := strings.Join(g, " ")
		if counts[key]++; counts[key] > 1 {
			duplicated += sum(g[overlap:]) + float64(min(n-overlap, n-1))
			overlap = n
		}
		overlap = max(overlap-1, 0)
	}
	return duplicated / pyLen(s)
}

func commonWords(s string, cutoff int) float64 {
	n := 0
	for _, w := range pySplit(s) {
		if slices.Contains([]string{"the", "be", "to", "of", "and", "that", "have", "with"}, w) {
			n++
		}
		if n >= cutoff {
			break
		}
	}
	return float64(n)
}

func longest(s string) float64 {
	n := math.NaN()
	for _, w := range pySplit(s) {
		n = max(pyLen(w), map[bool]float64{true: 0, false: n}[math.IsNaN(n)])
	}
	return n
}

func symbols(s string) float64 {
	return shareOf(pySplit(s), func(w string) bool {
		return slices.Contains(marks, w) || float64(len(hashRegex.FindAllString(w, -1)))/pyLen(w) > 0.5
	})
}

func isBulleted(l string) bool {
	r, _ := utf8.DecodeRuneInString(strip(l))
	return strings.ContainsRune("•‣⁃⁌⁍∙○●◘◦⦾⦿", r)
}

func endsInMark(l string) bool {
	return slices.ContainsFunc(marks, func(m string) bool { return strings.HasSuffix(lower(strip(l)), m) })
}

func endsInPunctuation(l string) bool {
	return strings.ContainsAny(strip(l)[len(strip(l))-1:], `.?!"'`)
}

// A reading is a filter and the formula that it must agree with.
type reading struct {
	name   string
	filter stages.Filter
	slow   func(string) float64
}

func readings() []reading {
	urls, _ := linkFinder("")
	list := []reading{
		{"alpha_numeric", DefaultAlphaNumeric(), func(s string) float64 {
			return ratioOf(s, func(r rune) bool {
				return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789\n?!,.", r)
			})
		}},
		{"numbers_ratio", DefaultNumbersRatio(), func(s string) float64 {
			return ratioOf(s, func(r rune) bool { return strings.ContainsRune("0123456789", r) })
		}},
		{"white_space", DefaultWhiteSpace(), func(s string) float64 {
			return ratioOf(s, func(r rune) bool { return strings.ContainsRune("\t\n\r\b ", r) })
		}},
		{"parentheses_ratio", DefaultParenthesesRatio(), func(s string) float64 {
			return ratioOf(s, func(r rune) bool { return strings.ContainsRune("{}⟨⟩[]()", r) })
		}},
		{"urls_ratio", URLsRatio{links: urls}, func(s string) float64 {
			if s == "" {
				return 1
			}
			return sum(urlRegex.FindAllString(s, -1)) / pyLen(s)
		}},
		{"pornographic_urls", PornographicURLs{links: urls}, func(s string) float64 {
			if slices.ContainsFunc(urlRegex.FindAllString(s, -1), func(u string) bool { return strings.Contains(u, "porn") }) {
				return 1
			}
			return 0
		}},
		{"symbol_to_word", DefaultSymbolToWord(), symbols},
		{"max_word_length", DefaultMaxWordLength(), longest},
		{"word_count", DefaultWordCount(), func(s string) float64 { return length(pySplit(s)) }},
		{"mean_word_length", DefaultMeanWordLength(), func(s string) float64 { return sum(pySplit(s)) / length(pySplit(s)) }},
		{"words_without_alphabets", DefaultWordsWithoutAlphabets(), func(s string) float64 {
			return shareOf(pySplit(s), func(w string) bool { return strings.ContainsFunc(w, isAlphabetic) })
		}},
		{"common_english_words", DefaultCommonEnglishWords(), func(s string) float64 { return commonWords(s, 2) }},
		{"common_english_words, all", CommonEnglishWords{Min: 2}, func(s string) float64 { return commonWords(s, 1<<30) }},
		{"boilerplate_string_ratio", DefaultBoilerplateStringRatio(), boilerplate},
		{"bullet_ratio", DefaultBulletRatio(), func(s string) float64 { return shareOf(sentences(s), isBulleted) }},
		{"punctuation", DefaultPunctuation(), func(s string) float64 {
			return shareOf(sentences(s), func(l string) bool { return !endsInPunctuation(l) })
		}},
		{"ellipsis", DefaultEllipsis(), func(s string) float64 { return shareOf(sentences(s), endsInMark) }},
		{"repeated_lines", DefaultRepeatedLines(), func(s string) float64 { return length(unique(sentences(s))) / length(sentences(s)) }},
		{"repeated_lines_char", DefaultRepeatedLinesChar(), func(s string) float64 { return sum(unique(sentences(s))) / sum(sentences(s)) }},
		{"repeated_paragraphs", DefaultRepeatedParagraphs(), func(s string) float64 { return length(unique(paragraphs(s))) / length(paragraphs(s)) }},
		{"repeated_paragraphs_char", DefaultRepeatedParagraphsChar(), func(s string) float64 { return sum(unique(paragraphs(s))) / sum(paragraphs(s)) }},
	}
	list = append(list, fineWebReadings()...)
	for _, n := range []int{3, 1, 2, 4, 5, 10} {
		list = append(list,
			reading{fmt.Sprint("repeating_top_ngrams ", n), RepeatingTopNGrams{N: int64(n)}, func(s string) float64 { return topNGram(s, n) }},
			reading{fmt.Sprint("repeating_dup_ngrams ", n), RepeatingDupNGrams{N: int64(n)}, func(s string) float64 { return dupNGram(s, n) }})
	}
	return list
}

// compare scores a text by every filter and by its formula.
func compare(t *testing.T, d *scan.Document, list []reading, s string) {
	t.Helper()
	d.Reset([]byte(s))
	for _, r := range list {
		got, want := r.filter.Score(d), r.slow(s)
		if math.IsNaN(got) != math.IsNaN(want) || math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %v, want %v for %.300q", r.name, got, want, s)
		}
	}
}

// odd are texts that filters trip over.
func odd() []string {
	repeat := strings.Repeat
	return []string{
		"", " ", "\n", "\n\n", "\n\n\n\n", "\u3000\u2028\n \t", "word", "word\n", "one two", "# ## #a# a#b#c ... … (...) [...] […] -» read more",
		"日本語のテキストを分割します。これはテスト文書です。", "👍🏽 👨‍👩‍👧 emoji ٣٤٥ Ⅷ ª", "İstanbul Kelvin coo\u212aie policy\n\nuse coo\u212aies", "Privacy POLICY\n\nx\n\ny",
		"Lorem Ipsum dolor", "a line...\nanother (...)\nthird [...]\nlast […]\nx…]\nx...)\nRead More\nread more..\nread more.\n-»", "• one\n  ● two\n- three\n* four\n⦿",
		"see http://a.b/c%20d%zz https://x.y/?q=1#z, http:// httpss://q http://porn.example ftp://no hhttp://yes http://http://twice https",
		repeat("the same words again and ", 50), repeat("line\n", 40) + "other", repeat("a b ", 30) + repeat("a c ", 30), "x x x x x x", "a b a b a",
		repeat("x", 5000), repeat("é", 4100) + repeat("1", 4100) + "(", repeat("para\n\n", 9), "a\r\nb\r\n\r\nc\r\n", "\x1ca\x1db\x1e\x1fc\x85d\u0085e", "bad\x00zero", "ab\n\n\nab\n\n\n\nab",
		repeat("word ", 40) + "\n\n" + repeat("word ", 40), "aaa aaa aaaa aaa aaa", "ⒶⒷ \u0345\u093f \u2160 ۱", repeat("\u27e8\u27e9", 30),
	}
}

func TestFormulas(t *testing.T) {
	var d scan.Document
	list := readings()
	for _, s := range odd() {
		compare(t, &d, list, s)
	}
	big := strings.Repeat("ten megabytes on one line, ", 10<<20/27)
	d.Reset([]byte(big))
	for _, r := range list {
		if s := r.filter.Score(&d); s < 0 {
			t.Errorf("%s: %v", r.name, s)
		}
	}
	compare(t, &d, list, "a text after a large one")
}

func FuzzFormulas(f *testing.F) {
	for _, s := range odd() {
		f.Add(s)
	}
	var d scan.Document
	list := readings()
	f.Fuzz(func(t *testing.T, s string) {
		if utf8.ValidString(s) {
			compare(t, &d, list, s)
		} else { // no row has such a text, but it must not crash
			d.Reset([]byte(s))
			for _, r := range list {
				r.filter.Score(&d)
			}
		}
	})
}
