package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"sluice/mpi"
	"sluice/stages/catalog"
	"sluice/stages/job"
	"sluice/stages/pipeline"
	"sluice/stages/progress"
)

const runUsage = `usage: sluice run JOB.toml [--set KEY=VALUE]... [--ranks N] [--fresh] [--dry-run]

Runs the job on the ranks that srun or mpirun has started, and elsewhere on
goroutine ranks. On an OUT that is finished it does nothing, on an interrupted
one it goes on, with any number of ranks.

  --set KEY=VALUE  change a key of the job file: write.format=parquet,
                   stage.NAME.min_words=20; values are TOML
  --ranks N        goroutine ranks; default: the cores
  --fresh          remove what OUT holds of an earlier run, and start over
  --dry-run        check the job and show its plan; leave OUT alone

SIGUSR1, SIGTERM and SIGINT stop it at the next block, with exit code 85; a
second SIGTERM or SIGINT at once. SIGUSR2 prints where every rank is. Send
SIGUSR1 to stop mpirun: on SIGTERM it kills its ranks after a second, and
exits with 1. Nothing that is done is lost by that.

examples:
  sluice run job.toml
  sluice run job.toml --ranks 8 --set output=/tmp/try --set read.limit=1000
  mpirun -n 4 sluice run job.toml
  srun --mpi=pmix sluice run job.toml
`

var runFlags = []string{"set", "ranks", "fresh", "dry-run"}

// runOptions are the flags of run.
type runOptions struct {
	set        []string
	ranks      int // 0 = not given
	fresh, dry bool
}

// run runs a job.
func (p *program) run(args []string) error {
	var o runOptions
	j, err := o.parse(args)
	launched, _ := mpi.Launched()
	if err == nil && o.dry && launched == 0 {
		return p.dryRun(j, o)
	}
	if errors.Is(err, errHelp) {
		return err
	}
	var began atomic.Bool
	sig := listen(p.errorf)
	defer sig.close()
	cfg := mpi.Config{}
	if err == nil {
		cfg.Watchdog = j.Watchdog
		cfg.Waiting = waiting(j.Output, &began, func(text string) {
			if !sig.quiet.Load() {
				p.errorf("%s", text)
			}
		})
	}
	n := o.ranks
	if n == 0 && launched == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	var outcome pipeline.Outcome
	err = p.ranks(n, cfg, err, func(c mpi.Comm) error {
		if c.Rank() == 0 || launched > 0 {
			sig.comm.Store(&c)
			sig.quiet.Store(c.Rank() != 0)
		}
		if o.dry {
			var err error
			if c.Rank() == 0 {
				err = p.dryRun(j, o)
			}
			return mpi.Agree(context.Background(), c, err)
		}
		out, err := p.rank(context.Background(), c, j, o, sig, &began)
		if c.Rank() == 0 || launched > 0 {
			outcome = out
		}
		return err
	})
	switch {
	case err != nil && outcome.Report != nil && exitCode(err) == exitFailed:
		return failed(err)
	case err != nil:
		return err
	case outcome.Skipped > 0:
		return codeError{code: exitDamaged}
	}
	return nil
}

// parse reads the command line and the job file.
func (o *runOptions) parse(args []string) (*job.Job, error) {
	args, err := flagSet{
		switches: map[string]*bool{"fresh": &o.fresh, "dry-run": &o.dry},
		values:   map[string]func(string) error{"set": list(&o.set), "ranks": atLeastOne(&o.ranks)},
	}.parse(args)
	if err != nil {
		return nil, err
	}
	if err := arguments(args, "run", "JOB.toml"); err != nil {
		return nil, err
	}
	return job.Parse(args[0], catalog.All(), job.Options{Set: o.set, Recipes: catalog.Recipes()})
}

// answerTime is how long rank 0 waits on SIGUSR2 for the other ranks, which the
// signal reaches too, to write where they are.
const answerTime = 200 * time.Millisecond

// rank is the whole life of one rank. Rank 0 prints the result.
func (p *program) rank(ctx context.Context, c mpi.Comm, j *job.Job, o runOptions, sig *signals, began *atomic.Bool) (pipeline.Outcome, error) {
	own, err := settle(ctx, c, j)
	if err != nil {
		return pipeline.Outcome{}, err
	}
	end := func() {}
	living := func(life *progress.Life) {
		began.Store(true)
		sig.asked(life.Tell)
		if c.Rank() == 0 {
			where := func() {
				time.Sleep(answerTime)
				p.errorf("%s", progress.WhereAll(pipeline.LifeDir(own.Output)))
			}
			sig.asked(where)
			end = p.showProgress(ctx, life)
		}
	}
	out, err := pipeline.Run(ctx, c, own, pipeline.Options{
		Version: release,
		Fresh:   o.fresh,
		Stop:    sig.stop,
		Notice:  func(text string) { p.errorf("%s", text) },
		Living:  living,
	})
	end()
	if err != nil || c.Rank() != 0 {
		return out, err
	}
	if out.Already {
		p.errorf("%s is finished, nothing to do\nto do it again: --fresh", j.Output)
		return out, nil
	}
	p.funnel(out.Report)
	if out.Skipped > 0 {
		p.errorf("%s damaged rows or shards were skipped\nthey are listed in %s/report.json", progress.Count(out.Skipped), j.Output)
	}
	return out, nil
}

// failed adds to an error what it leaves behind, unless that has to go first.
func failed(err error) error {
	var code codeError
	if errors.As(err, &code) {
		if code.err != nil {
			code.err = failed(code.err)
		}
		return code
	}
	if strings.Contains(err.Error(), "--fresh") {
		return err
	}
	return fmt.Errorf("%w\nwhat is done is kept: the same command goes on from there", err)
}

// dryRun shows the plan of a job.
func (p *program) dryRun(j *job.Job, o runOptions) error {
	if o.fresh {
		p.errorf("--fresh would remove what %s holds of an earlier run", j.Output)
	}
	launched, _ := mpi.Launched()
	return p.showPlan(j, planOptions{ranks: max(o.ranks, launched), processes: launched > 0}, o.fresh)
}
