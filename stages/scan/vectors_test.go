package scan

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The bits of shingle hashes are part of saved files. Whoever changes one of
// these changes the version in Shingles.String.
func TestVectors(t *testing.T) {
	for _, c := range []struct {
		shingle, word, text string
		want                []uint64
	}{
		{"word:1", "", "a", []uint64{0x1de6c63ac32adcca}},
		{"word:1", "", "A sixteen_letters_ Seventeen_letters thirty-three_letters_are_in_this_wordy", []uint64{0x1de6c63ac32adcca, 0xf88f0579ef4296f1, 0xeda72a4efb10b192, 0x064f02b80a77f7bb, 0x208e2374ec037e4b}},
		{"word:2", "", "one TWO, three", []uint64{0x98eaaf7954b82277, 0x14dbf977ebd3a2f9}},
		{"word:5", "", "the quick brown fox jumps over", []uint64{0x0280b70e43e39276, 0x3a70232322bc66db}},
		{"word:5", "", "only two", []uint64{0x8f87a321616063ef}},
		{"word:5", "", "Größe ÜBER Åse, Быстрая лиса!", []uint64{0x6863ba9b0964c3fa}},
		{"word:5", "", "日本語abcไทย", []uint64{0xa6905f0e8e982250, 0x2a78aca2a198e4a2, 0x3b1b26b1cae234dd}},
		{"word:5", "", "x\xffy İ ΣΑΣ e\u0301", []uint64{0xf246c51e536706b7}},
		{"word:5", "python", "x\xffy İI ΣΑΣ e\u0301", []uint64{0xfcdf480e50230981, 0x4c285b1e632eecb0}},
		{"word:2000", "", "a b a b", []uint64{0x372addb9b6719038}},
		{"char:1", "", "a\x00", []uint64{0x4f5da978776a9db1, 0xe220a8397b1dcdaf}},
		{"char:3", "", "Aé中👍\xff", []uint64{0x257d429e3082fadb, 0x4545730a63918ed6, 0xf1af8fe3ec8fcb0d}},
		{"char:24", "", "The quick brown fox jumps", []uint64{0xf1ad9aff70d02d20, 0x787269d3e504a894}},
		{"char:24", "", "short", []uint64{0xb51c5c7e8c30214b}},
	} {
		if got := shingles(t, c.shingle, c.word).New().Append(nil, []byte(c.text)); !slices.Equal(got, c.want) {
			t.Errorf("%s %s %q: %#016x, want %#016x", c.shingle, c.word, c.text, got, c.want)
		}
	}
}

// Assembly does what the plain Go beside it does, for long texts too, which
// are more than one piece.
func FuzzAssembly(f *testing.F) {
	if !hasAVX2 {
		f.Skip("no AVX2")
	}
	for _, text := range odd {
		f.Add(text, uint(5), uint(1))
	}
	f.Fuzz(func(t *testing.T, text string, size, times uint) {
		text = strings.Repeat(text, int(times%uint(20000/(len(text)+1)+2)))
		for _, shingle := range []string{"word:", "char:"} {
			s := shingles(t, shingle+strconv.Itoa(int(size%200)+1), "").New()
			got := s.Append(nil, []byte(text))
			s.useVectors(false)
			if want := s.Append(nil, []byte(text)); !slices.Equal(got, want) {
				t.Errorf("%s of %.100q: assembly and Go differ", s.shingles, text)
			}
		}
	})
}

// Every pair of bytes, and three with an e2 in front, at the start of a block,
// in it and over its end.
func TestBlocks(t *testing.T) {
	if !hasAVX2 {
		t.Skip("no AVX2")
	}
	filler := strings.Repeat("Filler Älter Жук’s «x» ", 6)
	s := shingles(t, "word:5", "").New()
	for n := range 1 << 16 {
		if underRace && n%31 > 0 {
			continue
		}
		for _, lead := range []string{"", "\xe2"} {
			if lead != "" && n>>8 != 0x80 && n>>8 != 0x81 {
				continue
			}
			bytes := lead + string([]byte{byte(n >> 8), byte(n)})
			for _, at := range []int{0, 5, 63} {
				sameWords(t, s, filler[:at]+bytes+filler)
			}
		}
	}
	for at := range 140 {
		for _, c := range []string{"É", "Ж", "Р", "Ѐ", "ё", "“", "\u00a0", "×", "ª", "İ", "ⱥ", "中", "👍", "\xff", "\xd0", "Ѡ"} {
			for _, after := range []int{0, 1, 2, 7, 64, 130} {
				sameWords(t, s, filler[at%2:at+at%2]+c+filler[:after])
				sameWords(t, s, strings.Repeat("a", at)+c+strings.Repeat("B", after))
				sameWords(t, s, strings.Repeat(c, at)+strings.Repeat("X"+c, after))
			}
		}
	}
}

// sameWords compares the words that assembly and Go find.
func sameWords(t *testing.T, s *Shingler, text string) {
	t.Helper()
	s.useVectors(true)
	got := s.words(text)
	s.useVectors(false)
	if want := s.words(text); !slices.Equal(got, want) {
		t.Fatalf("%q has words %q, want %q", text, got, want)
	}
}
