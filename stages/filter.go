package stages

import (
	"context"
	"math"

	"sluice/stages/scan"
)

// A Filter gives each sample a score and says which scores stay. [NewFilter]
// makes a stage of it. Both methods are called from several goroutines.
type Filter interface {
	// Score rates a text; NaN means that the text has no score, and then it
	// goes. The document finds words, lines and the like once for all filters
	// that are in a row in the job file, and belongs to the caller.
	Score(d *scan.Document) float64
	// Keep says whether a sample with that score stays.
	Keep(score float64) bool
}

// NewFilter returns the map stage that scores column c.Column with f and
// drops what f does not keep, or marks what it keeps, with the common keys
// action, score and invert.
func NewFilter(c Common, f Filter) Mapper { return &filter{common: c, Classifier: scored{f}} }

type filter struct {
	common Common
	into   string // column for the label
	Classifier
	when *Expression // nil: it sees all rows
}

func (f *filter) Name() string { return f.common.Name }

func (f *filter) Prepare(ctx context.Context) error { return prepare(ctx, f.part()) }

// part is what the stage was made of.
func (f *filter) part() any {
	if s, ok := f.Classifier.(scored); ok {
		return s.Filter
	}
	return f.Classifier
}

func (f *filter) Columns() Columns {
	c := Columns{Reads: []Need{{Name: f.common.Column, Type: Text}}}
	if f.common.Score != "" {
		c.Adds = append(c.Adds, f.common.Score)
	}
	if f.into != "" {
		c.Adds = append(c.Adds, f.into)
	}
	if f.common.Action == "mark" {
		c.Adds = append(c.Adds, f.common.Name)
	}
	if f.when != nil {
		return reads(c, f.when.Needs())
	}
	return c
}

// Map judges the samples by this filter alone.
func (f *filter) Map(ctx context.Context, b *Batch) error {
	return NewChain(f).Map(ctx, b, nil)
}

// judge scores row i, and drops or marks it.
func (f *filter) judge(d *scan.Document, b *Batch, i int) {
	c := f.Classify(d)
	known := !math.IsNaN(c.Score)
	if f.common.Score != "" && known {
		b.Column(f.common.Score).Values[i] = Scalar{Kind: Float, Float: c.Score}
	}
	if f.into != "" && c.Label != nil {
		b.Column(f.into).Values[i] = Scalar{Kind: String, Str: c.Label}
	}
	stays := known && c.Stays != f.common.Invert
	switch {
	case f.common.Action == "mark":
		v := Scalar{Kind: Bool}
		if stays {
			v.Int = 1
		}
		b.Column(f.common.Name).Values[i] = v
	case !stays:
		b.Reject(i, f.common.Name, c.Score)
	}
}
