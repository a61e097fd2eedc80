package stages

import (
	"bytes"
	"context"
	"sync"
)

// A Rewriter changes texts one at a time. [NewRewriter] makes a stage of it. Rewrite
// appends to dst what text becomes, and is called from several goroutines.
type Rewriter interface {
	Rewrite(dst, text []byte) []byte
}

// NewRewriter returns the map stage that puts what r makes of column c.Column in its
// place. A row whose text stays as it was leaves as the bytes that were read.
func NewRewriter(c Common, r Rewriter) Mapper { return &rewriter{common: c, Rewriter: r} }

type rewriter struct {
	common Common
	Rewriter
	buffers sync.Pool // of *[]byte
}

func (r *rewriter) Name() string { return r.common.Name }

func (r *rewriter) Columns() Columns {
	return Columns{Reads: []Need{{r.common.Column, Text}}, Changes: []string{r.common.Column}}
}

func (r *rewriter) Prepare(ctx context.Context) error { return prepare(ctx, r.Rewriter) }

func (r *rewriter) Map(_ context.Context, b *Batch) error {
	buffer, ok := r.buffers.Get().(*[]byte)
	if !ok {
		buffer = new([]byte)
	}
	defer r.buffers.Put(buffer)
	column := b.Column(r.common.Column)
	var texts Texts
	for i, text := range column.Text {
		if !b.Keep[i] || text == nil {
			continue
		}
		*buffer = r.Rewrite((*buffer)[:0], text)
		if !bytes.Equal(*buffer, text) {
			column.SetText(i, texts.Copy(*buffer))
		}
	}
	return nil
}

// Texts holds texts that stages make, many to a piece of memory. A piece is as large as a batch
// at most, unless one text is larger.
type Texts struct{ free []byte }

// Copy returns a copy of text, which is not nil.
func (t *Texts) Copy(text []byte) []byte {
	if t.free == nil || len(text) > cap(t.free)-len(t.free) {
		t.free = make([]byte, 0, max(len(text), min(2*cap(t.free), 1<<20), 1<<14))
	}
	n := len(t.free)
	t.free = append(t.free, text...)
	return t.free[n:len(t.free):len(t.free)]
}
