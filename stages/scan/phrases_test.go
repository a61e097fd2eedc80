package scan

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// Phrases at each place of a text, and such that are there but for a byte.
func TestIndex(t *testing.T) {
	for _, phrase := range []string{"", "a", "://", "lorem ipsum", "  ", "aaaa", "é ‘", strings.Repeat("of the ", 20)} {
		for _, fill := range []string{".", "a", "lorem ", "о "} {
			for n := range 200 {
				filler := strings.Repeat(fill, n)
				for _, text := range []string{filler, filler + phrase, filler + phrase + filler, phrase + filler, filler + phrase[:len(phrase)/2] + filler + phrase} {
					sameIndex(t, text, phrase)
				}
			}
		}
	}
	r := rand.New(rand.NewPCG(5, 6))
	for range 20000 {
		text := make([]byte, r.IntN(400))
		for i := range text {
			text[i] = "ab c"[r.IntN(4)]
		}
		sameIndex(t, string(text), string(text[len(text)-min(len(text), r.IntN(6)):]))
	}
}

func sameIndex(t *testing.T, text, phrase string) {
	t.Helper()
	if got, want := Index([]byte(text), []byte(phrase)), strings.Index(text, phrase); got != want {
		t.Fatalf("%q in %q: %d, want %d", phrase, text, got, want)
	}
	if phrase == "" {
		return
	}
	if got, want := occurrences([]byte(text), []byte(phrase)), strings.Count(text, phrase); got != want {
		t.Fatalf("%q in %q: %d times, want %d", phrase, text, got, want)
	}
}

func TestSmallLetters(t *testing.T) {
	var text []byte
	for i := range 256 {
		text = append(text, byte(i))
	}
	for n := range 256 {
		want := bytes.Clone(text[n:])
		for i, c := range want {
			if 'A' <= c && c <= 'Z' {
				want[i] |= 0x20
			}
		}
		if got := AppendSmall([]byte("Before"), text[n:]); string(got) != "Before"+string(want) {
			t.Fatalf("from %d: %q, want %q", n, got, want)
		}
	}
	if got := string(appendFolded(nil, []byte(strings.Repeat("COO\u212aIE ", 20)))); got != strings.Repeat("cookie ", 20) {
		t.Errorf("Kelvin signs: %q", got)
	}
}

func BenchmarkIndex(b *testing.B) {
	text := []byte(strings.Repeat("the quick brown fox, could it be private or cooked? ", 100))
	for _, phrase := range []string{"://", "cookie", "terms of use"} {
		b.Run(phrase, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Index(text, []byte(phrase))
			}
		})
	}
}
