package privacy

// mac looks for an address of IEEE 802 that begins with the two hexadecimal digits at text[i:]: six pairs
// parted by colons or hyphens. With colons there may be eight (EUI-64); eight with hyphens are how .NET
// prints the bytes of a number. All ones is the address of everybody.
func (f *finder) mac(i int, separator byte) {
	text := f.text
	pairs, end, ones := 0, i, true
	for {
		a, b := at(text, end), at(text, end+1)
		if !isHex(a) || !isHex(b) {
			return
		}
		ones = ones && a|0x20 == 'f' && b|0x20 == 'f'
		pairs++
		if end += 2; at(text, end) != separator || !isHex(at(text, end+1)) || !isHex(at(text, end+2)) || pairs == 8 {
			break
		}
		end++
	}
	if (pairs == 6 || pairs == 8 && separator == ':') && !ones && alone(text, i, end) &&
		!afterGroup(text, i) && !(at(text, end) == ':' && isHex(at(text, end+1))) {
		f.add(mac, i, end)
	}
}

// afterGroup says whether a group of up to four hexadecimal digits and a colon end before text[i:].
func afterGroup(text []byte, i int) bool {
	if at(text, i-1) != ':' {
		return false
	}
	n := 0
	for n < 5 && isHex(at(text, i-2-n)) {
		n++
	}
	return 0 < n && n < 5 && classes[at(text, i-2-n)]&inWord == 0
}

// dottedMAC looks for an address in Cisco's form, three groups of four hexadecimal digits with
// points between, one of them a letter.
func (f *finder) dottedMAC(i int) {
	end, letters, ones := i+14, false, true
	if end > len(f.text) {
		return
	}
	for k, c := range f.text[i:end] {
		switch {
		case k == 4 || k == 9:
			if c != '.' {
				return
			}
		case !isHex(c):
			return
		default:
			letters = letters || classes[c]&isDigit == 0
			ones = ones && c|0x20 == 'f'
		}
	}
	if letters && !ones && alone(f.text, i, end) && at(f.text, end) != '.' {
		f.add(mac, i, end)
	}
}

func isHex(c byte) bool { return classes[c]&inWord != 0 && classes[c]&notHex == 0 }

// ipv4 looks for an address in dotted decimals at text[i:]: four numbers up to 255 without leading zeros.
//
// Versions, sections and addresses look alike. These are not taken for an address: what follows a
// word such as "version" or "section"; what names no host, as it begins with 0 or with 224 or more (netmasks,
// multicast), with 127 (loopback), or ends in .0.0 without the length of a prefix; what is followed by a hyphen
// and a letter; and four numbers below 20, of which the first is not 10, unless a prefix length follows or a word such as
// "address" stands before.
func (f *finder) ipv4(i int) {
	text := f.text
	var parts [4]int
	end := i
	for k := range parts {
		digits := end
		for ; classes[at(text, end)]&isDigit != 0; end++ {
			if parts[k] = 10*parts[k] + int(text[end]-'0'); parts[k] > 255 {
				return
			}
		}
		if end == digits || end > digits+1 && text[digits] == '0' {
			return
		}
		if k < 3 {
			if at(text, end) != '.' {
				return
			}
			end++
		}
	}
	switch c, beyond := at(text, end), at(text, end+1); {
	case classes[c]&inWord != 0 || c == '_',
		c == '.' && classes[beyond]&inWord != 0,
		c == '-' && classes[beyond]&(isUpper|isLower) != 0:
		return
	}
	if c, beyond := at(text, i-1), at(text, i-2); c == '_' || c == '.' && classes[beyond]&inWord != 0 || c == '-' && classes[beyond]&(isUpper|isLower) != 0 {
		return
	}
	prefix := at(text, end) == '/' && classes[at(text, end+1)]&isDigit != 0
	switch {
	case parts[0] == 0 || parts[0] >= 224 || parts[0] == 127,
		parts[2] == 0 && parts[3] == 0 && !prefix,
		max(parts[0], parts[1], parts[2], parts[3]) < 20 && parts[0] != 10 && !prefix && !labelled(text, i, hosts),
		labelled(text, i, versions):
		return
	}
	f.add(ip, i, end)
}

// versions are words before numbers with points that are no addresses.
var versions = set("v", "ver", "version", "versions", "fileversion", "productversion", "assemblyversion",
	"release", "releases", "rel", "build", "builds", "rev", "revision", "firmware", "driver", "update",
	"section", "sections", "sec", "chapter", "clause", "appendix", "figure", "table", "paragraph", "oid", "rfc",
	"driverver", "schema", "api", "sdk", "standard", "iso", "iec", "itu", "x")

// hosts are words before an address.
var hosts = set("ip", "ipv4", "ips", "address", "addresses", "ipaddress", "addr", "host", "hosts", "server", "gateway", "nameserver", "dns", "ping", "inet")

// ipv6 looks for an address (RFC 4291) that begins with the hexadecimal digits at text[i:], of global
// (2000::/3), local (fc00::/7) or link scope (fe80::/10). In others, as in ::1, there is no host to hide, and
// a name of C++ such as abc::def is one of them. There is a decimal digit in it.
func (f *finder) ipv6(i int) {
	text := f.text
	if c := at(text, i-1); c == ':' || c == '.' {
		return
	}
	groups, gap, end, decimal := 0, false, i, false
	for {
		digits, value := end, 0
		for end-digits < 4 && isHex(at(text, end)) {
			decimal = decimal || classes[text[end]]&isDigit != 0
			value = value<<4 | hexValue(text[end])
			end++
		}
		if end == digits || isHex(at(text, end)) {
			return
		}
		if groups == 0 && (end-digits < 4 || value>>13 != 1 && value>>9 != 0xfc>>1 && value>>6 != 0xfe80>>6) {
			return
		}
		if groups++; groups == 8 || at(text, end) != ':' {
			break
		}
		if at(text, end+1) == ':' {
			if gap {
				return
			}
			gap = true
			if end += 2; !isHex(at(text, end)) {
				break
			}
			continue
		}
		if !isHex(at(text, end+1)) {
			break // a colon of the sentence
		}
		end++
	}
	c, beyond := at(text, end), at(text, end+1)
	if classes[c]&inWord != 0 || c == '_' || c == ':' && (beyond == ':' || classes[beyond]&inWord != 0 || at(text, end-1) == ':') || c == '.' && classes[beyond]&isDigit != 0 {
		return
	}
	if groups == 1 && (c != '/' || classes[beyond]&isDigit == 0) {
		return // "In 2024::" begins a literal block
	}
	if decimal && (groups == 8 && !gap || groups < 8 && gap) {
		f.add(ip, i, end)
	}
}

func hexValue(c byte) int {
	if c <= '9' {
		return int(c - '0')
	}
	return int(c|0x20-'a') + 10
}
