package url

import (
	"bytes"

	"golang.org/x/net/idna"
)

// An address is a URL as lists know it: the host, and what follows it, in small letters. It keeps its memory
// for the next one.
type address struct {
	text []byte // host and rest
	host int    // length of the host

	squeezed []byte   // the letters and digits of the URL
	seen     [][]byte // different words, of a list, that it has
}

// see notes a word.
func (a *address) see(word []byte) {
	for _, s := range a.seen {
		if bytes.Equal(s, word) {
			return
		}
	}
	a.seen = append(a.seen, bytes.Clone(word)) // few URLs have any
}

// lookup makes Punycode of names of other letters, and takes what is no proper name as it is.
var lookup = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.VerifyDNSLength(false))

// parse takes an URL apart. It takes anything.
func (a *address) parse(url []byte) {
	url = bytes.TrimSpace(url)
	if i := bytes.IndexByte(url, '#'); i >= 0 {
		url = url[:i]
	}
	if i := bytes.IndexAny(url, "/?"); i > 0 && url[i-1] == ':' && bytes.HasPrefix(url[i:], []byte("//")) {
		url = url[i+2:]
	} else if i == 0 && bytes.HasPrefix(url, []byte("//")) {
		url = url[2:]
	}
	end := len(url)
	if i := bytes.IndexAny(url, "/?\\"); i >= 0 {
		end = i
	}
	host, rest := url[:end], url[end:]
	if i := bytes.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	if i := bytes.LastIndexByte(host, ':'); i >= 0 && digits(host[i+1:]) && (host[0] == '[' || bytes.IndexByte(host, ':') == i) {
		host = host[:i]
	}
	host = bytes.TrimRight(host, ".")
	a.text = append(a.text[:0], host...)
	if !ascii(host) && len(host) < 1<<10 {
		if name, err := lookup.ToASCII(string(host)); err == nil {
			a.text = append(a.text[:0], name...)
		}
	}
	lower(a.text)
	if www := []byte("www."); bytes.HasPrefix(a.text, www) && bytes.IndexByte(a.text[len(www):], '.') > 0 {
		a.text = append(a.text[:0], a.text[len(www):]...)
	}
	a.host = len(a.text)
	a.text = append(a.text, rest...)
	lower(a.text[a.host:])
	for len(a.text) > a.host && a.text[len(a.text)-1] == '/' {
		a.text = a.text[:len(a.text)-1]
	}
}

func digits(p []byte) bool {
	for _, c := range p {
		if c < '0' || '9' < c {
			return false
		}
	}
	return true
}

func ascii(p []byte) bool {
	for _, c := range p {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// lower makes the letters A to Z small.
func lower(p []byte) {
	for i, c := range p {
		if 'A' <= c && c <= 'Z' {
			p[i] = c | 0x20
		}
	}
}
