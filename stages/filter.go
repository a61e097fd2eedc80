package stages

import (
	"context"

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
func NewFilter(c Common, f Filter) Mapper {
	return &filter{verdict: Verdict{Common: c}, Classifier: scored{f}}
}

type filter struct {
	verdict Verdict
	Classifier
	when *Expression // nil: it sees all rows
}

func (f *filter) Name() string { return f.verdict.Common.Name }

func (f *filter) Prepare(ctx context.Context) error { return prepare(ctx, f.part()) }

// part is what the stage was made of.
func (f *filter) part() any {
	if s, ok := f.Classifier.(scored); ok {
		return s.Filter
	}
	return f.Classifier
}

func (f *filter) Columns() Columns {
	c := f.verdict.Columns(Need{Name: f.verdict.Common.Column, Type: Text})
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
func (f *filter) judge(d *scan.Document, b *Batch, i int) { f.verdict.Settle(b, i, f.Classify(d)) }
