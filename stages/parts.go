package stages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// A Parter is a [Splitter] or [Joiner].
type Parter interface {
	// Parted returns the column that is split or joined, and that for the numbers of the parts; "" = none.
	Parted() (column, number string)
}

// A Splitter is a map stage that makes several rows of one: a text becomes its paragraphs. The
// steps behind it see a batch of the parts, up to a [Joiner] that undoes it, or to the end
// of the job. Its methods are called from several goroutines.
type Splitter interface {
	Stage
	Parter
	// Count returns how many parts each kept row of b has, at least 1; 0 for the others. It
	// depends on the row alone.
	Count(ctx context.Context, b *Batch) (counts []int, err error)
	// Fill makes what they are of the rows of parts, which are copies of their wholes: [Batch.Parts].
	Fill(ctx context.Context, parts *Batch) error
}

// A Joiner is a map stage that puts parts together that a [Splitter] before it has made.
type Joiner interface {
	Stage
	Parter
	// Join changes the first kept part of each row into what parts become, and merges the others
	// into it; several of a row may stay unless it closes.
	Join(ctx context.Context, parts *Batch) error
	// Closes says that one row is left of each that was split, so that the steps behind it
	// see the batch of whole rows again: with what stages have changed and added in the first kept part.
	// Rows without any go.
	Closes() bool
}

// A Gatherer is a [Shuffler] that joins rows which an earlier job has split, wherever they stand. Rows of which it notes
// nothing stay as they are.
type Gatherer interface {
	Shuffler
	// Gathers returns the key of the job file that says which rows belong together.
	Gathers() string
}

// Parts returns the batch of the parts of the rows of b, in their order: counts[i] copies of row i.
// It has all columns of b, whose values it shares.
func (b *Batch) Parts(counts []int) *Batch {
	n := 0
	for _, c := range counts {
		n += c
	}
	parts := NewBatch(b.Shard, b.Block, b.First, n)
	parts.Name, parts.Traced, parts.Origin, parts.Damaged = b.Name, b.Traced, b.Origin, b.Damaged
	parts.Whole, parts.Of, parts.Part = b, make([]int32, 0, n), make([]int32, 0, n)
	read, number := -1, int32(0) // row as it was read
	for i, c := range counts {
		if c > 0 && b.Read(i) != read {
			read, number = b.Read(i), 0
		}
		for range c {
			parts.Of, parts.Part = append(parts.Of, int32(i)), append(parts.Part, number)
			number++
		}
	}
	parts.RowID = spread(b.RowID, parts.Of)
	parts.Columns = make([]Column, len(b.Columns), len(b.Columns)+4)
	for k, c := range b.Columns {
		c.Text, c.Values, c.Changed = spread(c.Text, parts.Of), spread(c.Values, parts.Of), spread(c.Changed, parts.Of)
		parts.Columns[k] = c
	}
	return parts
}

// spread returns a value of list for each index; nil of nil.
func spread[T any](list []T, indexes []int32) []T {
	if list == nil {
		return nil
	}
	out := make([]T, len(indexes))
	for i, k := range indexes {
		out[i] = list[k]
	}
	return out
}

// Read returns the row, among those that were read as a batch, of which row i is a part; i itself where nothing
// was split.
func (b *Batch) Read(i int) int {
	for ; b.Whole != nil; b = b.Whole {
		i = int(b.Of[i])
	}
	return i
}

// Segment returns the number of row i among the parts of the row that was read, from 0; false where
// nothing was split.
func (b *Batch) Segment(i int) (int64, bool) {
	if b.Whole == nil {
		return 0, false
	}
	return int64(b.Part[i]), true
}

// Merge takes row i out of the run because another row has become what it was.
func (b *Batch) Merge(i int) {
	if b.Keep[i] {
		b.Keep[i] = false
		b.live--
	}
}

// split returns the batch of the parts that s makes. Unless counted is set they were made in an earlier pass.
func split(ctx context.Context, s Splitter, b *Batch, counted bool) (*Batch, error) {
	counts, err := s.Count(ctx, b)
	if err != nil {
		return nil, err
	}
	parts := b.Parts(counts)
	parts.Traced = b.Traced && counted
	return parts, s.Fill(ctx, parts)
}

// join lets j join parts, and returns the batch that the next step sees.
func join(ctx context.Context, j Joiner, parts *Batch) (*Batch, error) {
	if err := j.Join(ctx, parts); err != nil || !j.Closes() {
		return parts, err
	}
	b := parts.Whole
	first := make([]int, b.Len()) // kept part of each row
	for i := range first {
		first[i] = -1
	}
	for i := parts.Len() - 1; i >= 0; i-- {
		if parts.Keep[i] {
			first[parts.Of[i]] = i
		}
	}
	for i, part := range first {
		if part < 0 && b.Keep[i] {
			b.reject(Rejection{Row: i, Stage: j.Name(), Score: math.NaN()})
		}
	}
	for k := range parts.Columns {
		if err := b.take(&parts.Columns[k], first, j.Columns().Takes); err != nil {
			return b, err
		}
	}
	b.Divided = append(append(b.Divided, parts.Divided...), parts)
	return b, nil
}

// take gives each row what stages made of a column in its first part; those named in but are left out.
func (b *Batch) take(c *Column, first []int, but []string) error {
	own := b.Column(c.Name)
	switch {
	case own != nil && own.Added == c.Added && c.Changed == nil:
		return nil // as it was
	case own != nil && own.Absent:
		own = b.Writable(c.Name)
	case own == nil || c.Added && !own.Added:
		if slices.Contains(but, c.Name) {
			return nil
		}
		own = b.Add(c.Name)
	}
	for i, part := range first {
		if part < 0 || !own.Added && !c.Changed[part] {
			continue
		}
		v := c.scalar(part)
		if c.Type == Text && own.Type == Text && bytes.Equal(v.Str, own.Text[i]) && (v.Str == nil) == (own.Text[i] == nil) {
			continue // the row may leave as it was read
		}
		if err := own.Put(i, v); err != nil {
			return err
		}
	}
	return nil
}

// scalar returns the value of row i of a column of either type.
func (c *Column) scalar(i int) Scalar {
	switch {
	case c.Type == Scalars:
		return c.Values[i]
	case c.Text[i] == nil:
		return Scalar{}
	}
	return Scalar{Kind: String, Str: c.Text[i]}
}

// CheckParts returns an error for each stage that cannot stand where it does because of stages that
// split rows: a [Joiner] without a [Splitter] of its own in front of it, and a [Shuffler] that
// would be given parts, which have no place in the input to be known by.
func CheckParts(list []Stage) error {
	var errs []error
	var open []Splitter // that no joiner has closed
	for _, s := range list {
		j, joins := As[Joiner](s)
		_, shuffles := s.(Shuffler)
		g, gathers := As[Gatherer](s)
		if joins && len(open) > 0 {
			errs = append(errs, checkPair(j, open[len(open)-1]))
		}
		switch splitter, splits := As[Splitter](s); {
		case splits:
			open = append(open, splitter)
		case joins && len(open) == 0:
			errs = append(errs, fmt.Errorf("stage %q joins the parts that a stage of this job has split texts into, and none in front of it has\n"+
				"put text.split in front of it, or name document_id_field, the column by which it joins rows that an earlier job has split", s.Name()))
		case joins && j.Closes():
			open = open[:len(open)-1]
		case gathers && len(open) > 0:
			errs = append(errs, fmt.Errorf("stage %q joins rows that an earlier job has split, and behind stage %q they are parts that this job has made\n"+
				"leave %s out: which of these belong together is known", s.Name(), open[len(open)-1].Name(), g.Gathers()))
		case shuffles && len(open) > 0:
			errs = append(errs, fmt.Errorf("stage %q compares rows, and behind stage %q they are parts of rows\n"+
				"put it in front of %q, or behind a text.join without max_length, or compare the parts in a second job that reads what this one writes",
				s.Name(), open[len(open)-1].Name(), open[0].Name()))
		}
	}
	return errors.Join(errs...)
}

// checkPair returns an error if a joiner joins other columns than the splitter in front of it has split.
func checkPair(j Joiner, s Splitter) error {
	column, number := j.Parted()
	split, numbers := s.Parted()
	if column != split {
		return fmt.Errorf("stage %q joins column %q, and stage %q in front of it has split %q\nwrite column = %q", j.Name(), column, s.Name(), split, split)
	}
	if number != numbers {
		return fmt.Errorf("stage %q reads the numbers of segments in column %q, and stage %q in front of it writes them into %q\n"+
			"write segment_id_field = %q", j.Name(), number, s.Name(), numbers, numbers)
	}
	return nil
}

// divided says of each stage whether it lies between a [Splitter] and the [Joiner] that
// undoes it, themselves included. Passes repeat these whole.
func divided(list []Stage) []bool {
	inside := make([]bool, len(list))
	var open []int
	for i, s := range list {
		if _, splits := As[Splitter](s); splits {
			open = append(open, i)
		}
		if j, joins := As[Joiner](s); joins && j.Closes() && len(open) > 0 {
			for k := open[len(open)-1]; k <= i; k++ {
				inside[k] = true
			}
			open = open[:len(open)-1]
		}
	}
	return inside
}

// Family returns b, the batches that its rows are parts of up to the one that was read, and all
// whose parts were put together again.
func (b *Batch) Family() (all []*Batch) {
	for ; b != nil; b = b.Whole {
		all = append(append(all, b), b.Divided...)
	}
	return all
}

// Fold returns the batch that was read, without the rows of which no part is left.
func (b *Batch) Fold() *Batch {
	for ; b.Whole != nil; b = b.Whole {
		left := make([]bool, b.Whole.Len())
		for i, kept := range b.Keep {
			if kept {
				left[b.Of[i]] = true
			}
		}
		for i := range left {
			if !left[i] {
				b.Whole.Merge(i)
			}
		}
	}
	return b
}
