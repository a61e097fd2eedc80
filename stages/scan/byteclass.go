package scan

// A byteBlock says of 64 bytes of a text what they are: a bit each, that of the
// first byte being the lowest. Behind the end of the text there is white space.
type byteBlock struct {
	space      uint64 // white space of ASCII
	alphabetic uint64 // letters of ASCII
	hash       uint64 // number signs
	wide       uint64 // beyond ASCII
	lineFeed   uint64
}

// byteCounts counts characters of ASCII, as Characters does.
type byteCounts struct{ basic, digits, alphabetic, space, parentheses int }

// byteClasses returns the blocks of the text. Characters, words and lines are made of
// them.
func (d *Document) byteClasses() []byteBlock {
	if d.found&classified == 0 {
		d.found |= classified
		d.blocks, d.counts = appendByteClasses(d.blocks[:0], d.text, hasAVX2)
	}
	return d.blocks
}

func appendByteClasses(dst []byteBlock, text []byte, vectors bool) (blocks []byteBlock, counts byteCounts) {
	n := (len(text) + blockSize - 1) / blockSize
	blocks = grow(dst, n)[:n]
	whole := len(text) / blockSize
	classify(blocks[:whole], &counts, text[:whole*blockSize], vectors)
	if whole < n {
		var end [blockSize]byte
		left := copy(end[:], text[whole*blockSize:])
		classify(blocks[whole:], &counts, end[:], vectors)
		blocks[whole].space |= ^uint64(0) << left
	}
	return blocks, counts
}

// classify fills in the blocks of a text, and adds to counts. A zero byte counts as nothing.
func classify(blocks []byteBlock, counts *byteCounts, text []byte, vectors bool) {
	if vectors && len(blocks) > 0 {
		classifyAVX2(&blocks[0], counts, text)
		return
	}
	for k := range blocks {
		var b byteBlock
		var packed uint64
		for i, c := range text[k*blockSize:][:blockSize] {
			packed += asciiCounts[c]
			is := uint64(asciiInWord[c])
			b.space |= is & 1 << i
			b.alphabetic |= is >> 1 & 1 << i
			b.hash |= is >> 2 & 1 << i
			b.wide |= is >> 3 & 1 << i
			b.lineFeed |= is >> 4 & 1 << i
		}
		blocks[k] = b
		counts.basic += int(packed >> countBasic & mostCounted)
		counts.digits += int(packed >> countDigits & mostCounted)
		counts.alphabetic += int(packed >> countAlphabetic & mostCounted)
		counts.space += int(packed >> countSpace & mostCounted)
		counts.parentheses += int(packed >> countParentheses & mostCounted)
	}
}
