package scan

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/zeebo/xxh3"
)

// collisions returns how many hashes are equal whose names are not: entries
// are pairs of a hash and another hash of what was hashed.
func collisions(entries [][2]uint64) (n, distinct int) {
	slices.SortFunc(entries, func(a, b [2]uint64) int {
		switch {
		case a[0] < b[0] || a[0] == b[0] && a[1] < b[1]:
			return -1
		case a == b:
			return 0
		}
		return 1
	})
	for i, e := range entries {
		switch {
		case i == 0 || e[0] != entries[i-1][0]:
			distinct++
		case e[1] != entries[i-1][1]:
			n++
		}
	}
	return n, distinct
}

// name hashes what stands in a window of words or runes.
func names[E any](values []E, size int, text func(E) string) (names []uint64) {
	var b []byte
	var ends []int
	for _, v := range values {
		b = append(append(b, text(v)...), 0)
		ends = append(ends, len(b))
	}
	start := 0
	for i := size; i <= len(values); i++ {
		names = append(names, xxh3.Hash(b[start:ends[i-1]]))
		start = ends[i-size]
	}
	return names
}

func TestNoCollisionsInCorpus(t *testing.T) {
	_, texts := corpus(t)
	for _, c := range []struct {
		shingle string
		step    int // every step-th document
	}{{"word:1", 16}, {"word:2", 16}, {"word:5", 4}, {"word:64", 16}, {"char:3", 64}, {"char:24", 32}, {"char:128", 64}, {"char:1000", 64}} {
		s := shingles(t, c.shingle, "").New()
		var entries [][2]uint64
		for i := 0; i < len(texts); i += c.step {
			var n []uint64
			if s.shingles.words {
				n = names(s.words(string(texts[i])), s.shingles.size, func(w string) string { return w })
			} else {
				n = names(slowRunes(string(texts[i])), s.shingles.size, func(r rune) string { return string(r) })
			}
			hashes := s.Append(nil, texts[i])
			for k := range n {
				entries = append(entries, [2]uint64{hashes[k], n[k]})
			}
		}
		n, distinct := collisions(entries)
		t.Logf("%s: %d shingles, %d distinct, %d collisions", c.shingle, len(entries), distinct, n)
		if n > 0 {
			t.Errorf("%s: %d collisions of 64-bit hashes", c.shingle, n)
		}
	}
}

// Texts that a weak hash confuses: all different, of one shingle each.
func regularTexts() map[string][]string {
	texts := make(map[string][]string)
	add := func(shingle, text string) { texts[shingle] = append(texts[shingle], text) }
	for _, size := range []int{1, 2, 3, 24, 64, 128, 1000} {
		shingle := "char:" + strconv.Itoa(size)
		for r := rune(1); r < 3000; r++ {
			add(shingle, strings.Repeat(string(r), size))
		}
		for i := range size { // one other character, and as many of each from there on
			add(shingle, strings.Repeat("a", i)+"b"+strings.Repeat("a", size-1-i))
			add(shingle, strings.Repeat("x", i)+strings.Repeat("y", size-i))
		}
	}
	for i := range 1 << 16 { // numbers, and letters of a small alphabet
		add("word:1", strconv.Itoa(i))
		add("word:1", "w"+strconv.FormatInt(int64(i), 26))
		add("word:1", strings.Repeat("_", 20)+strconv.Itoa(i))
		add("char:16", strings.NewReplacer("0", "a", "1", "b").Replace(strconv.FormatInt(1<<16|int64(i), 2)[1:]))
		add("word:16", strings.NewReplacer("0", "a ", "1", "b ").Replace(strconv.FormatInt(1<<16|int64(i), 2)[1:]))
	}
	for i := range 7776 { // five words of six, in any order
		var b strings.Builder
		for n := i; b.Len() < 10; n /= 6 {
			b.WriteString(string(rune('a'+n%6)) + " ")
		}
		add("word:5", b.String())
	}
	for n := 1; n < 2000; n++ { // fewer than a shingle
		add("char:2000", strings.Repeat("\x00", n))
		add("word:2000", strings.Repeat("a ", n))
	}
	var morse strings.Builder // and its complement: equal under powers modulo 2^64
	for i := range 4096 {
		morse.WriteByte("ab"[ones(i)%2])
	}
	other := strings.NewReplacer("a", "b", "b", "a").Replace(morse.String())
	texts["char:4096"] = []string{morse.String(), other}
	texts["word:4096"] = []string{strings.Join(strings.Split(morse.String(), ""), " "), strings.Join(strings.Split(other, ""), " ")}
	return texts
}

func ones(i int) (n int) {
	for ; i > 0; i /= 2 {
		n += i % 2
	}
	return n
}

// Regular texts neither collide nor lean to any value of a byte of the hash,
// and collide in half a hash as often as chance has it.
func TestRegularTexts(t *testing.T) {
	if underRace {
		t.Skip("hashes a million texts")
	}
	for shingle, texts := range regularTexts() {
		s := shingles(t, shingle, "").New()
		slices.Sort(texts)
		texts = slices.Compact(texts)
		var entries, low, high [][2]uint64
		var counts [8][256]int
		for _, text := range texts {
			hash := s.Append(nil, []byte(text))
			if len(hash) != 1 {
				t.Fatalf("%s: %q has %d shingles", shingle, text, len(hash))
			}
			h, name := hash[0], xxh3.HashString(text)
			entries = append(entries, [2]uint64{h, name})
			low = append(low, [2]uint64{uint64(uint32(h)), name})
			high = append(high, [2]uint64{h >> 32, name})
			for i := range counts {
				counts[i][h>>(8*i)&0xff]++
			}
		}
		n := float64(len(texts))
		if c, _ := collisions(entries); c > 0 {
			t.Errorf("%s: %d collisions in %.0f texts", shingle, c, n)
		}
		chance := n * n / 0x1p33
		for half, entries := range map[string][][2]uint64{"low": low, "high": high} {
			if c, _ := collisions(entries); float64(c) > chance+6*math.Sqrt(chance)+3 {
				t.Errorf("%s: %d collisions in the %s half, %.1f expected", shingle, c, half, chance)
			}
		}
		if len(texts) < 2000 {
			continue
		}
		for i, counts := range counts {
			if chi := chiSquare(counts[:], n); math.Abs(chi-255) > 6*math.Sqrt(2*255) {
				t.Errorf("%s: byte %d has chi-square %.0f, 255 expected", shingle, i, chi)
			}
		}
	}
}

func chiSquare(counts []int, n float64) (chi float64) {
	want := n / float64(len(counts))
	for _, c := range counts {
		chi += (float64(c) - want) * (float64(c) - want) / want
	}
	return chi
}
