package privacy

import (
	"bytes"
	"cmp"
	"slices"
)

// An entity is a kind of personal data.
type entity uint8

// The order is that of precedence between findings of the same bytes.
const (
	secret entity = iota
	url
	email
	iban
	card
	wallet
	mac
	ip
	ssn
	phone
	entityCount
)

// entityNames are the names in job files, by entity.
var entityNames = [entityCount]string{
	"secret", "url", "email", "iban", "card", "wallet", "mac", "ip", "ssn", "phone",
}

// A finding is an entity at text[start:end].
type finding struct {
	start, end int
	entity     entity
}

// A finder finds entities in one text after the other. It belongs to one goroutine.
//
// One pass cuts the text into words, runs of ASCII letters and digits, and what lies
// between. A recogniser starts where a word or a mark could belong to its entity, and reads
// from there, forwards and backwards, no further than the longest entity is.
type finder struct {
	want  [entityCount]bool
	text  []byte
	found []finding
	// Where the last link and secret end: none begins within another one.
	urlEnd, secretEnd int
	noKeyEnd          int // no private key ends before
}

// find returns what is in the text, in order and without overlaps. Of findings that overlap the one that
// begins first stays, of those that begin together the longest, of equal ones that of
// the entity declared first. It is valid until the next call.
func (f *finder) find(text []byte) []finding {
	f.text, f.found, f.urlEnd, f.secretEnd, f.noKeyEnd = text, f.found[:0], 0, 0, 0
	for i := 0; i < len(text); {
		c := classes[text[i]]
		if c&inWord == 0 {
			if c&isMark != 0 {
				f.mark(i)
			}
			i++
			continue
		}
		start := i
		all := c
		for i++; i < len(text); i++ {
			if c = classes[text[i]]; c&inWord == 0 {
				break
			}
			all |= c
		}
		if all&isDigit != 0 || i-start >= 20 || c&isJoint != 0 {
			f.word(start, i, all)
		}
	}
	f.text = nil
	return f.settle()
}

// add notes a finding.
func (f *finder) add(e entity, start, end int) { f.found = append(f.found, finding{start, end, e}) }

// settle sorts the findings and takes out those that overlap better ones.
func (f *finder) settle() []finding {
	slices.SortFunc(f.found, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end), cmp.Compare(a.entity, b.entity))
	})
	kept, end := f.found[:0], 0
	for _, x := range f.found {
		if x.start >= end {
			kept, end = append(kept, x), x.end
		}
	}
	return kept
}

// mark looks at a byte between words.
func (f *finder) mark(i int) {
	switch f.text[i] {
	case '@':
		if f.want[email] {
			f.email(i)
		}
	case ':':
		if f.want[url] && i >= f.urlEnd && at(f.text, i+1) == '/' && at(f.text, i+2) == '/' {
			f.link(i)
		}
		if f.want[secret] {
			f.assigned(i)
		}
	case '=':
		if f.want[secret] {
			f.assigned(i)
		}
	case '-':
		if f.want[secret] && at(f.text, i+1) == '-' && bytes.HasPrefix(f.text[i:], []byte(keyBegins)) {
			f.privateKey(i)
		}
	}
}

// word looks at the word text[start:end], whose bytes have the classes all.
func (f *finder) word(start, end int, all class) {
	next := at(f.text, end)
	if f.want[secret] && start >= f.secretEnd {
		f.token(start, end)
	}
	if f.want[url] && next == '.' && end-start == 3 && start >= f.urlEnd {
		f.www(start)
	}
	before := at(f.text, start-1)
	if classes[before]&inWord != 0 || before == '_' {
		return // unreachable for a letter; names such as x_123
	}
	switch {
	case end-start == 2 && (next == ':' || next == '-') && f.want[mac]:
		f.mac(start, next)
	case end-start == 4 && next == '.' && f.want[mac]:
		f.dottedMAC(start)
	}
	if next == ':' && end-start <= 4 && all&notHex == 0 && f.want[ip] {
		f.ipv6(start)
	}
	if end-start >= 25 && (f.want[wallet] || f.want[secret]) {
		f.wallet(start, end)
	}
	if all&isDigit == 0 {
		return
	}
	if classes[f.text[start]]&isDigit != 0 && all == inWord|isDigit {
		f.number(start, end)
	}
	if f.want[iban] && all&isUpper != 0 && end-start >= 4 {
		f.iban(start, end)
	}
}

// at returns text[i], and 0 beyond the ends.
func at(text []byte, i int) byte {
	if i < 0 || i >= len(text) {
		return 0
	}
	return text[i]
}

// A class says what a byte may be part of.
type class uint16

const (
	inWord      class = 1 << iota // an ASCII letter or digit
	isDigit                       // 0 to 9
	isUpper                       // A to Z
	isLower                       // a to z
	notHex                        // of a word, but no hexadecimal digit
	isMark                        // mark looks at it
	isJoint                       // word looks at a word before it
	inSeparator                   // may begin what parts groups of digits
)

var classes = newClasses()

func newClasses() (t [256]class) {
	for c := byte('0'); c <= '9'; c++ {
		t[c] = inWord | isDigit
	}
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = inWord|isLower, inWord|isUpper
		if c > 'f' {
			t[c] |= notHex
			t[c-'a'+'A'] |= notHex
		}
	}
	for _, c := range []byte("@:=-") {
		t[c] |= isMark
	}
	for _, c := range []byte(":-_.") {
		t[c] |= isJoint
	}
	for _, c := range []byte(" -./()\xc2\xe2") {
		t[c] |= inSeparator
	}
	return t
}

// alone says that no letter, digit or underscore touches text[start:end], and no point, hyphen or
// the like ties it to one: it is no part of a longer name or number.
func alone(text []byte, start, end int) bool {
	return !tied(at(text, start-1), at(text, start-2)) && !tied(at(text, end), at(text, end+1))
}

// tied says that a byte, or it with the one beyond it, continues a name or number.
func tied(c, beyond byte) bool {
	switch {
	case classes[c]&inWord != 0 || c == '_':
		return true
	case c == '.' || c == '-' || c == '/':
		return classes[beyond]&isDigit != 0 || c == '-' && classes[beyond]&inWord != 0
	}
	return false
}

// labelled says that the word before text[i:] on the line, or one of the three before it where
// those are fillers ("phone number is 12"), is a key of labels.
func labelled(text []byte, i int, labels map[string]bool) bool {
	var buffer [16]byte
	for range 4 {
		for gap := 0; ; gap++ {
			c := at(text, i-1)
			if classes[c]&inWord != 0 {
				break
			}
			if c == 0 || c == '\n' || c >= 0x80 || gap == 6 {
				return false
			}
			i--
		}
		word := buffer[:0]
		for classes[at(text, i-1)]&inWord != 0 {
			i--
			if len(word) == len(buffer) {
				return false
			}
			word = append(word, text[i]|0x20)
		}
		slices.Reverse(word)
		if labels[string(word)] {
			return true
		}
		if !fillers[string(word)] {
			return false
		}
	}
	return false
}

var fillers = set("number", "numbers", "no", "nr", "num", "is", "us", "at", "on", "of", "the", "from", "to", "our", "my", "or", "and", "value", "security")

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}
