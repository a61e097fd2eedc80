package stages

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// When returns the stages of one [[stage]] table such that they see only the rows for which
// the common key when is true; the others pass as they are, and are null in columns that
// the stages add. Without the key it returns the list.
func When(c Common, list []Stage) ([]Stage, error) {
	if c.When == "" {
		return list, nil
	}
	e, err := NewCondition("when", c.When)
	if err != nil {
		return nil, err
	}
	made := make([]Stage, len(list))
	for i, s := range list {
		w := conditional{when: e, rows: new(sync.Pool), first: i == 0}
		switch s := s.(type) {
		case *filter:
			f := *s
			f.when = e
			made[i] = &f
		case Mover:
			return nil, fmt.Errorf("when: %q arranges the output, and so all rows\nput corpus.where before it, or take the key out", c.Name)
		case Joiner:
			return nil, fmt.Errorf("when: %q joins all parts of a row\ntake the key out, or give it to the stages in front", c.Name)
		case Splitter:
			made[i] = &conditionalSplitter{s, w}
		case Mapper:
			made[i] = &conditionalMapper{s, w}
		case Collector:
			made[i] = &conditionalCollector{&conditionalShuffler{s, w}, s}
		case Shuffler:
			made[i] = &conditionalShuffler{s, w}
		}
	}
	return made, nil
}

// As finds what a stage can do besides what its kind asks, such as [Preparer], also in a stage
// with the key when, around which stands another.
func As[T any](s Stage) (T, bool) {
	t, ok := s.(T)
	if w, around := s.(interface{ inner() Stage }); around && !ok {
		t, ok = w.inner().(T)
	}
	return t, ok
}

// Outside says that row i of b passes a stage unseen because of the key when. b is as the
// stage would be given it.
func Outside(s Stage, b *Batch, i int) (bool, error) {
	e := condition(s)
	if e == nil {
		return false, nil
	}
	v := e.On(b)
	defer v.End()
	holds, err := v.Holds(i)
	return !holds, err
}

// Conditions returns the columns that the key when of a stage reads, which [Outside] looks at.
func Conditions(s Stage) []Need {
	if e := condition(s); e != nil {
		return e.Needs()
	}
	return nil
}

// condition returns the key when of a stage; nil if it has none.
func condition(s Stage) *Expression {
	if c, ok := s.(interface{ condition() *Expression }); ok {
		return c.condition()
	}
	return nil
}

func (f *filter) condition() *Expression { return f.when }

// A conditional is what stages with the key when have in common.
type conditional struct {
	when  *Expression
	rows  *sync.Pool // of *[]int
	first bool       // of the stages of its [[stage]] table
}

func (c *conditional) condition() *Expression { return c.when }

// columns returns the columns of a stage with those that the condition reads.
func (c *conditional) columns(of Columns) Columns { return reads(of, c.when.Needs()) }

// reads returns columns of which more are read.
func reads(c Columns, needs []Need) Columns {
	c.Reads = slices.Clone(c.Reads)
	for _, n := range needs {
		if !slices.Contains(c.Reads, n) {
			c.Reads = append(c.Reads, n)
		}
	}
	return c
}

// outside returns the kept rows of b for which the condition is not true. Whoever has
// used the list puts it back.
func (c *conditional) outside(b *Batch) (*[]int, error) {
	rows, ok := c.rows.Get().(*[]int)
	if !ok {
		rows = new([]int)
	}
	*rows = (*rows)[:0]
	if b.Records != nil {
		return rows, nil // of a collection, which has no columns: all are compared with
	}
	v := c.when.On(b)
	defer v.End()
	for i, kept := range b.Keep {
		if !kept {
			continue
		}
		holds, err := v.Holds(i)
		if err != nil {
			return rows, err
		}
		if !holds {
			*rows = append(*rows, i)
		}
	}
	return rows, nil
}

// hiding calls f while the rows outside are not kept.
func (c *conditional) hiding(b *Batch, f func() error) error {
	rows, err := c.outside(b)
	defer c.rows.Put(rows)
	if err != nil {
		return err
	}
	for _, i := range *rows {
		b.Keep[i] = false
		b.live--
	}
	err = f()
	for _, i := range *rows {
		b.Keep[i] = true
		b.live++
	}
	return err
}

// A conditionalMapper maps the rows for which a condition is true.
type conditionalMapper struct {
	Mapper
	conditional
}

func (m *conditionalMapper) inner() Stage { return m.Mapper }

func (m *conditionalMapper) Columns() Columns { return m.columns(m.Mapper.Columns()) }

func (m *conditionalMapper) Map(ctx context.Context, b *Batch) error {
	return m.hiding(b, func() error { return m.Mapper.Map(ctx, b) })
}

// A conditionalSplitter splits the rows for which a condition is true. The others have one part.
type conditionalSplitter struct {
	Splitter
	conditional
}

func (s *conditionalSplitter) inner() Stage { return s.Splitter }

func (s *conditionalSplitter) Columns() Columns { return s.columns(s.Splitter.Columns()) }

func (s *conditionalSplitter) Count(ctx context.Context, b *Batch) (counts []int, err error) {
	err = s.hiding(b, func() error {
		counts, err = s.Splitter.Count(ctx, b)
		return err
	})
	for i := range counts {
		if b.Keep[i] {
			counts[i] = max(counts[i], 1)
		}
	}
	return counts, err
}

func (s *conditionalSplitter) Fill(ctx context.Context, parts *Batch) error {
	return s.hiding(parts, func() error { return s.Splitter.Fill(ctx, parts) })
}

// A conditionalShuffler compares the rows for which a condition is true. Of the others there
// are no notes, so that Apply finds none either.
type conditionalShuffler struct {
	Shuffler
	conditional
}

func (s *conditionalShuffler) inner() Stage { return s.Shuffler }

func (s *conditionalShuffler) Columns() Columns { return s.columns(s.Shuffler.Columns()) }

func (s *conditionalShuffler) Note(ctx context.Context, b *Batch, given []Note, note func(Note)) error {
	return s.hiding(b, func() error { return s.Shuffler.Note(ctx, b, given, note) })
}

// Apply makes null of what the stage adds to rows that it was not to see. Which these are
// is found before, for the stage may change what the condition reads.
func (s *conditionalShuffler) Apply(ctx context.Context, b *Batch, notes []Note) error {
	adds := s.Shuffler.Columns().Adds
	if len(adds) == 0 {
		return s.Shuffler.Apply(ctx, b, notes)
	}
	rows, err := s.outside(b)
	defer s.rows.Put(rows)
	if err == nil {
		err = s.Shuffler.Apply(ctx, b, notes)
	}
	if err != nil {
		return err
	}
	for _, name := range adds {
		c := b.Column(name)
		for _, i := range *rows {
			c.Values[i] = Scalar{}
		}
	}
	return nil
}

// A conditionalCollector saves what is known of the rows for which a condition is true.
type conditionalCollector struct {
	*conditionalShuffler
	of Collector
}

func (c *conditionalCollector) Collection() Collection { return c.of.Collection() }

func (c *conditionalCollector) Save(ctx context.Context, b *Batch) error {
	return c.hiding(b, func() error { return c.of.Save(ctx, b) })
}

// Explain says which rows the stage sees, before what else there is to say. Of the stages of
// one table the first says so for all.
func (s *conditionalShuffler) Explain() []string {
	var lines []string
	if s.first {
		lines = append(lines, fmt.Sprintf("sees only rows for which %s", s.when.program))
	}
	if e, ok := s.Shuffler.(Explainer); ok {
		lines = append(lines, e.Explain()...)
	}
	return lines
}

// applies returns the columns that a shuffler needs where its notes are applied: those that
// it changes, and those that tell which rows are marked.
func applies(s Stage) []Need {
	var needs []Need
	c := s.Columns()
	if w, ok := s.(interface{ inner() Stage }); ok {
		if c = w.inner().Columns(); len(c.Adds) > 0 {
			needs = condition(s).Needs()
		}
	}
	for _, n := range c.Reads {
		if slices.Contains(c.Changes, n.Name) {
			needs = append(needs, n)
		}
	}
	return needs
}
