package format

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/stages"
)

// CheckColumns compares the columns that a job names with those that its inputs have. Of each input
// it looks at one shard alone, the first that has columns: at its first hundred rows, or its schema. So what it finds is
// true, and what it does not find may still be there.
//
// The error is about each column that a stage, or read.add_source, would write over one of the input, and a [MissingColumn]
// where the shard lacks one that a stage of any pass reads. The
// warnings are about one that only its first rows lack; about names that are nowhere, in read.id, read.columns, read.rename, write.columns, write.drop and among what stages
// drop; about columns that stages read and that are lists or objects; and about columns that are left out because read.rename gives their name to another. looked are the shards.
func CheckColumns(ctx context.Context, shards []stages.Shard, inputs []stages.Input, w stages.Write, list []stages.Stage) (looked []*stages.Shard, warnings []string, err error) {
	c := named{known: map[string]bool{}, whole: true}
	for _, in := range inputs {
		if s, has := firstShard(ctx, shards, in); s != nil {
			looked = append(looked, s)
			c.input(s, in.Read, has, list)
			c.wants(lacking(ctx, s, in.Read, list))
			c.nested(ctx, s, in.Read, inJob(in.Read, has), list)
		}
	}
	c.output(w, list)
	return looked, c.warnings, errors.Join(c.errs...)
}

// firstShard returns the first shard of an input that has columns, and those, as [ColumnsOf] finds them. It looks at the
// first few shards that are not empty files, and returns the first of these without columns where none has some: an empty file is
// not empty once it is compressed. Without any it returns nil, as for an input that is only compared with.
func firstShard(ctx context.Context, shards []stages.Shard, in stages.Input) (first *stages.Shard, has []string) {
	const most = 8
	looked := 0
	for i := range shards {
		s := &shards[i]
		if s.Source != in.Name || s.Against != "" || in.Against != "" || s.Size == 0 {
			continue
		}
		if first == nil {
			first = s
		}
		if has := ColumnsOf(ctx, s); len(has) > 0 {
			return s, has
		}
		if looked++; looked == most {
			break
		}
	}
	return first, nil
}

// A named is what was found so far.
type named struct {
	first    string          // a shard, and what it has, for people
	known    map[string]bool // columns that the output may have
	whole    bool            // no input is unknown
	lacks    bool            // errs has a column that stages read
	warnings []string
	errs     []error
}

// input looks at the columns of the first shard of an input.
func (c *named) input(s *stages.Shard, r stages.Read, has []string, list []stages.Stage) {
	if len(has) == 0 {
		c.whole = false
		return
	}
	all := fmt.Sprintf("%s has: %s", s.Path, strings.Join(has, ", "))
	if c.first == "" {
		c.first = all
	}
	job := inJob(r, has)
	var lost lostNames
	if r.ID != "" {
		lost.look("read.id", []string{r.ID}, job)
	}
	lost.look("read.columns", r.Columns, slices.Concat(job, has))
	lost.look("read.rename", slices.Sorted(maps.Keys(r.Rename)), has)
	if len(lost) > 0 {
		c.warn("%s: no column %s in its first rows\n%s", s.Path, strings.Join(lost, ", "), all)
	}
	for _, from := range slices.Sorted(maps.Keys(r.Rename)) {
		to := r.Rename[from]
		if _, moved := r.Rename[to]; slices.Contains(has, from) && slices.Contains(has, to) && !moved {
			c.warn("%s: read.rename makes %q of %q, and the column %q that is there is left out\nto keep it, rename it too: %q = %q", s.Path, to, from, to, to, "old_"+to)
		}
	}
	c.over(s, r, job, list)
	for _, name := range job {
		c.known[name] = true
	}
	c.known[r.Text], c.known[r.AddSource] = true, true
}

// wants notes a column that stages read and a shard lacks. As in the passes, only the first is an error.
func (c *named) wants(lost *MissingColumn, sure bool) {
	switch {
	case lost == nil:
	case !sure:
		c.warn("%s: no column %q in its first rows, and a stage reads it", lost.Path, lost.Column)
	case !c.lacks:
		c.lacks = true
		c.errs = append(c.errs, lost)
	}
}

func (c *named) warn(format string, args ...any) {
	c.warnings = append(c.warnings, fmt.Sprintf(format, args...))
}

// over finds the columns that would be written over those that the input has.
func (c *named) over(s *stages.Shard, r stages.Read, job []string, list []stages.Stage) {
	say := func(who, column string) {
		hint := "give it another name"
		if !strings.Contains(column, ".") {
			hint += fmt.Sprintf(", or that of the input: [read] rename = {%q = %q}", inputName(r, column), "old_"+column)
		}
		c.errs = append(c.errs, fmt.Errorf("%s would write column %q over that of %s\n%s", who, column, s.Path, hint))
	}
	if r.AddSource != "" && slices.Contains(job, r.AddSource) {
		say("read.add_source", r.AddSource)
	}
	for _, stage := range list {
		for _, name := range stage.Columns().Adds {
			if slices.Contains(job, name) {
				say(fmt.Sprintf("stage %q", stage.Name()), name)
			}
		}
	}
}

// output looks at the names of what is written, and not.
func (c *named) output(w stages.Write, list []stages.Stage) {
	if !c.whole || len(c.known) == 0 {
		return
	}
	for _, s := range list {
		for _, name := range slices.Concat(s.Columns().Adds, s.Columns().Changes) {
			c.known[name] = true
		}
	}
	known := slices.Sorted(maps.Keys(c.known))
	var lost lostNames
	lost.look("write.columns", w.Columns, known)
	lost.look("write.drop", w.Drop, known)
	for _, s := range list {
		lost.look(fmt.Sprintf("stage %q: drop", s.Name()), s.Columns().Drops, known)
	}
	if len(lost) > 0 {
		c.warn("no column %s in the first rows of the input, and no stage adds it\n%s", strings.Join(lost, ", "), c.first)
	}
}

// lostNames are names that are nowhere, with the keys that they stand under.
type lostNames []string

// look adds those of the names under a key that are not among the columns.
func (l *lostNames) look(key string, names, columns []string) {
	for _, name := range names {
		if !among(columns, name) {
			*l = append(*l, fmt.Sprintf("%q (%s)", name, key))
		}
	}
}

// inJob returns what a job sees of the columns of a shard, under its own names for them.
func inJob(r stages.Read, has []string) (names []string) {
	p, err := newProjection(stages.Write{}, r)
	if err != nil {
		return has // said elsewhere
	}
	for _, name := range has {
		top, rest, nested := strings.Cut(name, ".")
		if !slices.Contains(has, top) {
			top, rest, nested = name, "", false // a name with dots in it
		}
		out, ok := p.column(top)
		if !ok {
			continue
		}
		if nested {
			out += "." + rest
		}
		if names = append(names, out); r.Own != "" && out == r.Own {
			names = append(names, r.Text)
		}
	}
	return names
}

// among says that a column is in a list, as far as the list goes into depth.
func among(list []string, name string) bool {
	if slices.Contains(list, name) {
		return true
	}
	parts := strings.Split(name, ".")
	return len(parts) > deepest && slices.Contains(list, strings.Join(parts[:deepest], "."))
}
