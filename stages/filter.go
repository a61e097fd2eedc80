package stages

import (
	"context"
	"math"
)

// A Filter gives each sample a score and says which scores stay. [NewFilter]
// makes a stage of it. Both methods are called from several goroutines.
type Filter interface {
	// Score rates a text; NaN means that the text has no score, and then it
	// goes.
	Score(text []byte) float64
	// Keep says whether a sample with that score stays.
	Keep(score float64) bool
}

// NewFilter returns the map stage that scores column c.Column with f and
// drops what f does not keep, or marks what it keeps, with the common keys
// action, score and invert.
func NewFilter(c Common, f Filter) Mapper { return &filter{c, f} }

type filter struct {
	common Common
	Filter
}

func (f *filter) Name() string { return f.common.Name }

func (f *filter) Columns() Columns {
	c := Columns{Reads: []Need{{f.common.Column, Text}}}
	if f.common.Score != "" {
		c.Adds = append(c.Adds, f.common.Score)
	}
	if f.common.Action == "mark" {
		c.Adds = append(c.Adds, f.common.Name)
	}
	return c
}

func (f *filter) Map(_ context.Context, b *Batch) error {
	scores := make([]float64, b.Len())
	text := b.Column(f.common.Column).Text
	for i, kept := range b.Keep {
		if kept {
			scores[i] = f.Score(text[i])
		}
	}
	if f.common.Score != "" {
		c := b.Add(f.common.Score)
		for i, s := range scores {
			if b.Keep[i] && !math.IsNaN(s) {
				c.Values[i] = Scalar{Kind: Float, Float: s}
			}
		}
	}
	var mark *Column
	if f.common.Action == "mark" {
		mark = b.Add(f.common.Name)
	}
	for i, s := range scores {
		if !b.Keep[i] {
			continue
		}
		stays := !math.IsNaN(s) && f.Keep(s) != f.common.Invert
		switch {
		case mark != nil:
			mark.Values[i] = Scalar{Kind: Bool}
			if stays {
				mark.Values[i].Int = 1
			}
		case !stays:
			b.Drop(i)
		}
	}
	return nil
}
