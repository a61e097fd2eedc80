package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"runtime/debug"
	"strings"
	"sync/atomic"

	"sluice/mpi"
	"sluice/stages/job"
)

// ranks starts the ranks of a job: those of MPI under srun or mpirun, or n
// goroutine ranks. What goes wrong before there are ranks (first) is said by
// rank 0 alone, too. The error is for this process to end with, and is nil on
// a process that another one speaks for.
func (p *program) ranks(n int, cfg mpi.Config, first error, main func(mpi.Comm) error) error {
	launched, launcher := mpi.Launched()
	if launched == 0 {
		if first != nil {
			return first
		}
		return mpi.Local(n, cfg, main)
	}
	if n != 0 && n != launched && first == nil {
		first = usageError{fmt.Errorf("--ranks %d does not fit: %s has started %d ranks\nleave the flag out", n, launcher, launched)}
	}
	var began, quiet atomic.Bool
	code := exitFailed
	err := mpi.World(cfg, func(c mpi.Comm) error {
		began.Store(true)
		quiet.Store(c.Rank() != 0)
		ctx := context.Background()
		err := mpi.Agree(ctx, c, first)
		if err == nil {
			err = main(c)
		}
		code = commonCode(ctx, c, err)
		return err
	})
	if err == nil || !began.Load() {
		return err
	}
	if quiet.Load() {
		return codeError{code, nil}
	}
	if own := (*mpi.RankError)(nil); errors.As(err, &own) && own.Rank == 0 && first != nil {
		err = first // a mistake that all ranks have seen needs no rank
	}
	return codeError{code, err}
}

// commonCode returns the exit code that all ranks end with. Where they cannot
// talk any more, the error itself is common to all.
func commonCode(ctx context.Context, c mpi.Comm, err error) int {
	own := exitCode(err)
	all := []uint64{uint64(own)}
	if c.AllReduce(ctx, all, mpi.Max) != nil {
		return own
	}
	return int(all[0])
}

// settle gives a rank its own copy of the job, with what depends on its node.
func settle(ctx context.Context, c mpi.Comm, j *job.Job) (*job.Job, error) {
	if err := sameJob(ctx, c, j); err != nil {
		return nil, err
	}
	sharing, err := sharingCores(ctx, c)
	if err != nil {
		return nil, err
	}
	own := *j
	if err := mpi.Agree(ctx, c, own.Resolve(c.LocalSize(), sharing)); err != nil {
		return nil, err
	}
	ranks := 1
	if launched, _ := mpi.Launched(); launched == 0 {
		ranks = c.Size()
	}
	limit := int64(math.MaxInt64)
	if own.Memory < limit/int64(ranks) {
		limit = own.Memory * int64(ranks)
	}
	if limit < debug.SetMemoryLimit(-1) { // GOMEMLIMIT may have set less
		debug.SetMemoryLimit(limit)
	}
	return &own, nil
}

// sameJob refuses ranks that have read different job files.
func sameJob(ctx context.Context, c mpi.Comm, j *job.Job) error {
	h := fnv.New64a()
	h.Write(j.Canonical())
	h.Write([]byte(j.Output))
	x := []uint64{h.Sum64(), ^h.Sum64()}
	if err := c.AllReduce(ctx, x, mpi.Min); err != nil {
		return err
	}
	if x[0] != ^x[1] {
		return errors.New("the ranks have read different job files\n" +
			"is the file changing, or do its paths use variables that differ between nodes?")
	}
	return nil
}

// sharingCores returns how many ranks run on the same cores as this one.
func sharingCores(ctx context.Context, c mpi.Comm) (int, error) {
	if launched, _ := mpi.Launched(); launched == 0 {
		return c.LocalSize(), nil
	}
	own := c.Host() + " " + job.Cores()
	all, err := c.Gather(ctx, []byte(own), 0)
	if err != nil {
		return 0, err
	}
	lines := make([]string, len(all))
	for i := range all {
		lines[i] = string(all[i])
	}
	text, err := c.Bcast(ctx, []byte(strings.Join(lines, "\n")), 0)
	if err != nil {
		return 0, err
	}
	sharing := 0
	for _, line := range strings.Split(string(text), "\n") {
		if line == own {
			sharing++
		}
	}
	return sharing, nil
}
