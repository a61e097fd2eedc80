package code

import (
	"bytes"
	"strings"

	"github.com/zeebo/xxh3"
	"golang.org/x/net/html"

	"sluice/stages/scan"
)

// A page counts the text of one HTML file after another, by the rules of BeautifulSoup's get_text: what stands
// between two tags is one string; if it is white space of ASCII alone, and not within pre or
// textarea, it is one character. Strings in script, style, template, rt and rp do not count.
// A tag is open until it, or one around it, is closed.
type page struct {
	reader bytes.Reader
	open   []element
	number map[uint64]int // of open elements by name
	kept   int            // of open elements that keep white space
	hidden int            // of those whose strings do not count
}

type element struct {
	name         uint64 // hash
	keeps, hides bool
}

// characters returns the code points of the text.
func (p *page) characters(text []byte) (n int) {
	p.reader.Reset(text)
	p.open, p.kept, p.hidden = p.open[:0], 0, 0
	if p.number == nil {
		p.number = map[uint64]int{}
	}
	clear(p.number)
	z := html.NewTokenizer(&p.reader)
	z.AllowCDATA(true)
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return n
		case html.TextToken:
			if p.hidden == 0 {
				n += p.str(z.Raw())
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			if e := p.begin(name); !e.hides || string(name) == "template" || string(name) == "rt" || string(name) == "rp" {
				z.NextIsNotRawText() // what is in noscript, title and the like has tags, too
			}
			if isVoid(name) {
				p.end(name)
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			p.end(name)
		}
	}
}

func (p *page) begin(name []byte) element {
	e := element{name: xxh3.Hash(name)}
	switch string(name) {
	case "pre", "textarea":
		e.keeps = true
		p.kept++
	case "script", "style", "template", "rt", "rp":
		e.hides = true
		p.hidden++
	}
	p.open = append(p.open, e)
	p.number[e.name]++
	return e
}

// end closes the last open element of a name, and those within it.
func (p *page) end(name []byte) {
	hash := xxh3.Hash(name)
	if p.number[hash] == 0 {
		return
	}
	for {
		e := p.open[len(p.open)-1]
		p.open = p.open[:len(p.open)-1]
		p.number[e.name]--
		if e.keeps {
			p.kept--
		}
		if e.hides {
			p.hidden--
		}
		if e.name == hash {
			return
		}
	}
}

// isVoid knows the elements that have no content.
func isVoid(name []byte) bool {
	switch string(name) {
	case "area", "base", "br", "col", "embed", "hr", "img", "input", "keygen", "link", "menuitem", "meta", "param", "source", "track", "wbr",
		"basefont", "bgsound", "command", "frame", "image", "isindex", "nextid", "spacer":
		return true
	}
	return false
}

// str returns the code points of a string.
func (p *page) str(raw []byte) int {
	if cdata, ok := bytes.CutPrefix(raw, []byte("<![CDATA[")); ok {
		return scan.CodePoints(bytes.TrimSuffix(cdata, []byte("]]>")))
	}
	n := scan.CodePoints(raw)
	if p.kept == 0 && len(bytes.Trim(raw, " \n\t\f\r")) == 0 {
		return min(n, 1)
	}
	for {
		i := bytes.IndexByte(raw, '&')
		if i < 0 {
			return n
		}
		raw = raw[i:]
		size, stands := reference(raw)
		n += stands - size
		raw = raw[size:]
	}
}

// reference returns the length of the character reference that starts text, all of it ASCII, and how many code points it
// stands for. One that is not known stands for itself, without its semicolon.
func reference(text []byte) (size, stands int) {
	i, number := 1, bytes.HasPrefix(text, []byte("&#"))
	hex := number && len(text) > 2 && text[2]|0x20 == 'x'
	if number {
		i = 2
	}
	if hex {
		i = 3
	}
	first := i
	for i < len(text) && inReference(text[i], number, hex, i == first) {
		i++
	}
	if i == first {
		return 1, 1
	}
	end := i
	if i < len(text) && text[i] == ';' {
		i++
	}
	if number {
		return i, 1
	}
	// Of a name that only begins like a known one, the rest stays, and the semicolon.
	known := html.UnescapeString("&" + string(text[1:end]) + ";")
	if !strings.HasSuffix(known, ";") || string(text[1:end]) == "semi" {
		return i, scan.CodePoints([]byte(known))
	}
	return i, end
}

func inReference(b byte, number, hex, first bool) bool {
	digit, letter := '0' <= b && b <= '9', 'a' <= b|0x20 && b|0x20 <= 'z'
	switch {
	case hex:
		return digit || 'a' <= b|0x20 && b|0x20 <= 'f'
	case number:
		return digit
	}
	return letter || !first && (digit || b == '-' || b == '.')
}
