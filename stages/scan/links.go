package scan

import "bytes"

// Links returns the links of the text that NeMo Curator's regular expression
// matches,
//
//	https?://(?:[A-Za-z0-9$\-_@.&+/:=?#~]|[!*\(\),]|(?:%[0-9A-Fa-f]{2}))+
func (d *Document) Links() []Span {
	if !d.first(links, &d.scans.Links) {
		return d.links
	}
	d.links = d.links[:0]
	for at := 0; ; {
		n := Index(d.text[at:], []byte("://"))
		if n < 0 {
			return d.links
		}
		start, i := at+n, at+n+len("://")
		switch before := d.text[at:start]; {
		case bytes.HasSuffix(before, []byte("http")):
			start -= len("http")
		case bytes.HasSuffix(before, []byte("https")):
			start -= len("https")
		default:
			at = i
			continue
		}
		end := linkEnd(d.text, i)
		if end > i {
			d.links = append(d.links, Span{uint32(start), uint32(end)})
		}
		at = end
	}
}

// linkEnd returns where the link whose scheme ends at text[i:] ends.
func linkEnd(text []byte, i int) int {
	for i < len(text) {
		switch {
		case inLink[text[i]]:
			i++
		case text[i] == '%' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]):
			i += 3
		default:
			return i
		}
	}
	return i
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }

var inLink = newInLink()

func newInLink() (t [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789$-_@.&+/:=?#~!*(),") {
		t[c] = true
	}
	return t
}
