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

// A Finder is a Rewriter of what it finds in texts, and counts that. How much it finds in a
// text is its score, with the common key score.
type Finder interface {
	Rewriter
	// Finds names the kinds of what is found, in the same order each time.
	Finds() []string
	// RewriteFound is Rewrite. It adds what it finds to the elements of found, one for each kind,
	// and returns how much that is.
	RewriteFound(dst, text []byte, found []Trimmed) (out []byte, parts int64)
}

// An Editor is to a [Rewriter] what a [Classifier] is to a [Filter]: Edit also says whether the
// sample stays. [NewEditor] makes a stage of it.
type Editor interface {
	Edit(dst, text []byte) (out []byte, stays bool)
}

// NewRewriter returns the map stage that puts what r makes of column c.Column in its
// place. A row whose text stays as it was leaves as the bytes that were read. With the
// common key score, r is a [Finder].
func NewRewriter(c Common, r Rewriter) Mapper { return &rewriter{common: c, Editor: keeping{r}} }

// NewEditor returns the map stage that does so with e, and drops the samples that do not stay.
func NewEditor(c Common, e Editor) Mapper { return &rewriter{common: c, Editor: e} }

// keeping makes an editor of a rewriter.
type keeping struct{ Rewriter }

func (k keeping) Edit(dst, text []byte) ([]byte, bool) { return k.Rewrite(dst, text), true }

type rewriter struct {
	common Common
	Editor
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

// part is what the stage was made of.
func (r *rewriter) part() any {
	if k, ok := r.Editor.(keeping); ok {
		return k.Rewriter
	}
	return r.Editor
}

func (r *rewriter) Prepare(ctx context.Context) error { return prepare(ctx, r.part()) }

func (r *rewriter) Map(_ context.Context, b *Batch) error {
	buffer, ok := r.buffers.Get().(*[]byte)
	if !ok {
		buffer = new([]byte)
	}
	defer r.buffers.Put(buffer)
	found := r.trims()
	edit := r.edit(b, found)
	column := b.Column(r.common.Column)
	var texts Texts
	for i, text := range column.Text {
		if !b.Keep[i] || text == nil {
			continue
		}
		var stays bool
		*buffer, stays = edit(i, (*buffer)[:0], text)
		switch {
		case !stays:
			b.Drop(i)
		case !bytes.Equal(*buffer, text):
			column.SetText(i, texts.Copy(*buffer))
		}
	}
	b.Trimmed = append(b.Trimmed, found...)
	return nil
}

// edit returns what edits the text of a row. What is found in it is counted, and is the score where
// that is asked for.
func (r *rewriter) edit(b *Batch, found []Trimmed) func(row int, dst, text []byte) ([]byte, bool) {
	finder, ok := r.part().(Finder)
	if !ok {
		return func(_ int, dst, text []byte) ([]byte, bool) { return r.Edit(dst, text) }
	}
	var scores []Scalar
	if r.common.Score != "" {
		scores = b.Add(r.common.Score).Values
	}
	return func(row int, dst, text []byte) ([]byte, bool) {
		out, parts := finder.RewriteFound(dst, text, found)
		if scores != nil {
			scores[row] = Scalar{Kind: Float, Float: float64(parts)}
		}
		return out, true
	}
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
