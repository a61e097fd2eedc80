package scan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// odd are texts that tend to be read wrongly.
var odd = []string{
	"", " ", "\n", "one", "One", "two words", "a b c d e", "a b c d e f", "A-b_c 1.5\r\nx\r\n\r\ny", "___", "_", "x\x00y", "\x00",
	"don't stop", "naïve Café ÀÉÎ", "Straße STRASSE ẞ ß", "İstanbul ISPARTA ıI", "ΟΔΥΣΣΕΥΣ ΣΑΣ Σ ΑΣ. Α'Σ' ΑΣ'Β Σ́ ΑΣ\u0301 ΑΣ\u0301Β",
	"日本語のテキスト、漢字。", "コーヒーーー ｺｰﾋｰ", "中文abc中文 abc中", "ภาษาไทยง่ายนิดเดียว ฿100 ๑๒๓", "ພາສາລາວ", "ភាសាខ្មែរ", "မြန်မာဘာသာ",
	"한국어 단어", "हिन्दी में", "العَرَبِيَّة", "שָׁלוֹם", "e\u0301 é", "👍🏽 ok 👨‍👩‍👧", "１２３ Ⅷ ⅷ ½ ² ٣", "Ⱥ Ⱦ ⱥ ȺȺȺȺȺȺȺȺȺȺȺȺȺȺȺȺȺȺ", "K Å Ω k å ω",
	"𐐀𐐨 𝒜𝒷 𠀀𠀁", "Ǆ ǅ ǆ", "Ა ა Ⴀ", "Ꭰ ꭰ Ᏸ ᏸ", "bad\xffbyte \xc3 \xe2\x82 \xf0\x9f\x91 \xed\xa0\x80 \xc0\x80 end\xc3", "\xff", "\x80\x80\x80\x80\x80",
	"a\u200db", "a\ufeffb", "\ufffd x\ufffdy", "x‿y⁀z", "#hash @at a@b.c http://x.y/z?q=1", strings.Repeat("a", 15) + " " + strings.Repeat("a", 16) + " " + strings.Repeat("a", 17),
	strings.Repeat("a", 32) + " " + strings.Repeat("Ä", 33), strings.Repeat("ab ", 70), strings.Repeat("x", 200), strings.Repeat("é", 200), strings.Repeat("é ", 200),
	strings.Repeat("The quick brown fox, ", 250), strings.Repeat("Быстрая лиса, ", 250), strings.Repeat("敏捷的棕色狐狸", 250), strings.Repeat("Größe über alles ", 250),
	strings.Repeat("a", pieceSize-1) + "é", strings.Repeat("a ", pieceSize/2-1) + "x中y", strings.Repeat("Word", 3*pieceSize), strings.Repeat("Ⱥ", 3*pieceSize),
}

func shingles(t testing.TB, shingle, word string, names ...string) Shingles {
	t.Helper()
	z, err := NewNormalizer(names)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ParseShingles(shingle, word, z)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParseShingles(t *testing.T) {
	for _, c := range []struct{ shingle, word, normalize, want string }{
		{"word:5", "", "", "word:5 hash=1 word=unicode-15.0.0"},
		{"word:5", "unicode", "", "word:5 hash=1 word=unicode-15.0.0"},
		{"word:13", "python", "", "word:13 hash=1 word=python-15.0.0"},
		{"char:24", "", "", "char:24 hash=1"},
		{"char:1", "python", "", "char:1 hash=1"},
	} {
		if got := shingles(t, c.shingle, c.word).String(); got != c.want {
			t.Errorf("%v is %q", c, got)
		}
	}
	if shingles(t, "word:5", "", "lower", "nfkc") != shingles(t, "word:5", "unicode", "nfkc", "lower") {
		t.Error("equal settings are not equal")
	}
	if got := shingles(t, "char:9", "", "whitespace", "nfkc").String(); !strings.HasPrefix(got, "char:9 hash=1 normalize=nfkc,whitespace-") {
		t.Error(got)
	}
	for _, bad := range [][2]string{{"", ""}, {"word", ""}, {"word:", ""}, {"word:0", ""}, {"word:-1", ""}, {"line:3", ""}, {"char:x", ""}, {"word:5", "Unicode"}, {"word:5 ", ""}} {
		if _, err := ParseShingles(bad[0], bad[1], Normalizer{}); err == nil || strings.Count(err.Error(), "\n") != 1 {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestWordsOfOddTexts(t *testing.T) {
	needsUnicode(t)
	for rule, name := range []string{"unicode", "python"} {
		s := shingles(t, "word:5", name).New()
		for _, text := range odd {
			if got, want := s.words(text), slowTextWords(text, wordRule(rule)); !slices.Equal(got, want) {
				t.Errorf("%s: %.60q\nhas %.300q\nwant %.300q", name, text, got, want)
			}
		}
	}
}

// What the rules are about, without an oracle.
func TestWords(t *testing.T) {
	for _, c := range []struct{ word, text, want string }{
		{"unicode", "Don't STOP_me 3x!", "don t stop_me 3x"},
		{"unicode", "日本語のabc、コード", "日 本 語 の abc コ ー ド"},
		{"unicode", "ไทย๑ ฿", "ไ ท ย ๑"},
		{"unicode", "İI e\u0301x ΟΔΟΣ ẞ K x‿y", "ii e\u0301x οδοσ ß k x‿y"},
		{"python", "İI e\u0301x ΟΔΟΣ ΣΑ ẞ K x‿y x_y", "i i e x οδος σα ß k x y x_y"},
		{"python", "日本語のabc、हिन्दी", "日本語のabc ह न द"},
		{"unicode", "हिन्दी a\xffb", "हिन्दी a b"},
		{"python", "½ ² ٣ Ⅷ", "½ ² ٣ ⅷ"},
	} {
		if got := strings.Join(shingles(t, "word:5", c.word).New().words(c.text), " "); got != c.want {
			t.Errorf("%s: %q has words %q, want %q", c.word, c.text, got, c.want)
		}
	}
}

func TestShinglesOfOddTexts(t *testing.T) {
	needsUnicode(t)
	for _, shingle := range []string{"word:1", "word:2", "word:5", "word:64", "word:300", "char:1", "char:24", "char:128", "char:1000"} {
		for _, word := range []string{"unicode", "python"} {
			z := shingles(t, shingle, word)
			s := z.New()
			for _, text := range odd {
				if len(text) > 1500 && (z.size > 24 || underRace) {
					text = text[:1500] // the oracle takes long
				}
				sameShingles(t, s, text)
			}
		}
	}
	s := shingles(t, "word:2", "", "punctuation", "digits").New()
	sameShingles(t, s, "Don't 1,2 3!")
	if got, want := s.Append(nil, []byte("a'b, 12!")), s.Append(nil, []byte("AB 99")); !slices.Equal(got, want) || len(got) != 1 {
		t.Errorf("normalised: %x, want %x", got, want)
	}
}

// sameShingles compares with the oracle, and leaves what stands in dst.
func sameShingles(t *testing.T, s *Shingler, text string) {
	t.Helper()
	want := slowShingles(text, s.shingles)
	for _, vectors := range []bool{false, hasAVX2} {
		s.useVectors(vectors)
		if got := s.Append([]uint64{7}, []byte(text)); got[0] != 7 || !slices.Equal(got[1:], want) {
			t.Errorf("%s of %.60q, vectors %t:\n%.10x\nwant %.10x", s.shingles, text, vectors, got[1:], want)
		}
	}
}

func TestLongLine(t *testing.T) {
	long := 1 << 20
	if underRace {
		long = 1 << 16
	}
	for _, text := range []string{
		strings.Repeat("a", 10*long), strings.Repeat("lorem Ipsum dolor ", 10*long/18), strings.Repeat("Ȿ", long/4), strings.Repeat("汉", long/4),
		strings.Repeat("Σ", long/4), "Σ" + strings.Repeat(".", long), strings.Repeat("\x80", long),
	} {
		for _, word := range []string{"unicode", "python"} {
			s := shingles(t, "word:5", word).New()
			got := s.Append(nil, []byte(text))
			if words := len(s.words(text)); len(got) != max(min(words, 1), words-4) {
				t.Errorf("%.20q... has %d shingles and %d words", text, len(got), words)
			}
		}
		s := shingles(t, "char:24", "").New()
		if got, want := len(s.Append(nil, []byte(text))), CodePoints([]byte(text))-23; got != want {
			t.Errorf("%.20q... has %d shingles, want %d", text, got, want)
		}
	}
}

func FuzzShingles(f *testing.F) {
	for _, text := range odd {
		f.Add(text[:min(len(text), 300)], 5)
	}
	f.Fuzz(func(t *testing.T, text string, size int) {
		needsUnicode(t)
		size = max(1, min(size, 100))
		for _, shingle := range []string{"word", "char"} {
			for _, word := range []string{"unicode", "python"} {
				sameShingles(t, shingles(t, fmt.Sprintf("%s:%d", shingle, size), word).New(), text)
			}
		}
		z := shingles(t, "word:3", "", "nfkc", "punctuation", "whitespace")
		sameShingles(t, z.New(), text)
	})
}

// Nothing is allocated once the scratch has grown.
func TestAppendAllocatesNothing(t *testing.T) {
	var texts [][]byte
	for _, text := range odd {
		texts = append(texts, []byte(text))
	}
	for _, shingle := range []string{"word:5", "char:24", "word:128"} {
		s := shingles(t, shingle, "").New()
		var dst []uint64
		work := func() {
			for _, text := range texts {
				dst = s.Append(dst[:0], text)
			}
		}
		work()
		if n := testing.AllocsPerRun(10, work); n != 0 {
			t.Errorf("%s allocates %v times", shingle, n)
		}
	}
}
