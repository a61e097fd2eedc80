package format

import (
	"bytes"

	"sluice/stages"
	"sluice/stages/scan"
)

// Text returns the text of row i, good until the next call with b: that of the text
// column where b has it, and otherwise it is read now, from the bytes of the
// row. So who needs the text of few rows need not have the column read. nil if
// the row has none.
func Text(b *stages.Batch, i int) []byte {
	if o, ok := b.Origin.(origin); ok {
		return o.text(b, i)
	}
	return nil
}

// AppendSnippet appends how the text of row i begins, on one line: up to 100 code points.
func AppendSnippet(dst []byte, b *stages.Batch, i int) []byte {
	return scan.AppendSnippet(dst, Text(b, i), 100)
}

// textOf returns a row of the column of that name, if it is one of texts.
func textOf(b *stages.Batch, name string, i int) (text []byte, ok bool) {
	if c := b.Column(name); c != nil && c.Type == stages.Text {
		return c.Text[i], true
	}
	return nil, false
}

func (o *rows) text(b *stages.Batch, i int) []byte {
	name := o.source.read.Text
	if text, ok := textOf(b, name, i); ok {
		return text
	}
	if o.alone == nil {
		o.alone = newScanner([]field{{name: name, path: inputName(o.source.read, name), text: true, main: true}})
	}
	o.alone.arena.used = 0
	if o.alone.row(bytes.TrimSuffix(o.row(b.Read(i)), newline)) != nil {
		return nil
	}
	return o.alone.values[0].str
}

func (t *pqRows) text(b *stages.Batch, i int) []byte {
	text, _ := textOf(b, t.source.read.Text, i)
	return text
}

func (d *docs) text(b *stages.Batch, i int) []byte {
	text, ok := textOf(b, d.source.read.Text, i)
	if !ok {
		return d.texts[b.Read(i)]
	}
	return text
}
