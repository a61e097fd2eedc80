package clean

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"sluice/stages"
)

// badness returns the regular expression of ftfy.
func badness(t testing.TB) *regexp.Regexp {
	p, err := os.ReadFile("testdata/badness.re")
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(strings.TrimSpace(string(p)))
}

// FuzzBadness compares the automaton, and the jumps over ASCII, with the regular expression.
// Each byte of the input stands for a code point of the tables, and some for a run of ASCII.
func FuzzBadness(f *testing.F) {
	regex := badness(f)
	all := []rune(knownRunes + "本️🙂")
	for _, s := range []string{"", "abc", "Ã ", "x Ã  y", "a Ã", "ГўВЂВ™ s", "œ", "œ\n", "aaaaaaaaa Â «", "à本", "é’本", "\u3000É€", "é“🙂", "abcdefghijé", "éabcdefghij½é", "β€™"} {
		var indices []byte
		for _, r := range s {
			for i, k := range all {
				if k == r {
					indices = append(indices, byte(i), byte(i>>8))
				}
			}
		}
		f.Add(indices)
	}
	f.Fuzz(func(t *testing.T, indices []byte) {
		var text []byte
		for i := 0; i+1 < len(indices); i += 2 {
			n := int(indices[i]) | int(indices[i+1])<<8
			if text = utf8.AppendRune(text, all[n%len(all)]); n > 0xf000 {
				text = append(text, "some words of ASCII"[:n%19]...)
			}
		}
		if got, want := tables().isBad(text), regex.Match(text); got != want {
			t.Errorf("%q is bad: %v, want %v", text, got, want)
		}
	})
}

// Each pair and some triples of classes.
func TestBadness(t *testing.T) {
	regex := badness(t)
	var one [badClasses]rune // of each class
	for i, r := range []rune(knownRunes) {
		if c := knownClasses[i]; one[c] == 0 {
			one[c] = r
		}
	}
	one[classOther], one[classWord] = '🙂', '本'
	check := func(text string) {
		if got, want := tables().isBad([]byte(text)), regex.MatchString(text); got != want {
			t.Errorf("%q is bad: %v, want %v", text, got, want)
		}
	}
	for i, a := range one {
		check(string(a))
		for j, b := range one {
			check(string([]rune{a, b}))
			check(string([]rune{one[(i+3*j)%len(one)], a, b}))
			check("z" + string([]rune{a, b}))
		}
	}
}

// FuzzUnicode wants no panic and an end, whatever the bytes, and that what is
// said to be clean is left alone by the fixes.
func FuzzUnicode(f *testing.F) {
	for _, s := range []string{"", "\xff\xfe", "Ã©\xc3", "&#x110000;&#xd800;&eacute", "\x1b[1;mx", "â€œ\ufffd", "í\u00a0½í²©", "À\n", "ÃƒÂ©", "e\u0301"} {
		f.Add([]byte(s), true, "NFC", int64(5))
	}
	f.Fuzz(func(t *testing.T, text []byte, on bool, form string, length int64) {
		u := DefaultUnicode()
		u.UnescapeHTML, u.FixLatinLigatures, u.FixCharacterWidth, u.UncurlQuotes, u.FixLineBreaks = on, on, on, on, on
		u.Normalization, u.MaxDecodeLength = form, length
		made, err := NewUnicode(stages.Common{Column: "text"}, u)
		if err != nil {
			return
		}
		run(t, made[0].(stages.Mapper), text)
		r, err := newReformatter(u)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ToValidUTF8(text, nil)
		if r.isClean(text, on, true) {
			if got := r.fix(newFixer(r.tables), text, on); !bytes.Equal(got, text) {
				t.Errorf("%q is clean, and becomes %q", text, got)
			}
		}
	})
}
