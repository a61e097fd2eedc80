package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/format"
	"sluice/stages/job"
)

// about puts the path that an error is about before it, unless the error names
// a file itself.
func about(path string, err error) error {
	if _, ok := errors.AsType[*fs.PathError](err); ok || strings.Contains(err.Error(), path) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// cause returns the error to end with: the first that there is, for what
// follows a full disk is more of the same. A stop is none as long as there is
// another.
func cause(errs ...error) (first error) {
	for _, err := range errs {
		if err != nil && (first == nil || errors.Is(first, mpi.ErrStopped)) {
			first = err
		}
	}
	return first
}

// diskError adds the remedy to errors of a full or read-only disk.
func diskError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w\nfree space in the output's file system, then give the same command again: it continues", err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w\nmake the output folder writable, or choose another output", err)
	}
	return err
}

// lostError adds the remedy to errors of a file in OUT/.sluice without which a
// job cannot go on. One that cannot be read is still there.
func lostError(err error) error {
	if _, ok := errors.AsType[*fs.PathError](err); ok && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w\nmake it readable, or choose another output", err)
	}
	return fmt.Errorf("%w\nstart over with --fresh", err)
}

// asDamaged says whether err is damage of the shard that a job may survive.
func asDamaged(err error) (*stages.Damaged, bool) { return errors.AsType[*stages.Damaged](err) }

// jobErrorOf makes errors that are mistakes of the job a [JobError].
func jobErrorOf(err error) error {
	if missing, ok := errors.AsType[*format.MissingColumn](err); ok {
		return &JobError{missing}
	}
	return err
}

// mistakenJob says whether an error is a mistake of the job that shows in the data.
func mistakenJob(err error) bool {
	_, missing := errors.AsType[*format.MissingColumn](err)
	_, row := errors.AsType[*stages.RowError](err)
	return missing || row
}

// missing returns the error of a column that a shard lacks. What the shard has is looked
// up by rank 0. It is collective.
func (r *run) missing(ctx context.Context, shard *stages.Shard, column string) error {
	var has []byte
	if r.comm.Rank() == 0 {
		has = []byte(strings.Join(format.ColumnsOf(ctx, shard), "\n"))
	}
	has, err := r.comm.Bcast(ctx, has, 0)
	if err != nil {
		return err
	}
	e := format.Lacks(shard, r.job.Input(shard).Read, column)
	if len(has) > 0 {
		e.Has = strings.Split(string(has), "\n")
	}
	r.hint(e)
	return &JobError{e}
}

// hint says which stage wants the column, where in the job file, and which of those that there are it may mean.
func (r *run) hint(e *format.MissingColumn) {
	at, hint := r.job.Wants(r.stages, e.Column, e.Names())
	e.Hint = cmp.Or(e.Hint, hint)
	if at != (job.Place{}) {
		e.Line = at.String()
	}
}

// inJob adds to a mistake of the job that shows in the data where in the job file it stands.
func (r *run) inJob(err error) error {
	if missing, ok := errors.AsType[*format.MissingColumn](err); ok {
		r.hint(missing)
	}
	return r.job.Locate(err)
}
