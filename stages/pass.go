package stages

import "slices"

// A Pass reads each shard once. It runs its steps over every batch, and then
// lets one shuffler take notes, or writes.
type Pass struct {
	Steps []Step
	Ends  Shuffler // nil in the last pass, which writes
}

// A Step is what one stage does to the batches of a pass: Map for a mapper,
// Apply for a shuffler.
type Step struct {
	Stage Stage
	Index int    // of the stage in the job
	Table string // that a shuffler applies; "" for a mapper
	// Count is set the first time that a stage's decisions are seen: there
	// the funnel counts the rows it leaves. Later passes know which rows are
	// gone, and repeat only stages that change or add columns.
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
			if step.Count || alters(s) || passes[p].Last() && shuffles {
				passes[p].Steps = append(passes[p].Steps, step)
			}
		}
	}
	return passes
}

// alters says that a stage does more than drop rows.
func alters(s Stage) bool {
	c := s.Columns()
	return len(c.Adds)+len(c.Changes) > 0
}

// Needs returns the columns that the pass reads from the input: what its
// mappers and its shuffler read, and what those change whose notes it applies,
// less what earlier steps add.
func (p Pass) Needs() []Need {
	var needs []Need
	added := map[string]bool{}
	read := func(s Stage, applied bool) {
		c := s.Columns()
		for _, n := range c.Reads {
			if applied && !slices.Contains(c.Changes, n.Name) {
				continue
			}
			if !added[n.Name] && !slices.Contains(needs, n) {
				needs = append(needs, n)
			}
		}
	}
	for _, step := range p.Steps {
		read(step.Stage, step.Table != "")
		for _, name := range step.Stage.Columns().Adds {
			added[name] = true
		}
	}
	if p.Ends != nil {
		read(p.Ends, false)
	}
	return needs
}
