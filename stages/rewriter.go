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

// A ScoredRewriter is a Rewriter that has a score for each text, with the common key score.
type ScoredRewriter interface {
	Rewriter
	RewriteScored(dst, text []byte) ([]byte, float64)
}

// NewRewriter returns the map stage that puts what r makes of column c.Column in its
// place. A row whose text stays as it was leaves as the bytes that were read. With the
// common key score, r is a [ScoredRewriter].
func NewRewriter(c Common, r Rewriter) Mapper { return &rewriter{common: c, Rewriter: r} }

type rewriter struct {
	common Common
	Rewriter
	buffers sync.Pool // of *[]byte
}

func (r *rewriter) Name() string { return r.common.Name }

func (r *rewriter) Columns() Columns {
	c := Columns{Reads: []Need{{Name: r.common.Column, Type: Text}}, Changes: []string{r.common.Column}}
	if r.common.Score != "" {
		c.Adds = append(c.Adds, r.common.Score)
		c.Kinds = map[string]Kind{r.common.Score: Float}
	}
	return c
}

func (r *rewriter) Prepare(ctx context.Context) error { return prepare(ctx, r.Rewriter) }

func (r *rewriter) Map(_ context.Context, b *Batch) error {
	buffer, ok := r.buffers.Get().(*[]byte)
	if !ok {
		buffer = new([]byte)
	}
	defer r.buffers.Put(buffer)
	rewrite, scores := r.scored(b)
	column := b.Column(r.common.Column)
	var texts Texts
	for i, text := range column.Text {
		if !b.Keep[i] || text == nil {
			continue
		}
		var score float64
		*buffer, score = rewrite((*buffer)[:0], text)
		if scores != nil {
			scores[i] = Scalar{Kind: Float, Float: score}
		}
		if !bytes.Equal(*buffer, text) {
			column.SetText(i, texts.Copy(*buffer))
		}
	}
	return nil
}

// scored returns how to rewrite texts, and where their scores go; nil where nobody asks for them.
func (r *rewriter) scored(b *Batch) (rewrite func(dst, text []byte) ([]byte, float64), scores []Scalar) {
	if r.common.Score == "" {
		return func(dst, text []byte) ([]byte, float64) { return r.Rewrite(dst, text), 0 }, nil
	}
	return r.Rewriter.(ScoredRewriter).RewriteScored, b.Add(r.common.Score).Values
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
