package stages

import (
	"context"
	"slices"
	"sync"

	"sluice/stages/scan"
)

// A Chain is a run of filters of one column. It takes each text through all of them before
// it looks at the next one, so that they share one [scan.Document], and a
// text that one drops costs the later ones nothing. Filters in a row with one condition, as
// the stages of a recipe have, share its answer.
type Chain struct {
	filters []*filter
	adds    []string  // columns of all of them
	same    []bool    // by filter: its condition has the answer of that of the filter before
	idle    sync.Pool // of *chainState

	mu    sync.Mutex
	scans scan.Scans
}

// A chainState is what one goroutine works with.
type chainState struct {
	document   scan.Document
	conditions []*Evaluator // by filter; nil: none of its own
}

// NewChain returns the chain of the filters that the list begins with, up to
// one of another column; nil if it begins with no filter.
func NewChain(list ...Stage) *Chain {
	var c Chain
	for _, s := range list {
		f, ok := s.(*filter)
		if !ok || len(c.filters) > 0 && f.verdict.Common.Column != c.filters[0].verdict.Common.Column {
			break
		}
		c.filters = append(c.filters, f)
		c.adds = append(c.adds, f.Columns().Adds...)
		c.same = append(c.same, len(c.filters) > 1 && f.when.follows(c.filters[len(c.filters)-2]))
	}
	if len(c.filters) == 0 {
		return nil
	}
	return &c
}

// follows says that the condition has the answer of that of the filter before.
func (e *Expression) follows(before *filter) bool {
	if e == nil || before.when == nil || e.program.String() != before.when.program.String() {
		return false
	}
	adds := before.Columns().Adds
	return !slices.ContainsFunc(e.program.Columns(), func(name string) bool { return slices.Contains(adds, name) })
}

// Len returns the number of filters.
func (c *Chain) Len() int { return len(c.filters) }

// Scans returns how often texts were searched for each of their parts: once for all filters.
func (c *Chain) Scans() scan.Scans {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.scans
}

// Map does to the batch what the filters would do one after the other. Unless left
// is nil, left[i] becomes the number of rows that filter i leaves.
func (c *Chain) Map(_ context.Context, b *Batch, left []int64) error {
	for _, name := range c.adds {
		b.Add(name)
	}
	s := c.begin(b)
	defer c.end(s)
	clear(left)
	text := b.Column(c.filters[0].verdict.Common.Column).Text
	for i := range b.Keep {
		if !b.Keep[i] {
			continue
		}
		s.document.Reset(text[i])
		sees := true
		for k, f := range c.filters {
			switch condition := s.conditions[k]; {
			case condition != nil:
				var err error
				if sees, err = condition.Holds(i); err != nil {
					return &StageError{f, b, err}
				}
			case !c.same[k]:
				sees = true
			}
			if sees {
				if f.judge(&s.document, b, i); !b.Keep[i] {
					break
				}
			}
			if left != nil {
				left[k]++
			}
		}
	}
	return nil
}

// begin returns a state for a batch that has all columns.
func (c *Chain) begin(b *Batch) *chainState {
	s, ok := c.idle.Get().(*chainState)
	if !ok {
		s = &chainState{conditions: make([]*Evaluator, len(c.filters))}
	}
	for k, f := range c.filters {
		if f.when != nil && !c.same[k] {
			s.conditions[k] = f.when.On(b)
		}
	}
	return s
}

func (c *Chain) end(s *chainState) {
	for k, v := range s.conditions {
		if v != nil {
			v.End()
			s.conditions[k] = nil
		}
	}
	c.mu.Lock()
	c.scans.Add(s.document.TakeScans())
	c.mu.Unlock()
	s.document.Release()
	c.idle.Put(s)
}
