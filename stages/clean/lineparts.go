package clean

// cutLine cuts off the first line of a text, at the ends of lines that Python's splitlines knows.
func cutLine(text []byte) (line, rest []byte) {
	for i := 0; i < len(text); i++ {
		if !mayEndLine[text[i]] {
			continue
		}
		size := 0
		switch c := text[i]; {
		case c == '\r' && i+1 < len(text) && text[i+1] == '\n':
			size = 2
		case '\n' <= c && c <= '\r', 0x1c <= c && c <= 0x1e:
			size = 1
		case c == 0xc2 && i+1 < len(text) && text[i+1] == 0x85:
			size = 2
		case c == 0xe2 && i+2 < len(text) && text[i+1] == 0x80 && (text[i+2] == 0xa8 || text[i+2] == 0xa9):
			size = 3
		default:
			continue
		}
		return text[:i], text[i+size:]
	}
	return text, nil
}

// mayEndLine has the bytes that ends of lines begin with.
var mayEndLine = [256]bool{'\n': true, '\v': true, '\f': true, '\r': true, 0x1c: true, 0x1d: true, 0x1e: true, 0xc2: true, 0xe2: true}

// appendLine appends a line behind those that are there.
func appendLine(dst, line []byte, first bool) []byte {
	if !first {
		dst = append(dst, '\n')
	}
	return append(dst, line...)
}
