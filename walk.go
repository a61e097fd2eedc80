package main

import (
	"context"
	"fmt"

	"sluice/stages"
	"sluice/stages/format"
)

// walk runs the stages on one sample and prints what each makes of it. What a dedup
// took out of texts OUT does not keep: from there on it tells what the list of duplicates has.
func (e *explainer) walk(ctx context.Context, s *subject, removals map[string]format.Duplicate, stands map[string]int) error {
	b := s.batch
	for i := range b.Keep {
		if i != s.index {
			b.Drop(i)
		}
	}
	rows := [][]string{}
	end, cut := "kept", false
	for _, stage := range e.stages {
		name, says := stage.Name(), "kept"
		outside := false
		if !cut {
			var err error
			if outside, err = stages.Outside(stage, b, s.index); err != nil {
				return err
			}
		}
		switch x := stage.(type) {
		case stages.Mapper:
			if cut {
				says = "not known"
				break
			}
			if err := x.Map(ctx, b); err != nil {
				return err
			}
			if !b.Keep[s.index] {
				says = "dropped"
			}
			if says += e.score(s, name); outside {
				says = "not seen: its condition, when, is not true"
			}
		case stages.Shuffler:
			if x.Tables().Apply == "" {
				continue
			}
			// Whom it repeats stands in the list of duplicates; without
			// notes, Apply adds the columns that later stages may read.
			if err := x.Apply(ctx, b, nil); err != nil {
				return err
			}
			if says = e.judged(s, name, removals, stands); outside {
				says = "not seen: its condition, when, is not true"
				break
			}
			if len(x.Columns().Changes) > 0 {
				end, cut = "not known", true
				says = "not known: OUT does not record what it cut"
			}
		case stages.Mover:
			says = "moved"
			if l, ok := x.(stages.Labeler); ok {
				label, err := l.Label(nil, b, s.index)
				if err != nil {
					return err
				}
				says += " to " + string(label)
			}
		}
		rows = append(rows, []string{"", name, stages.KindOf(stage), says})
		if !b.Keep[s.index] {
			end = "removed by " + name
			break
		}
	}
	e.p.table(rows, 4)
	fmt.Fprintln(e.p.stdout, end)
	return nil
}

// judged says what a dedup made of the sample, and drops it if it did.
func (e *explainer) judged(s *subject, name string, removals map[string]format.Duplicate, stands map[string]int) string {
	d, found := removals[name]
	if !found {
		if n := stands[name]; n > 0 {
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
	for _, stage := range e.job.Stages {
		if stage.Common.Name == name && stage.Common.Action == "mark" {
			return "marked, " + says
		}
	}
	s.batch.Drop(s.index)
	return "removed, " + says
}

// score returns the score that a stage gave the sample, "" if it gives none.
func (e *explainer) score(s *subject, name string) string {
	column := e.scores[name]
	if column == "" {
		return ""
	}
	c := s.batch.Column(column)
	if c == nil {
		return ""
	}
	switch v := c.Values[s.index]; v.Kind {
	case stages.Float:
		return fmt.Sprintf(", score %v", v.Float)
	case stages.Int:
		return fmt.Sprintf(", score %d", v.Int)
	case stages.String:
		return fmt.Sprintf(", score %s", v.Str)
	}
	return ", without a score"
}
