package pipeline

import (
	"context"
	"errors"
	"io"
	"slices"

	"sluice/stages"
	"sluice/stages/format"
)

// glance looks, before anything in OUT is touched for a job that begins, at the first rows of each
// input: the columns that they have, and what the stages before the first round say to them. It is done once, by rank 0. What it finds wrong is a
// [JobError]; what is there later in the inputs shows in the passes.
func (r *run) glance(ctx context.Context, shards []stages.Shard) error {
	if r.glanced {
		return nil
	}
	r.glanced = true
	looked, warnings, err := format.CheckColumns(ctx, shards, r.job.Inputs, r.job.Write, r.stages)
	if err != nil {
		return &JobError{r.inJob(err)}
	}
	for _, s := range looked {
		// All but mistakes of the job is left to the passes, which meet it, too.
		if err := guard(func() error { return r.tryRows(ctx, s) }); mistakenJob(err) {
			return &JobError{r.inJob(about(s.Path, err))}
		}
	}
	for _, text := range warnings {
		r.notice("%s", text)
	}
	return nil
}

// tryBytes is about how much of a shard is tried.
const tryBytes = 64 << 10

// tryRows takes the first rows of a shard through the stages of the first pass, up to the first one that gives rows to a
// program, and forgets them.
func (r *run) tryRows(ctx context.Context, s *stages.Shard) error {
	list := r.stages
	if i := slices.IndexFunc(list, external); i >= 0 {
		list = list[:i]
	}
	pass := stages.Passes(list)[0]
	o := r.formatOptions()
	o.BatchBytes, o.ReadBytes, o.Cached = tryBytes, tryBytes, true
	src, err := format.NewSource(s.Format, r.job.Input(s).Read, pass.Needs(), o)
	if err != nil {
		return err
	}
	blocks, err := src.Blocks(ctx, s, stages.BlockSize([]stages.Shard{*s}))
	if err != nil {
		return err
	}
	in, b, err := format.Head(ctx, src, s, &blocks[0])
	if err != nil {
		return err
	}
	defer in.Close()
	defer format.Release(b)
	if names, rows := format.Missing(b); rows > 0 && len(names) > 0 {
		// Rows without a text are damaged, and a block of nothing else is a mistake; of other columns, only a whole shard is.
		read := r.job.Input(s).Read
		text := names[0] == read.Text && r.job.MaxBad < 1
		if all, ended := allLack(ctx, in, names[0]); all && (text || ended && len(blocks) == 1) {
			e := format.Lacks(s, read, names[0])
			e.Has = format.ColumnsOf(ctx, s)
			return e
		}
	}
	_, _, err = pass.Run(ctx, b, nil, nil)
	if err == nil && pass.Ends != nil {
		err = tryCondition(pass.Ends, b)
	}
	return located(err)
}

// lackBytes is about how much of a block is looked through for a column.
const lackBytes = 64 << 20

// allLack says that none of the other rows of a block has a column, as far as they are looked at; ended, that all are.
func allLack(ctx context.Context, in stages.Reader, column string) (all, ended bool) {
	for in.BytesRead() < lackBytes {
		_, batch, err := in.Next(ctx)
		if errors.Is(err, io.EOF) {
			return true, true
		}
		if err != nil {
			return false, false
		}
		b, err := batch()
		if err != nil {
			return false, false
		}
		names, rows := format.Missing(b)
		format.Release(b)
		if rows > 0 && !slices.Contains(names, column) {
			return false, false
		}
	}
	return true, false
}

// external says that a stage gives rows to a program.
func external(s stages.Stage) bool {
	_, ok := stages.As[stages.External](s)
	return ok
}

// tryCondition asks the condition of the stage that ends the pass, for all rows that come there.
func tryCondition(s stages.Shuffler, b *stages.Batch) error {
	for i, kept := range b.Keep {
		if !kept {
			continue
		}
		if _, err := stages.Outside(s, b, i); err != nil {
			return &stages.StageError{Stage: s, Batch: b, Err: err}
		}
	}
	return nil
}
