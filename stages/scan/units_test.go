package scan

import (
	"fmt"
	"strings"
	"testing"
)

// cutAll writes the units of a text with | between content and end, and / between units.
func cutAll(cut Cut, text string) string {
	var list []string
	for len(text) > 0 {
		content, size := cut([]byte(text))
		list = append(list, text[:content]+"|"+text[content:size])
		text = text[size:]
	}
	return strings.Join(list, "/")
}

func TestCuts(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
		cut              Cut
	}{
		{"lines", "a\nb", "a|\n/b|", CutLine},
		{"no text", "", "", CutLine},
		{"CRLF", "a\r\n\r\nb\r", "a|\r\n/|\r\n/b\r|", CutLine},
		{"empty lines", "\n\n", "|\n/|\n", CutLine},
		{"not UTF-8", "\xff\n\xfe", "\xff|\n/\xfe|", CutLine},

		{"paragraphs", "a\nb\n\nc", "a\nb|\n\n/c|", CutParagraph},
		{"blank lines in front", "\n \na\n", "|\n \n/a|\n", CutParagraph},
		{"white space is blank", "a\n \u3000\t\nb\n\n\n", "a|\n \u3000\t\n/b|\n\n\n", CutParagraph},
		{"CRLF paragraphs", "a\r\n\r\nb", "a|\r\n\r\n/b|", CutParagraph},
		{"only white space", " \n ", "| \n ", CutParagraph},

		{"sentences", "A b. C d? E!", "A b.| /C d?| /E!|", CutSentence},
		{"no mark", "a b", "a b|", CutSentence},
		{"white space around", "  A.  B  ", "|  /A.|  /B|  ", CutSentence},
		{"line feeds end one", "A\nb.\n\nC", "A|\n/b.|\n\n/C|", CutSentence},
		{"closing marks", "\"A.\" (B!) C.’ D", "\"A.\"| /(B!)| /C.’| /D|", CutSentence},
		{"no space", "3.14 a.b? c", "3.14 a.b?| /c|", CutSentence},
		{"a small letter", "e.g. this. But e.g.\nthis", "e.g. this.| /But e.g.|\n/this|", CutSentence},
		{"dots", "A... B?! c… D", "A...| /B?!| /c…| /D|", CutSentence},
		{"wide marks", "一。二！」三", "一。|/二！」|/三|", CutSentence},
		{"other scripts", "क। ख॥ م؟ ن۔", "क।| /ख॥| /م؟| /ن۔|", CutSentence},
		{"bytes of a mark", "é à.\xe2\x80 b", "é à.\xe2\x80 b|", CutSentence},
		{"only marks", "...", "...|", CutSentence},
	} {
		if got := cutAll(c.cut, c.text); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Every byte is in one unit, whatever the text.
func FuzzCuts(f *testing.F) {
	f.Add([]byte("A. b\r\n\r\n \xff。c"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for i, cut := range []Cut{CutLine, CutParagraph, CutSentence} {
			for rest := text; len(rest) > 0; {
				content, size := cut(rest)
				if content < 0 || size <= 0 || content > size || size > len(rest) {
					t.Fatalf("cut %d of %q: %d, %d", i, rest, content, size)
				}
				rest = rest[size:]
			}
		}
	})
}

func BenchmarkCuts(b *testing.B) {
	text := []byte(strings.Repeat(strings.Repeat("Some words of a line, of them 60 bytes or so. ", 3)+"\n\n", 1000))
	for name, cut := range map[string]Cut{"line": CutLine, "paragraph": CutParagraph, "sentence": CutSentence} {
		b.Run(fmt.Sprint(name), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				for rest := text; len(rest) > 0; {
					_, size := cut(rest)
					rest = rest[size:]
				}
			}
		})
	}
}
