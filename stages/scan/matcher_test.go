package scan

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// FuzzMatcher holds the automaton to a search for one phrase after the other.
func FuzzMatcher(f *testing.F) {
	f.Add("he she his hers", "usHers")
	f.Add("a aa aaa", "aaaa")
	f.Add("日本 本", "日本語の本")
	f.Add("", "x")
	f.Add("\xff\xfe \xfe", "\xff\xfe\xfe")
	f.Fuzz(func(t *testing.T, list, text string) {
		var phrases [][]byte
		for _, p := range strings.Split(list, " ") {
			phrases = append(phrases, bytes.Map(func(r rune) rune {
				if 'A' <= r && r <= 'Z' {
					return r | 0x20
				}
				return r
			}, []byte(p)))
		}
		low := []byte(text)
		for i, c := range low {
			if 'A' <= c && c <= 'Z' {
				low[i] |= 0x20
			}
		}
		var want, got []string
		for end := 1; end <= len(low); end++ {
			for start := range end {
				if slices.ContainsFunc(phrases, func(p []byte) bool { return bytes.Equal(p, low[start:end]) }) {
					want = append(want, fmt.Sprint(start, " ", end))
				}
			}
		}
		NewMatcher(phrases).Find([]byte(text), func(start, end int) bool {
			got = append(got, fmt.Sprint(start, " ", end))
			return false
		})
		if !slices.Equal(got, want) {
			t.Errorf("%q in %q: %v, want %v", phrases, text, got, want)
		}
	})
}

func BenchmarkMatcher(b *testing.B) {
	var phrases [][]byte
	for i := range 400 {
		phrases = append(phrases, fmt.Appendf(nil, "%c%c%d word", 'a'+i%26, 'a'+i/26, i))
	}
	m := NewMatcher(phrases)
	text := bytes.Repeat([]byte("The quick brown fox jumps over the lazy dog, and a word of it. "), 1000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		m.Find(text, func(int, int) bool { return true })
	}
}
