package scan

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// Assembly says of each byte, at each place in a block, what the plain Go does, and that what
// the tables of characters do.
func TestByteClasses(t *testing.T) {
	for c := range 256 {
		for _, n := range []int{1, 63, 64, 65, 130} {
			text := bytes.Repeat([]byte{byte(c)}, n)
			sameClasses(t, text)
			blocks, _ := appendByteClasses(nil, text, false)
			bit := func(is uint64) bool { return is&1 != 0 }
			b := blocks[0]
			if bit(b.space) != asciiSpace[c] || bit(b.wide) != (c >= 0x80) || bit(b.hash) != (c == '#') || bit(b.lineFeed) != (c == '\n') || bit(b.alphabetic) != ('a' <= c|0x20 && c|0x20 <= 'z') {
				t.Errorf("byte %#x is %+v", c, b)
			}
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		text := make([]byte, r.IntN(300))
		for i := range text {
			text[i] = byte(r.Uint32() >> (r.IntN(3) + 24)) // letters more often than others
		}
		sameClasses(t, text)
	}
}

func sameClasses(t *testing.T, text []byte) {
	t.Helper()
	want, counts := appendByteClasses(nil, text, false)
	if !hasAVX2 {
		return
	}
	if got, n := appendByteClasses(nil, text, true); !slices.Equal(got, want) || n != counts {
		t.Fatalf("%q: %x, %+v\nwant %x, %+v", text, got, n, want, counts)
	}
}

// slowCharacters is the doc comment of Characters, for ASCII.
func slowCharacters(text []byte) (c Characters) {
	c.ASCII = true
	for _, b := range text {
		c.CodePoints++
		count := func(n *int, set string) {
			if bytes.IndexByte([]byte(set), b) >= 0 {
				*n++
			}
		}
		const digits, letters = "0123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		count(&c.Basic, letters+digits+"\n?!,.")
		count(&c.Digits, digits)
		count(&c.Alphabetic, letters)
		count(&c.Space, "\t\n\r\b ")
		count(&c.Parentheses, "{}[]()")
	}
	return c
}

func TestCharactersOfASCII(t *testing.T) {
	var d Document
	for n := range 3 * 128 {
		var text []byte
		for i := range n {
			text = append(text, byte(n+i)&0x7f)
		}
		d.Reset(text)
		if got, want := *d.Characters(), slowCharacters(text); got != want {
			t.Fatalf("%q: %+v, want %+v", text, got, want)
		}
	}
}

// Words that begin, end and go on at each place in a block are those that fields of white space are.
func TestWordsOfBlocks(t *testing.T) {
	var d Document
	for _, fill := range []string{"x", "é", "1#"} {
		for before := range 70 {
			for _, size := range []int{1, 63, 64, 65, 128, 200} {
				text := bytes.Repeat([]byte(" "), before)
				text = append(append(text, bytes.Repeat([]byte(fill), size)...), "\u00a0a#\x1f"...)
				d.Reset(text)
				w := d.Words()
				if len(w) != 2 || int(w[0].Start) != before || int(w[0].End) != before+size*len(fill) || !w[1].Hash() || !w[1].Alphabetic() ||
					w[0].CodePoints() != CodePoints([]byte(fill))*size || w[0].Hash() != (fill == "1#") || w[0].Alphabetic() != (fill != "1#") {
					t.Fatalf("%q: %v", text, w)
				}
			}
		}
	}
}
