package privacy

import "bytes"

// schemes are those of links that lead somewhere.
var schemes = set("http", "https", "ftp", "ftps", "sftp", "ssh", "ws", "wss", "git", "rtsp", "ldap", "smb")

// link looks for a link with a scheme that ends before the :// at text[i:] (RFC 3986). Its host begins
// with a letter, a digit, or the bracket of an IPv6 address.
func (f *finder) link(i int) {
	var buffer [8]byte
	start := i
	for i-start < len(buffer) && classes[at(f.text, start-1)]&inWord != 0 {
		start--
	}
	scheme := buffer[:copy(buffer[:], f.text[start:i])]
	for k := range scheme {
		scheme[k] |= 0x20
	}
	if !schemes[string(scheme)] || classes[at(f.text, start-1)]&inWord != 0 || start < f.urlEnd {
		return
	}
	if host := i + len("://"); letter(f.text, host) > 0 || at(f.text, host) == '[' {
		if end := linkEnd(f.text, host); end > host {
			f.add(url, start, end)
			f.urlEnd = end
		}
	}
}

// www looks for a link without a scheme at text[start:], whose host begins with "www." and ends in a
// top-level domain.
func (f *finder) www(start int) {
	text := f.text
	if text[start]|0x20 != 'w' || text[start+1]|0x20 != 'w' || text[start+2]|0x20 != 'w' {
		return
	}
	switch at(text, start-1) {
	case '_', '.', '-', '/', '@':
		return
	}
	end := domain(text, start+len("www."))
	if end == start+len("www.") {
		return
	}
	if c := at(text, end); c == '/' || c == '?' || c == '#' || c == ':' && classes[at(text, end+1)]&isDigit != 0 {
		end = linkEnd(text, end)
	}
	f.add(url, start, end)
	f.urlEnd = end
}

// linkEnd returns where the link goes on to that has reached text[i:]. A bracket that was not opened
// within ends it; marks of the sentence around it do not belong to it.
func linkEnd(text []byte, i int) int {
	end, round, square := i, 0, 0
	for i < len(text) {
		n := letter(text, i)
		if n == 0 {
			switch c := text[i]; {
			case c == '(':
				round++
			case c == ')':
				if round--; round < 0 {
					return end
				}
			case c == '[':
				square++
			case c == ']':
				if square--; square < 0 {
					return end
				}
			case bytes.IndexByte([]byte("-_.~%:/?#@!$&*+,;="), c) < 0:
				return end
			}
			n = 1
		}
		i += n
		if bytes.IndexByte([]byte(".,:;!?*_~([&"), text[i-1]) < 0 {
			end = i
		}
	}
	return end
}
