package privacy

// email looks for an address around the @ at text[i]: a dot-atom (RFC 5322, section 3.2.3) of up to 64
// bytes, and a [domain]. Of the marks that an atom may have only . _ % + - & and an inner apostrophe count:
// the others are quotes and separators far more often. Quoted local parts and address literals are not
// found. "git@" is the account of a service, not of a person.
func (f *finder) email(i int) {
	const most = 64
	text := f.text
	start := i // where the local part begins
	for j := i; j > 0 && i-j < 2*most; {
		c := text[j-1]
		switch {
		case classes[c]&inWord != 0 || c == '_':
			j--
			start = j
		case c&0xc0 == 0x80 && letter(text, j-2) == 2:
			j -= 2
			start = j
		case c == '.' && j < i && text[j] != '.', c == '-', c == '+', c == '%', c == '&',
			c == '\'' && j < i && letter(text, j) == 1 && classes[at(text, j-2)]&inWord != 0:
			j-- // may be inside, but does not begin it
		default:
			j = 0
		}
	}
	if start == i || i-start > most || text[i-1] == '.' {
		return
	}
	if end := domain(text, i+1); end > i+1 && string(text[start:i]) != "git" {
		f.add(email, start, end)
	}
}
