package clean

import (
	"bytes"
	"context"
	"sync"

	"sluice/stages"
)

// An editor is a map stage that rewrites texts line by line, and drops some.
type editor struct {
	common stages.Common
	// edit appends to dst what becomes of a text; false = the sample goes.
	edit    func(dst, text []byte) ([]byte, bool)
	buffers sync.Pool // of *[]byte
}

func (e *editor) Name() string { return e.common.Name }

func (e *editor) Columns() stages.Columns {
	return stages.Columns{Reads: []stages.Need{{Name: e.common.Column, Type: stages.Text}}, Changes: []string{e.common.Column}}
}

func (e *editor) Map(_ context.Context, b *stages.Batch) error {
	buffer, ok := e.buffers.Get().(*[]byte)
	if !ok {
		buffer = new([]byte)
	}
	defer e.buffers.Put(buffer)
	column := b.Column(e.common.Column)
	var texts stages.Texts
	for i, text := range column.Text {
		if !b.Keep[i] || text == nil {
			continue
		}
		var stays bool
		*buffer, stays = e.edit((*buffer)[:0], text)
		switch {
		case !stays:
			b.Drop(i)
		case !bytes.Equal(*buffer, text):
			column.SetText(i, texts.Copy(*buffer))
		}
	}
	return nil
}

// cutLine cuts off the first line of a text, at the ends of lines that Python's splitlines knows.
func cutLine(text []byte) (line, rest []byte) {
	for i := 0; i < len(text); i++ {
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

// appendLine appends a line behind those that are there.
func appendLine(dst, line []byte, first bool) []byte {
	if !first {
		dst = append(dst, '\n')
	}
	return append(dst, line...)
}
