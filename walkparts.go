package main

import (
	"context"
	"slices"

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
		for _, name := range stage.Columns().Changes {
			w.unknown[name] = true
		}
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
