package scan

import "math/bits"

// A Piece is a part of a text that a separator cuts off.
type Piece = Span

// A Line is a piece between line feeds that holds more than white space.
type Line struct {
	Piece
	First, Last uint32 // text[First:Last] is the line without white space around it
}

// Lines returns the lines that are not blank. A carriage return before the
// line feed belongs to the line.
func (d *Document) Lines() []Line {
	if !d.first(lines, &d.scans.Lines) {
		return d.lines
	}
	d.lines = d.lines[:0]
	at := uint32(0)
	for _, end := range d.lineEnds() {
		line := d.text[at:end]
		if first := skipSpace(line, 0); first < len(line) {
			d.lines = append(d.lines, Line{Span{at, end}, at + uint32(first), at + uint32(trimmedEnd(line))})
		}
		at = end + 1
	}
	return d.lines
}

// Paragraphs returns what stands between pairs of line feeds, as Python's
// text.split("\n\n") does: at least one, and empty ones too.
func (d *Document) Paragraphs() []Piece {
	if !d.first(paragraphs, &d.scans.Paragraphs) {
		return d.paragraphs
	}
	d.paragraphs = d.paragraphs[:0]
	at, ends := uint32(0), d.lineEnds()
	for i, end := range ends {
		if end >= at && i+1 < len(ends) && end+1 == ends[i+1] && int(end)+1 < len(d.text) {
			d.paragraphs = append(d.paragraphs, Span{at, end})
			at = end + 2
		}
	}
	d.paragraphs = append(d.paragraphs, Span{at, uint32(len(d.text))})
	return d.paragraphs
}

// lineEnds returns where line feeds stand, and the end of the text.
func (d *Document) lineEnds() []uint32 {
	if d.found&lineFeeds != 0 {
		return d.ends
	}
	d.found |= lineFeeds
	d.ends = d.ends[:0]
	for k, b := range d.byteClasses() {
		for feeds := b.lineFeed; feeds != 0; feeds &= feeds - 1 {
			d.ends = append(d.ends, uint32(k*blockSize+bits.TrailingZeros64(feeds)))
		}
	}
	d.ends = append(d.ends, uint32(len(d.text)))
	return d.ends
}

// Repeats counts pieces of a text, and the different ones among them.
type Repeats struct {
	Pieces, Distinct               int
	CodePoints, DistinctCodePoints int
}

// RepeatedLines compares the lines of the text, with the white space around them.
func (d *Document) RepeatedLines() Repeats { return d.repeated(0) }

// RepeatedParagraphs compares the paragraphs of the text.
func (d *Document) RepeatedParagraphs() Repeats { return d.repeated(1) }

func (d *Document) repeated(kind int) Repeats {
	list, paras := d.Lines(), d.Paragraphs()
	if d.found&repeats != 0 {
		return d.repeats[kind]
	}
	d.found |= repeats
	d.repeats[0] = d.countRepeats(len(list), func(i uint32) Piece { return list[i].Piece })
	d.repeats[1] = d.countRepeats(len(paras), func(i uint32) Piece { return paras[i] })
	return d.repeats[kind]
}

func (d *Document) countRepeats(n int, piece func(uint32) Piece) Repeats {
	r := Repeats{Pieces: n}
	d.table.reset(n)
	for i := range uint32(n) {
		p := piece(i)
		text, size := d.At(p), d.CodePoints(p)
		r.CodePoints += size
		before := d.table.n
		d.table.number(d.hash(text), func(first uint32) bool { return string(d.At(piece(first))) == string(text) }, i)
		if d.table.n > before {
			r.DistinctCodePoints += size
		}
	}
	r.Distinct = d.table.n
	return r
}
