package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sluice/stages"
)

// parted takes the sample through a stage that splits it, or joins the segments that are left of it. In between the
// stages say how many of them stay.
func (w *walk) parted(ctx context.Context, stage stages.Stage, outside bool) (string, error) {
	_, joins := stages.As[stages.Joiner](stage)
	if !w.knows(stage.Columns().Reads) || joins && w.s.batch.Whole == nil {
		w.lost = true
	}
	if w.lost {
		w.add(stage, false)
		w.changes(stage)
		return notKnown, nil
	}
	one := stages.Pass{Steps: []stages.Step{{Stage: stage}}}
	was := w.s.batch
	batch, _, err := one.Run(ctx, was, nil, nil)
	if err != nil {
		return "", err
	}
	w.s.batch, w.s.index = batch, max(0, slices.Index(batch.Keep, true))
	switch {
	case outside:
		return notSeen, nil
	case !joins:
		return plural(batch.Live(), "segment"), nil
	case batch.Live() == 0:
		return "dropped: no segment is left", nil
	case batch.Whole != nil:
		return "joined into " + plural(batch.Live(), "row"), nil
	}
	return "joined", nil
}

// partsKept says how many of so many segments a mapper kept, or marked if it marked some.
func (w *walk) partsKept(name string, before int) string {
	n, does := w.s.batch.Live(), "kept"
	if c := w.s.batch.Column(name); c != nil && c.Values != nil && w.marks(name) {
		marked := 0
		for i, v := range c.Values {
			if w.s.batch.Keep[i] && v.Kind == stages.Bool && v.Int == 0 {
				marked++
			}
		}
		if marked > 0 {
			n, does = marked, "marked"
		}
	}
	return fmt.Sprintf("%d of %s %s", n, plural(before, "segment"), does)
}

// partsMoved says where a mover puts the segments that are left.
func (w *walk) partsMoved(l stages.Labeler) (string, error) {
	var labels []string
	for i, kept := range w.s.batch.Keep {
		if !kept {
			continue
		}
		label, err := l.Label(nil, w.s.batch, i)
		if err != nil {
			return "", err
		}
		if !slices.Contains(labels, string(label)) {
			labels = append(labels, string(label))
		}
	}
	return plural(w.s.batch.Live(), "segment") + " moved to " + strings.Join(labels, ", "), nil
}
