package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sluice/stages"
	"sluice/stages/format"
	"sluice/stages/job"
)

const (
	notKnown = "not known"
	notSeen  = "not seen: its condition, when, is not true"
)

// A walk takes one sample through the stages.
type walk struct {
	*explainer
	s        *subject
	removals map[string]format.Duplicate // by stage
	stands   map[string]int              // by stage
	// unknown has the columns of which OUT does not tell what the run found in them. Stages
	// that read one are not run.
	unknown map[string]bool
	// lost says that a stage before may have dropped the sample.
	lost bool
}

// walk runs the stages on one sample and prints what each makes of it.
func (e *explainer) walk(ctx context.Context, s *subject, removals map[string]format.Duplicate, stands map[string]int) error {
	for i := range s.batch.Keep {
		if i != s.index {
			s.batch.Drop(i)
		}
	}
	w := &walk{explainer: e, s: s, removals: removals, stands: stands, unknown: map[string]bool{}}
	rows := [][]string{}
	end := ""
	for _, stage := range e.stages {
		if x, ok := stage.(stages.Shuffler); ok && x.Tables().Apply == "" {
			continue
		}
		says, err := w.through(ctx, stage)
		if err != nil {
			return err
		}
		rows = append(rows, []string{"", stage.Name(), stages.KindOf(stage), says})
		if s.batch.Live() == 0 {
			end = "removed by " + stage.Name()
			break
		}
	}
	switch {
	case end == "" && w.lost:
		end = notKnown
	case end == "":
		end = "kept"
	case w.lost:
		end += ", if not before"
	}
	e.p.table(rows, 4)
	fmt.Fprintln(e.p.stdout, end)
	return nil
}

// through takes the sample through a stage, and says what that made of it.
func (w *walk) through(ctx context.Context, stage stages.Stage) (string, error) {
	outside, err := w.outside(stage)
	if err != nil {
		return "", err
	}
	switch x := stage.(type) {
	case stages.Mapper:
		return w.mapped(ctx, x, outside)
	case stages.Shuffler:
		return w.compared(ctx, x, outside)
	case stages.Mover:
		return w.moved(x)
	}
	return w.parted(ctx, stage, outside)
}

// outside says that a stage sees neither the sample nor any segment that is left of it.
func (w *walk) outside(stage stages.Stage) (bool, error) {
	if !w.knows(stages.Conditions(stage)) {
		return false, nil
	}
	for i, kept := range w.s.batch.Keep {
		if !kept {
			continue
		}
		if outside, err := stages.Outside(stage, w.s.batch, i); err != nil || !outside {
			return false, err
		}
	}
	return true, nil
}

// knows says that the columns hold what they held in the run.
func (w *walk) knows(needs []stages.Need) bool {
	return !slices.ContainsFunc(needs, func(n stages.Need) bool { return w.unknown[n.Name] })
}

// add adds the columns of a stage that is not run, all null, so that later stages find
// them. They are known where the stage did not see the sample.
func (w *walk) add(stage stages.Stage, known bool) {
	for _, name := range stage.Columns().Adds {
		w.s.batch.Add(name)
		w.unknown[name] = !known
	}
}

// changes notes that what a stage has changed is not known.
func (w *walk) changes(stage stages.Stage) {
	for _, name := range stage.Columns().Changes {
		w.unknown[name] = true
	}
}

// mapped runs a mapper.
func (w *walk) mapped(ctx context.Context, m stages.Mapper, outside bool) (string, error) {
	if !w.knows(m.Columns().Reads) {
		w.add(m, outside)
		if outside {
			return notSeen, nil
		}
		w.changes(m)
		w.lost = true
		return notKnown, nil
	}
	before := w.s.batch.Live()
	if err := m.Map(ctx, w.s.batch); err != nil {
		return "", err
	}
	for _, name := range m.Columns().Adds {
		w.unknown[name] = false // a column of that name may have been there
	}
	if outside {
		return notSeen, nil
	}
	if w.s.batch.Whole != nil {
		return w.partsKept(m.Name(), before), nil
	}
	says := "kept"
	if !w.s.batch.Keep[w.s.index] {
		says = "dropped"
	} else if v, ok := w.value(m.Name()); ok && w.marks(m.Name()) && v.Int == 0 {
		says = "marked"
	}
	return says + w.score(m.Name()) + w.label(m.Name()), nil
}

// moved says where a mover puts the sample.
func (w *walk) moved(m stages.Mover) (string, error) {
	l, ok := m.(stages.Labeler)
	switch {
	case w.lost || !w.knows(m.Columns().Reads):
		return notKnown, nil
	case !ok:
		return "moved", nil
	case w.s.batch.Whole != nil:
		return w.partsMoved(l)
	}
	label, err := l.Label(nil, w.s.batch, w.s.index)
	return "moved to " + string(label), err
}

// compared says what a dedup made of the sample, and drops it if it did. Whom the sample repeats
// stands in the list of duplicates; one that it has came as far as the dedup.
func (w *walk) compared(ctx context.Context, d stages.Shuffler, outside bool) (string, error) {
	_, found := w.removals[d.Name()]
	listed := found || w.stands[d.Name()] > 0
	switch {
	case listed:
		w.lost = false
	case !w.done && !outside:
		w.lost = true
	}
	if w.knows(stages.Conditions(d)) {
		// Without notes, Apply adds the columns that later stages may read.
		if err := d.Apply(ctx, w.s.batch, nil); err != nil {
			return "", err
		}
		w.mark(d, listed)
	} else {
		w.add(d, false)
	}
	record := "cut"
	if _, gathers := stages.As[stages.Gatherer](d); gathers && !outside {
		if noted, err := w.notes(ctx, d); err != nil || !noted && !w.lost {
			return "kept, is no segment", err
		}
		record = "joined"
	}
	switch {
	case outside:
		return notSeen, nil
	case len(d.Columns().Changes) > 0:
		w.changes(d)
		w.lost = true
		return "not known: OUT does not record what it " + record, nil
	case !listed && w.lost:
		return notKnown, nil
	}
	return w.judged(d.Name()), nil
}

// notes says that a shuffler notes something of the sample, as far as is known.
func (w *walk) notes(ctx context.Context, d stages.Shuffler) (noted bool, err error) {
	if !w.knows(d.Columns().Reads) {
		return true, nil
	}
	err = d.Note(ctx, w.s.batch, nil, func(stages.Note) { noted = true })
	return noted, err
}

// mark corrects the columns of a dedup that marks. That of its name says whether the sample stays.
// The others tell of the cluster, which is not in the list of duplicates as they have it.
func (w *walk) mark(d stages.Shuffler, listed bool) {
	for _, name := range d.Columns().Adds {
		if name != d.Name() {
			w.unknown[name] = listed || w.lost
			continue
		}
		w.unknown[name] = w.lost
		if _, found := w.removals[name]; found {
			w.s.batch.Column(name).Values[w.s.index] = stages.Scalar{Kind: stages.Bool}
		}
	}
}

// judged says what the list of duplicates has of the sample, which a dedup saw, and drops it if
// the dedup did.
func (w *walk) judged(name string) string {
	d, found := w.removals[name]
	if !found {
		if n := w.stands[name]; n > 0 {
			return "kept, stands for " + plural(n, "other")
		}
		return "kept"
	}
	says := fmt.Sprintf("repeats %s:%d", d.KeeperShard, d.KeeperRow)
	if d.KeeperID != "" && d.KeeperID != fmt.Sprintf("%s:%d", d.KeeperShard, d.KeeperRow) {
		says += fmt.Sprintf(" (id %q)", d.KeeperID)
	}
	if d.Similarity != nil {
		says += fmt.Sprintf(", similarity %.3f", *d.Similarity)
	}
	if w.marks(name) {
		return "marked, " + says
	}
	w.s.batch.Drop(w.s.index)
	return "removed, " + says
}

// marks says that a stage has action = "mark".
func (w *walk) marks(name string) bool {
	return slices.ContainsFunc(w.job.Stages, func(s job.Stage) bool { return s.Common.Name == name && s.Common.Action == "mark" })
}

// score returns the score that a stage gave the sample, "" if it gives none.
func (w *walk) score(name string) string {
	v, ok := w.value(w.scores[name])
	switch {
	case !ok:
		return ""
	case v.Kind == stages.Float:
		return fmt.Sprintf(", score %v", v.Float)
	case v.Kind == stages.Int:
		return fmt.Sprintf(", score %d", v.Int)
	case v.Kind == stages.String:
		return fmt.Sprintf(", score %s", v.Str)
	}
	return ", without a score"
}

// label returns the label that a classifier gave the sample, "" if it gave none.
func (w *walk) label(name string) string {
	v, ok := w.value(w.labels[name])
	if !ok || v.Kind != stages.String {
		return ""
	}
	// It is what a model names its classes.
	return ", label " + strings.ToValidUTF8(string(v.Str), "\uFFFD")
}

// value returns what a column has for the sample; ok is false if there is no such column.
func (w *walk) value(column string) (v stages.Scalar, ok bool) {
	c := w.s.batch.Column(column)
	if column == "" || c == nil || c.Values == nil {
		return v, false
	}
	return c.Values[w.s.index], true
}
