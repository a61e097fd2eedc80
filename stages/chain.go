package stages

import (
	"context"
	"sync"

	"sluice/stages/scan"
)

// A Chain is a run of filters of one column. It takes each text through all of them before
// it looks at the next one, so that they share one [scan.Document], and a
// text that one drops costs the later ones nothing.
type Chain struct {
	filters   []*filter
	documents sync.Pool // of *scan.Document
}

// NewChain returns the chain of the filters that the list begins with, up to
// one of another column; nil if it begins with no filter.
func NewChain(list ...Stage) *Chain {
	var c Chain
	for _, s := range list {
		f, ok := s.(*filter)
		if !ok || len(c.filters) > 0 && f.common.Column != c.filters[0].common.Column {
			break
		}
		c.filters = append(c.filters, f)
	}
	if len(c.filters) == 0 {
		return nil
	}
	return &c
}

// Len returns the number of filters.
func (c *Chain) Len() int { return len(c.filters) }

// Map does to the batch what the filters would do one after the other. Unless left
// is nil, left[i] becomes the number of rows that filter i leaves.
func (c *Chain) Map(_ context.Context, b *Batch, left []int64) error {
	for _, f := range c.filters {
		for _, name := range f.Columns().Adds {
			b.Add(name)
		}
	}
	d, ok := c.documents.Get().(*scan.Document)
	if !ok {
		d = new(scan.Document)
	}
	defer c.documents.Put(d)
	clear(left)
	text := b.Column(c.filters[0].common.Column).Text
	for i := range b.Keep {
		if !b.Keep[i] {
			continue
		}
		d.Reset(text[i])
		for k, f := range c.filters {
			if f.judge(d, b, i); !b.Keep[i] {
				break
			}
			if left != nil {
				left[k]++
			}
		}
	}
	d.Reset(nil) // the text may go
	return nil
}
