package scan

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSnippet(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"", 5, ""},
		{"\n\t one\r\n\r\ntwo\x00\x1b[31m three ", 100, "one two [31m three"},
		{"\u00e9\u2028\u6f22\u5b57", 3, "\u00e9 \u6f22"},
		{"ab cd", 3, "ab"},
		{"ab cd", 4, "ab c"},
		{"a\xff\xc3", 9, "a\ufffd\ufffd"},
		{strings.Repeat("\U0001f600", 200), 100, strings.Repeat("\U0001f600", 100)},
		{"a", 0, ""},
	} {
		got := string(AppendSnippet([]byte("> "), []byte(c.text), c.n))
		if got != "> "+c.want {
			t.Errorf("%q to %d: %q, want %q", c.text, c.n, got, c.want)
		}
	}
}

func FuzzSnippet(f *testing.F) {
	f.Add([]byte("a \u2029 b\xff"), 3)
	f.Fuzz(func(t *testing.T, text []byte, n int) {
		s := AppendSnippet(nil, text, n%1000)
		if !utf8.Valid(s) || utf8.RuneCount(s) > max(n%1000, 0) || strings.ContainsAny(string(s), "\n\r\t\u2028") || strings.TrimSpace(string(s)) != string(s) {
			t.Errorf("%q to %d is %q", text, n, s)
		}
	})
}
