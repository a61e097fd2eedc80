package stages

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// A Pass reads each shard once. It runs its steps over every batch, and then
// lets one shuffler take notes, or writes.
type Pass struct {
	Steps  []Step
	Ends   Shuffler // nil in the last pass, which writes
	chains []*Chain // by the step that they begin with
}

// A Step is what one stage does to the batches of a pass: Map for a mapper,
// Apply for a shuffler, nothing for a mover.
type Step struct {
	Stage Stage
	Index int    // of the stage in the job
	Table string // that a shuffler applies; "" for a mapper
	// Count is set the first time that a stage's decisions are seen: there
	// the funnel counts the rows it leaves. Later passes know which rows are
	// gone, and repeat only stages that change or add columns, and all between one that splits rows
	// and the one that joins them again.
	Count bool
}

// Last says that the pass writes the output.
func (p Pass) Last() bool { return p.Ends == nil }

// Passes cuts a list of stages into passes: each shuffler ends one.
func Passes(list []Stage) []Pass {
	var ends []int
	for i, s := range list {
		if _, ok := s.(Shuffler); ok {
			ends = append(ends, i)
		}
	}
	inside := divided(list)
	passes := make([]Pass, len(ends)+1)
	for p := range passes {
		before, end := -1, len(list) // the shuffler that ended the pass before; where this pass ends
		if p > 0 {
			before = ends[p-1]
		}
		if p < len(ends) {
			end = ends[p]
			passes[p].Ends = list[end].(Shuffler)
		}
		for i, s := range list[:end] {
			step := Step{Stage: s, Index: i, Count: i >= before}
			shuffler, shuffles := s.(Shuffler)
			if shuffles {
				if step.Table = shuffler.Tables().Apply; step.Table == "" {
					continue
				}
			}
			// The last pass applies all notes, for the list of duplicates.
			if step.Count || alters(s) || inside[i] || passes[p].Last() && shuffles {
				passes[p].Steps = append(passes[p].Steps, step)
			}
		}
	}
	for p := range passes {
		passes[p].chain()
	}
	return passes
}

// chain finds the steps that are filters in a row.
func (p *Pass) chain() {
	list := make([]Stage, len(p.Steps))
	for i, step := range p.Steps {
		list[i] = step.Stage
	}
	p.chains = make([]*Chain, len(list))
	for i := 0; i < len(list); i++ {
		if c := NewChain(list[i:]...); c != nil {
			p.chains[i] = c
			i += c.Len() - 1
		}
	}
}

// Run takes a batch through the steps of the pass and returns what has become of it: the batch, or that of the parts
// of its rows if the job splits rows for good. known has the notes about
// its rows, by table. Run appends to counts the rows that each step that
// counts leaves.
func (p Pass) Run(ctx context.Context, b *Batch, known map[string][]Note, counts []int64) (*Batch, []int64, error) {
	for i := 0; i < len(p.Steps); i++ {
		step := p.Steps[i]
		if passes(step.Stage, b) {
			if step.Count {
				counts = append(counts, int64(b.Live()))
			}
			continue
		}
		next, left, err := p.step(ctx, i, b, known[step.Table])
		if _, said := errors.AsType[*StageError](err); err != nil && !said {
			err = &StageError{step.Stage, b, err}
		}
		if err != nil {
			return b, counts, err
		}
		b = next
		for _, n := range left {
			if p.Steps[i].Count {
				counts = append(counts, n)
			}
			i++
		}
		i--
	}
	return b, counts, nil
}

// step takes a batch through step i, or through all filters of the chain that begins there. It returns
// the batch for the next step, and how many rows each left.
func (p Pass) step(ctx context.Context, i int, b *Batch, notes []Note) (next *Batch, left []int64, err error) {
	step, next, tallies := p.Steps[i], b, len(b.Tallies)
	switch s := step.Stage.(type) {
	case Mapper:
		if c := p.chains[i]; c != nil {
			left = make([]int64, c.Len())
			return b, left, c.Map(ctx, b, left)
		}
		err = b.trace(s.Name(), func() error { return s.Map(ctx, b) })
		if !step.Count {
			b.Tallies = b.Tallies[:tallies] // it has counted these rows in an earlier pass
		}
	case Shuffler:
		err = b.trace(s.Name(), func() error { return s.Apply(ctx, b, notes) })
		if c := saver(s); c != nil && err == nil && p.Last() {
			err = c.Save(ctx, b)
		}
	case Splitter:
		next, err = split(ctx, s, b, step.Count)
	case Joiner:
		next, err = join(ctx, s, b)
	}
	if err != nil {
		return b, nil, err
	}
	return next, []int64{int64(next.Live())}, nil
}

// Note lets the shuffler that ends the pass take notes of a batch.
func (p Pass) Note(ctx context.Context, b *Batch, known map[string][]Note, note func(Note)) error {
	if err := p.Ends.Note(ctx, b, known[p.Ends.Tables().Given], note); err != nil {
		return &StageError{p.Ends, b, err}
	}
	return nil
}

// A StageError says at which stage and batch something went wrong.
type StageError struct {
	Stage Stage
	Batch *Batch
	Err   error
}

func (e *StageError) Error() string {
	if row, ok := errors.AsType[*RowError](e.Err); ok {
		return fmt.Sprintf("stage %q, %v", e.Stage.Name(), row)
	}
	b := e.Batch // as it was read, if this one is of parts
	for b.Whole != nil {
		b = b.Whole
	}
	return fmt.Sprintf("stage %q, rows %d to %d of block %d: %v", e.Stage.Name(), b.First, b.First+int64(b.Len())-1, b.Block.Index, e.Err)
}

func (e *StageError) Unwrap() error { return e.Err }

// alters says that a stage does more than drop rows.
func alters(s Stage) bool {
	c := s.Columns()
	return len(c.Adds)+len(c.Changes) > 0
}

// Needs returns the columns that the pass reads from the input: what its
// mappers and its shuffler read, what those change whose notes it applies, and what
// those read that save, less what earlier steps add.
func (p Pass) Needs() []Need {
	var needs []Need
	added, changed := map[string]bool{}, map[string]bool{}
	read := func(reads []Need) {
		for _, n := range reads {
			n.Optional = n.Optional || changed[n.Name] // an earlier stage may have made it
			if added[n.Name] {
				continue
			}
			k := slices.IndexFunc(needs, func(o Need) bool { return o.Name == n.Name && o.Type == n.Type })
			if k < 0 {
				needs = append(needs, n)
			} else {
				needs[k].Optional = needs[k].Optional && n.Optional
			}
		}
	}
	for _, step := range p.Steps {
		if step.Table != "" && !(p.Last() && saver(step.Stage) != nil) {
			read(applies(step.Stage))
		} else {
			read(step.Stage.Columns().Reads)
		}
		for _, name := range step.Stage.Columns().Adds {
			added[name] = true
		}
		for _, name := range step.Stage.Columns().Changes {
			changed[name] = true
		}
	}
	if p.Ends != nil {
		read(p.Ends.Columns().Reads)
	}
	return needs
}
