package privacy

import "strings"

var topLevel = newTopLevel()

func newTopLevel() map[string]bool {
	m := set(strings.Fields(rootZone)...)
	// For documentation and tests (RFC 2606), and in use inside networks (RFC 6762,
	// RFC 7686, and "internal", which ICANN has set aside).
	for _, name := range []string{"example", "test", "invalid", "local", "onion", "internal"} {
		m[name] = true
	}
	return m
}

// isTopLevel says whether label is a top-level domain, in any case.
func isTopLevel(label []byte) bool {
	var buffer [24]byte // as long as the longest one
	if len(label) < 2 || len(label) > len(buffer) {
		return false
	}
	for i, c := range label {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		buffer[i] = c
	}
	return topLevel[string(buffer[:len(label)])]
}

// domain returns where the domain name that begins at text[start:] ends, start if there is none: labels
// of letters, digits and inner hyphens, up to 63 bytes each and 253 in all (RFC 1035), of which the last
// is a top-level domain. Labels after that are left out, as in "me@example.com.Then". Numbers alone are a
// version ("1.2.dev") unless there is one, as in "163.com".
func domain(text []byte, start int) int {
	end, labels, named := start, 0, false
	for i := start; ; {
		label := i
		letters := false
		for i < len(text) && i-label <= 64 {
			n := letter(text, i)
			if n == 0 {
				if text[i] == '-' && i > label {
					n = 1
				} else {
					break
				}
			}
			letters = letters || classes[text[i]]&isDigit == 0 && text[i] != '-'
			i += n
		}
		hyphen := false
		for i > label && text[i-1] == '-' {
			i--
			hyphen = true
		}
		if i == label || i-label > 63 || i-start > 253 || at(text, i) == '_' {
			return end
		}
		if labels > 0 && (named || labels == 1) && isTopLevel(text[label:i]) {
			end = i
		}
		named = named || letters
		labels++
		if at(text, i) != '.' || hyphen {
			return end
		}
		i++
	}
}

// letter returns the length of the letter or digit at text[i:], 0 if there is none. Letters are those of
// ASCII, and of Latin, Greek and Cyrillic (U+00C0 to U+04FF), which part words by spaces; in a
// text of ideographs nothing parts an address from the words around it.
func letter(text []byte, i int) int {
	c := at(text, i)
	switch {
	case classes[c]&inWord != 0:
		return 1
	case 0xc3 <= c && c <= 0xd3 && at(text, i+1)&0xc0 == 0x80:
		return 2
	}
	return 0
}
