package pipeline

import (
	"context"

	"sluice/stages"
	"sluice/stages/format"
)

// glance looks, before anything in OUT is touched for a job that begins, at the first rows of each
// input: the columns that they have. It is done once, by rank 0. What it finds wrong is a [JobError]; what is there
// later in the inputs shows in the passes.
func (r *run) glance(ctx context.Context, shards []stages.Shard) error {
	if r.glanced {
		return nil
	}
	r.glanced = true
	warnings, err := format.CheckColumns(ctx, shards, r.job.Inputs, r.job.Write, r.stages)
	if err != nil {
		return &JobError{err}
	}
	for _, text := range warnings {
		r.notice("%s", text)
	}
	return nil
}
