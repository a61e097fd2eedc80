package scan

import (
	"hash/maphash"
)

// A Document is one text and what filters ask of it. Each part (characters,
// words, lines, paragraphs, links, sequences of words) is found when it is
// first asked for, and only once, so that a chain of filters reads the text as
// often as one. It serves one goroutine and one text after another, and keeps
// what it has allocated: in the steady state nothing is allocated for a text.
//
// White space is what Python's str.isspace says, lengths are code points. A
// byte that is not part of a valid code point counts as one.
//
// What its methods return is valid until the next Reset. Words take 12 bytes
// each, sequences of words up to 100 for each word.
type Document struct {
	text  []byte
	found part
	scans Scans
	seed  maphash.Seed

	blocks     []byteBlock
	counts     byteCounts
	chars      Characters
	words      []Word
	ends       []uint32 // of lines
	lines      []Line
	paragraphs []Piece
	repeats    [2]Repeats // of lines, of paragraphs
	links      []Span
	folded     []byte
	sequences  sequences
	table      table
	joined     []byte
}

// A part is a bit for each part of a document that has been found.
type part uint16

const (
	characters part = 1 << iota
	words
	lines
	paragraphs
	repeats
	links
	folded
	lineFeeds
	classified
)

// Scans counts how often documents looked for a part, over all their texts.
type Scans struct{ Texts, Characters, Words, Lines, Paragraphs, Links, Folded int64 }

// A Span is text[Start:End].
type Span struct{ Start, End uint32 }

// kept is how many words' worth of memory a document keeps for the next text.
const kept = 1 << 18

// Reset begins a new text, of less than 4 GiB, which must not change until the
// next Reset.
func (d *Document) Reset(text []byte) {
	d.take(text)
	d.scans.Texts++
}

// Release lets go of the text, after which only Reset may be called.
func (d *Document) Release() { d.take(nil) }

func (d *Document) take(text []byte) {
	if d.seed == (maphash.Seed{}) {
		d.seed = maphash.MakeSeed()
	}
	if cap(d.words) > kept || cap(d.folded) > 16*kept || len(d.table.slots) > 4*kept || cap(d.blocks) > kept/4 {
		*d = Document{seed: d.seed, scans: d.scans}
	}
	d.text, d.found = text, 0
	d.sequences.reset()
}

// Text returns the text.
func (d *Document) Text() []byte { return d.text }

// TakeScans returns what the document has looked for since it was last asked.
func (d *Document) TakeScans() Scans {
	s := d.scans
	d.scans = Scans{}
	return s
}

// Add adds the counts of o.
func (s *Scans) Add(o Scans) {
	s.Texts += o.Texts
	s.Characters += o.Characters
	s.Words += o.Words
	s.Lines += o.Lines
	s.Paragraphs += o.Paragraphs
	s.Links += o.Links
	s.Folded += o.Folded
}

// first says that a part was not asked for before, and counts it.
func (d *Document) first(p part, count *int64) bool {
	if d.found&p != 0 {
		return false
	}
	d.found |= p
	*count++
	return true
}

// At returns the bytes of a span.
func (d *Document) At(s Span) []byte { return d.text[s.Start:s.End] }

// CodePoints returns the number of code points of a span.
func (d *Document) CodePoints(s Span) int {
	switch c := d.Characters(); {
	case c.ASCII:
		return int(s.End - s.Start)
	case c.invalid:
		return CodePoints(d.text[s.Start:s.End])
	}
	return countStarts(d.text[s.Start:s.End])
}
