package url

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"sluice/stages"
	"sluice/stages/scan"
)

// write writes a file of a list and returns its path.
func write(tb testing.TB, dir, name, text string) string {
	tb.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		tb.Fatal(err)
	}
	return path
}

// apply runs the filter over URLs and returns the scores.
func apply(tb testing.TB, b Blocklist, urls ...[]byte) ([]float64, []bool) {
	tb.Helper()
	made, err := NewBlocklist(stages.Common{Name: "list", Column: "url", Score: "s"}, b)
	if err != nil {
		tb.Fatal(err)
	}
	if err := stages.Prepare(context.Background(), made); err != nil {
		tb.Fatal(err)
	}
	batch := stages.NewBatch(&stages.Shard{}, &stages.Block{}, 0, len(urls))
	batch.Columns = []stages.Column{{Name: "url", Text: urls}}
	if err := made[0].(stages.Mapper).Map(context.Background(), batch); err != nil {
		tb.Fatal(err)
	}
	var scores []float64
	for _, v := range batch.Column("s").Values {
		scores = append(scores, v.Float)
	}
	return scores, batch.Keep
}

const listText = "\ufeff# a comment\r\n\nexample.com\r\nWWW.Www-Site.org.\n*.wild.net\n.dot.net\n10.1.2.3\n" +
	"0.0.0.0 ads.example.net tracker.example.net # both\n127.0.0.1\tlocalhost\n::1 ip6-localhost\n" +
	"forum.example.edu/Bad/\nhttp://www.shop.de:8080/view?id=3\nbücher.example\nsingle # comment\npage.io/with space\n"

func TestLists(t *testing.T) {
	list := write(t, t.TempDir(), "list", listText)
	for url, want := range map[string]float64{
		"":                                 0,
		"word":                             0,
		" \t\n":                            0,
		"日本語":                              0,
		"😀":                                0,
		"http://example.com":               1,
		"https://EXAMPLE.com/":             1,
		"//example.com/x":                  1,
		"example.com":                      1,
		"http://a.b.example.com./x":        1,
		"http://user:pw@example.com:80/":   1,
		"http://example.com@other.org/":    0,
		"http://other.org/example.com":     0,
		"http://other.org/?u=example.com":  0,
		"http://myexample.com/":            0,
		"http://example.com.evil.org/":     0,
		"http://com/":                      0,
		"http://www-site.org/":             1,
		"http://www.www-site.org/":         1,
		"http://sub.wild.net/":             1,
		"http://dot.net":                   1,
		"http://10.1.2.3/x":                1,
		"http://10.1.2.4/x":                0,
		"http://ads.example.net/":          1,
		"http://tracker.example.net":       1,
		"http://example.net/":              0,
		"http://localhost/":                0,
		"http://forum.example.edu/":        0,
		"http://forum.example.edu/bad":     1,
		"http://forum.example.edu/bad/x":   1,
		"http://forum.example.edu/bad?x":   1,
		"http://forum.example.edu/bad#x":   1,
		"http://forum.example.edu/badly":   0,
		"http://a.forum.example.edu/bad":   0,
		"http://www.forum.example.edu/bad": 1,
		"shop.de/view?id=3&page=2":         1,
		"shop.de/view?id=34":               0,
		"https://shop.de:9/view?id=3":      1,
		"http://bücher.example/":           1,
		"http://BÜCHER.example/":           1,
		"http://xn--bcher-kva.example/x":   1,
		"http://single/":                   1,
		"http://page.io/with space":        1,
		"http://[::1]:80/":                 0,
		"http://\xff\xfe/":                 0,
		"http://..../":                     0,
		strings.Repeat("a.", 5<<20):        0,
		strings.Repeat("a/", 5<<20):        0,
	} {
		scores, keep := apply(t, Blocklist{Lists: []string{list}, Soft: 2}, []byte(url))
		if scores[0] != want || keep[0] != (want == 0) {
			t.Errorf("%.60q: score %v, kept %v, want %v", url, scores[0], keep[0], want)
		}
	}
	if scores, keep := apply(t, Blocklist{Lists: []string{list}, Soft: 2}, nil); scores[0] != 0 || !keep[0] {
		t.Error("a sample without a URL is gone")
	}
}

// A folder of UT1, and compressed files.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "adult/domains", "example.com\n")
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	fmt.Fprintln(w, "example.org/~someone")
	w.Close()
	write(t, dir, "adult/urls.gz", z.String())
	write(t, dir, "adult/expressions", "(not|read)\n")
	got, _ := apply(t, Blocklist{Lists: []string{filepath.Join(dir, "adult")}, Soft: 2},
		[]byte("http://example.com/"), []byte("http://example.org/~someone/x.html"), []byte("http://example.org/"))
	if fmt.Sprint(got) != "[1 1 0]" {
		t.Errorf("scores %v", got)
	}
}

func TestWords(t *testing.T) {
	dir := t.TempDir()
	b := Blocklist{
		Words: []string{write(t, dir, "words", "Casino\nx-rated\n")}, Subwords: []string{write(t, dir, "sub", "viagra\n")},
		SoftWords: []string{write(t, dir, "soft", "cam\ngirl\nteen\n")}, Soft: 2,
	}
	for url, want := range map[string]float64{
		"http://example.com/casino":             hasWord,
		"http://casino.example.com/":            hasWord,
		"http://example.com/CASINO-1":           hasWord,
		"http://example.com/mycasino":           fine,
		"http://example.com/xrated":             hasWord,
		"http://example.com/x-rated":            fine, // as with datatrove: a word has no mark
		"http://example.com/buy-VIA_GRA":        hasSubword,
		"http://viagranow.example.com":          hasSubword,
		"http://example.com/cam":                fine,
		"http://example.com/cam/cam":            fine,
		"http://example.com/cam/Girl":           tooSoft,
		"http://example.com/teen/cam/via/gra":   tooSoft,
		"http://example.com/teen/casino/viagra": hasWord,
		"":                                      fine,
	} {
		if got, _ := apply(t, b, []byte(url)); got[0] != want {
			t.Errorf("%s: score %v, want %v", url, got[0], want)
		}
	}
}

func TestBadLists(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"a.org\n||b.org^\n":            `:2: "||b.org^" is a rule for ad blockers`,
		"<!DOCTYPE html>\n":            `:1: "<!DOCTYPE html>" is neither a domain nor a URL`,
		"a.org\nsome words here\n":     `:2: "some words here" is neither a domain nor a URL nor a line of a hosts file`,
		"":                             "holds no domain and no URL",
		"# nothing\n":                  "holds no domain and no URL",
		strings.Repeat("x", 1<<17):     ":1: a line of more than 65536 bytes",
		"a.org\n! Title: list\nb.org ": `:2: "! Title: list" is neither`,
	} {
		_, err := readLists([]string{write(t, dir, "list", text)})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%.30q: %v, want %s", text, err, want)
		}
	}
	if _, err := readLists([]string{write(t, dir, "list.gz", "no gzip")}); err == nil || !strings.Contains(err.Error(), "list.gz") {
		t.Errorf("no gzip: %v", err)
	}
	if _, err := readLists([]string{filepath.Join(dir, "none")}); err == nil || !strings.Contains(err.Error(), "name a file of domains") {
		t.Errorf("no file: %v", err)
	}
	if _, err := readLists([]string{dir}); err == nil || !strings.Contains(err.Error(), "neither a file domains nor a file urls") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := NewBlocklist(stages.Common{}, DefaultBlocklist()); err == nil || !strings.HasPrefix(err.Error(), "lists is missing") {
		t.Errorf("no list: %v", err)
	}
	if _, err := NewBlocklist(stages.Common{}, Blocklist{Lists: []string{"x"}}); err == nil || !strings.HasPrefix(err.Error(), "soft_threshold = 0") {
		t.Errorf("no threshold: %v", err)
	}
}

var marks = regexp.MustCompile("[^a-zA-Z0-9]+")

// literal reads the rules about words as datatrove has them, slowly, but for capitals.
func literal(url string, hard, soft, sub []string, threshold int) float64 {
	words := map[string]bool{}
	for _, w := range marks.Split(url, -1) {
		words[strings.ToLower(w)] = true
	}
	for _, w := range hard {
		if words[w] {
			return hasWord
		}
	}
	n := 0
	for _, w := range soft {
		if words[w] {
			n++
		}
	}
	if n >= threshold {
		return tooSoft
	}
	for _, w := range sub {
		if strings.Contains(strings.ToLower(marks.ReplaceAllString(url, "")), w) {
			return hasSubword
		}
	}
	return fine
}

func FuzzWords(f *testing.F) {
	f.Add("http://a.bc/ab/c", uint8(2))
	f.Add("a-b/A_B\xffab", uint8(1))
	f.Add("Kelvin \u212a ab", uint8(1))
	hard, soft, sub := []string{"ab", "z9"}, []string{"a", "b", "c"}, []string{"bca", "99"}
	b := &blocklist{Blocklist: DefaultBlocklist(), set: &set{}, hard: map[string]bool{}, soft: map[string]bool{}}
	b.set.seal()
	for _, w := range hard {
		b.hard[w] = true
	}
	for _, w := range soft {
		b.soft[w] = true
	}
	b.sub = scan.NewMatcher([][]byte{[]byte(sub[0]), []byte(sub[1])})
	f.Fuzz(func(t *testing.T, url string, threshold uint8) {
		b.Soft = int64(max(1, threshold))
		var d scan.Document
		d.Reset([]byte(url))
		if got, want := b.Score(&d), literal(url, hard, soft, sub, int(b.Soft)); got != want {
			t.Errorf("%q: %v, want %v", url, got, want)
		}
	})
}

// FuzzMatches holds the set to one string comparison after the other.
func FuzzMatches(f *testing.F) {
	f.Add("a.b\nb/c\nc", "http://x.a.b/")
	f.Add("b/c?d", "b/c?d&e")
	f.Add("b/c", "b/c//")
	f.Add("..", "a..b")
	f.Fuzz(func(t *testing.T, entries, url string) {
		s := &set{}
		var a address
		var all []string
		for e := range strings.SplitSeq(entries, "\n") {
			if a.parse([]byte(e)); a.host > 0 {
				s.add(a.text)
				all = append(all, string(a.text))
			}
		}
		s.seal()
		a.parse([]byte(url))
		host, text := string(a.text[:a.host]), string(a.text)
		want := false
		for _, e := range all {
			isDomain := !strings.ContainsAny(e, "/?\\")
			want = want || e == text || host == e || isDomain && strings.HasSuffix(host, "."+e)
			if rest, ok := strings.CutPrefix(text, e); !isDomain && ok && rest != "" && len(e) > a.host && strings.ContainsRune("/?&;", rune(rest[0])) {
				want = true
			}
		}
		if got := s.matches(&a); got != want {
			t.Errorf("%q in %q: %v, want %v", url, all, got, want)
		}
	})
}

// BenchmarkRead builds a set of a million domains.
func BenchmarkRead(b *testing.B) {
	var text strings.Builder
	const n = 1_000_000
	for i := range n {
		fmt.Fprintf(&text, "site-%d.example%d.com\n", i, i%977)
	}
	path := write(b, b.TempDir(), "domains", text.String())
	b.SetBytes(int64(text.Len()))
	var s *set
	for b.Loop() {
		var err error
		if s, err = readLists([]string{path}); err != nil {
			b.Fatal(err)
		}
	}
	if len(s.hashes) != n {
		b.Fatalf("%d entries", len(s.hashes))
	}
	b.ReportMetric(float64(8*len(s.hashes)+4*len(s.starts))/n, "B/entry")
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	runtime.KeepAlive(s)
}

func BenchmarkScore(b *testing.B) {
	dir := b.TempDir()
	var words strings.Builder
	for i := range 300 {
		fmt.Fprintf(&words, "word%c%d\n", 'a'+i%26, i)
	}
	file := write(b, dir, "words", words.String())
	f := &blocklist{Blocklist: Blocklist{Lists: []string{write(b, dir, "list", listText)}, Words: []string{file}, Subwords: []string{file}, SoftWords: []string{file}, Soft: 2}}
	if err := f.Prepare(context.Background()); err != nil {
		b.Fatal(err)
	}
	var d scan.Document
	url := []byte("https://www.some-newspaper.example.co.uk/articles/2024/05/17/a-title-of-some-length.html?from=front")
	b.SetBytes(int64(len(url)))
	b.ReportAllocs()
	for b.Loop() {
		d.Reset(url)
		if f.Score(&d) != fine {
			b.Fatal("listed")
		}
	}
}
