// Package pipeline runs a job: it cuts the stages into passes, hands out the
// blocks of the input to the ranks, exchanges what shufflers ask, and writes
// the output, so that a job that was killed anywhere continues.
//
// All ranks call [Run]. [stages.Passes] shows how the stages of a job fall into
// passes without running them.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/corpus"
	"sluice/stages/format"
	"sluice/stages/job"
	"sluice/stages/manifest"
	"sluice/stages/progress"
	"sluice/stages/round"
)

// Options of a run; the same on all ranks but for the functions.
type Options struct {
	Version string          // of the program, for the report
	Fresh   bool            // remove what an earlier run left in OUT, and start over
	Stop    <-chan struct{} // closed to end the run at the next block; nil = never
	// Notice is told what the user should know, in one or several lines. Only
	// rank 0 calls it. nil = nobody.
	Notice func(text string)
	// Living is told of the signs of life of this rank once they begin. nil = nobody.
	Living func(*progress.Life)
	// Watch is told where this rank is, besides. nil = nobody.
	Watch Watch
	// Lanes is how many goroutines hold a round on this rank; 0 = as [stages.Budget.Lanes] says. All ranks take
	// the least of theirs.
	Lanes int
}

// LifeDir is the folder in which the ranks of a job show signs of life.
func LifeDir(output string) string { return filepath.Join(output, ".sluice", "life") }

// A Watch follows one rank. Its methods may be called by several goroutines.
type Watch interface {
	// Pass begins a pass, of which this start has to read so many bytes over
	// all ranks, or a round after it, with none. what says what the rank does in it.
	Pass(pass, passes int, what string, bytes int64)
	// Block says which block of the input is begun; passes count from 1.
	Block(pass, block int)
	// Done adds bytes read and rows seen; in a round, records that were routed.
	Done(bytes, rows int64)
	// Finish says that this rank has no more to do in the pass.
	Finish()
}

// An Outcome is how a run ended on this rank.
type Outcome struct {
	// Report is set on rank 0 once the inputs are known, also with an error.
	Report *Report
	// Already says that the job was done before, and nothing was read.
	Already bool
	// Skipped counts what was damaged and left out: rows, and shards that
	// could not be read to their end.
	Skipped int64
}

// A JobError is a mistake in the job file, or another job in its OUT: what
// exit code 2 stands for.
type JobError struct{ Err error }

func (e *JobError) Error() string { return e.Err.Error() }
func (e *JobError) Unwrap() error { return e.Err }

// run is one rank's view of a run. Everything but what is marked is the same on all ranks.
type run struct {
	job    *job.Job
	opt    Options
	comm   mpi.Comm
	dir    string // OUT/.sluice
	budget stages.Budget
	lanes  int // goroutines that hold a round; 0 until the ranks have agreed

	start   int // number of this start, from 0
	started time.Time
	tag     string // names this job and start in scratch
	scratch string // this rank's folder for temporary files
	stages  []stages.Stage
	ready   bool // they are prepared
	glanced bool // at the first rows of the inputs
	passes  []stages.Pass
	mover   stages.Mover // arranges the output; nil = each input shard has its own

	shards     []stages.Shard
	blocks     []stages.Block
	firstBlock []int   // of each shard, and the number of blocks
	bases      []int64 // row within its shard of the first row of each block, known after the first pass
	homes      []int
	ranges     []int // of shards, for the list of duplicates
	streams    int
	sinks      map[sourceKey]stages.Sink
	removed    *format.RemovedSink // nil = removed rows are not written

	shapes     []shape          // of the block records, by pass; nil until some are read
	records    [][]*blockRecord // by pass and block; nil = not done
	begun      []map[int]bool   // by pass: blocks that an earlier start began
	rounds     [][]stages.Round // by pass
	held       []int            // by pass: rounds that are behind us
	tables     map[string]*round.Table
	reports    map[int]PassReport     // by pass; rank 0 only
	earlier    map[int]*EarlierReport // by pass: what earlier starts have done
	duplicates int64
	clusters   map[string]*ClusterReport // by stage; rank 0 only
	summaries  map[string]string         // by stage: file in OUT; rank 0 only

	watch   []Watch           // this rank's
	life    *progress.Life    // this rank's
	stopped func()            // tells the stages that this rank is to stop
	lock    *manifest.Lock    // rank 0 only
	ended   chan struct{}     // closed when the run is over
	journal *manifest.Journal // this rank's
	placed  manifest.DirSyncs // this rank's

	megatron func() (*format.Megatron, error) // opens the tokenizer of [write] once

	shardsMu     sync.Mutex
	placedShards map[int]bool // output shards in their place
	placedHere   []int        // of them, put there by this rank in this start

	arranged *stages.Arrangement // what the mover said; nil until then
}

// Run runs the job on the ranks of c. It is collective, and all ranks get the
// same kind of error: a *[JobError], mpi.ErrStopped, or a *mpi.RankError.
func Run(ctx context.Context, c mpi.Comm, j *job.Job, o Options) (Outcome, error) {
	r := &run{job: j, opt: o, comm: c, dir: filepath.Join(j.Output, ".sluice"), placedShards: map[int]bool{}, earlier: map[int]*EarlierReport{}, ended: make(chan struct{})}
	r.megatron = sync.OnceValues(func() (*format.Megatron, error) { return format.OpenMegatron(j.Write) })
	var out Outcome
	made, err := j.Build()
	if err == nil {
		err = stages.Check(made, j.Inputs)
	}
	if err != nil {
		return out, &JobError{err}
	}
	defer stages.Close(made)
	r.stages, r.passes = made, stages.Passes(made)
	r.mover = corpus.Of(made, j.ShardSize())
	r.plan()
	r.planRounds()
	if r.removed, err = r.newRemoved(); err != nil {
		return out, err
	}
	defer r.close()
	done, err := r.setup(ctx)
	if done || err != nil {
		out.Already = done
		return out, err
	}
	if err := mpi.Agree(ctx, c, r.prepare(ctx)); err != nil {
		return out, &JobError{err}
	}
	r.warnScratch()
	stop, stopped := context.WithCancel(context.Background())
	r.stopped = stopped
	err = r.runPasses(stages.WithStop(ctx, stop))
	var written error // of the report: only rank 0 knows
	if c.Rank() == 0 && r.records != nil {
		rep, e := r.report()
		if e == nil && (err == nil || rep.RowsIn > 0) {
			e = r.writeReport(rep)
		}
		out.Report = rep
		if e != nil {
			written = fmt.Errorf("report: %w", e)
		}
	}
	out.Skipped = r.skipped()
	if err == nil {
		err = r.finish(ctx, written)
	}
	return out, err
}

// runPasses runs what is left to run. It is collective.
func (r *run) runPasses(ctx context.Context) error {
	for p := range r.passes {
		if !r.passes[p].Last() && r.held[p] == len(r.rounds[p]) {
			continue // its last round is committed
		}
		if err := r.runPass(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) runPass(ctx context.Context, p int) error {
	var clock clock
	if r.readsAny(p) {
		if err := r.readPass(ctx, p, &clock); err != nil {
			return err
		}
	}
	if !r.passes[p].Last() {
		return r.holdRounds(ctx, p, &clock)
	}
	return r.endLast(ctx, p, &clock)
}

// readPass reads the shards once. It is collective.
func (r *run) readPass(ctx context.Context, p int, clock *clock) error {
	c, err := r.newMapPass(p, clock)
	if err := mpi.Agree(ctx, r.comm, err); err != nil {
		return jobErrorOf(err)
	}
	if err := r.verify(ctx, p, c); err != nil {
		return err
	}
	r.earlier[p] = r.earlierReport(p)
	r.watchPass(p, c)
	err = r.mapPass(ctx, p, c)
	for _, w := range r.watch {
		w.Finish()
	}
	if err == nil {
		err = r.share(ctx, p, c)
	}
	if err == nil {
		err = r.columns(ctx, c)
	}
	if err == nil && p == 0 {
		r.setBases()
		err = r.bounds()
	}
	if err != nil {
		err = r.agreeKind(ctx, err)
		if p == 0 {
			err = cause(err, r.mistaken(err))
		}
		return err
	}
	r.takeNotes(p)
	return nil
}

// agreeKind makes err a [JobError] on all ranks if it is a mistake of the job on
// the rank that it comes from. It is collective.
func (r *run) agreeKind(ctx context.Context, err error) error {
	if errors.Is(err, mpi.ErrStopped) {
		return err
	}
	v := []uint64{0}
	if _, mistake := errors.AsType[*JobError](err); mistake || mistakenJob(err) {
		v[0] = 1
	}
	if e := r.comm.AllReduce(ctx, v, mpi.Max); e != nil || v[0] == 0 {
		return err
	}
	if _, ok := errors.AsType[*JobError](err); ok {
		return err
	}
	return &JobError{err}
}

// endLast makes the output whole once all blocks are done.
func (r *run) endLast(ctx context.Context, p int, c *clock) error {
	if p > 0 {
		if err := r.listDuplicates(ctx, p, c); err != nil {
			return err
		}
		if err := r.saveCollections(ctx, p, c); err != nil {
			return err
		}
	}
	if err := r.joinRemoved(ctx, c); err != nil {
		return err
	}
	complete := r.joinShards
	if r.mover != nil {
		complete = r.moveRows
	}
	if err := complete(ctx, c); err != nil {
		if p == 0 {
			err = cause(err, r.mistaken(err))
		}
		return err
	}
	if err := r.summarize(ctx); err != nil {
		return err
	}
	report, err := r.gatherReports(ctx, p, c)
	if err != nil {
		return err
	}
	r.reports[p] = report
	return nil
}

// finish marks a run that is done, unless rank 0 could not write its report, and
// removes what is no longer needed. It is collective.
func (r *run) finish(ctx context.Context, err error) error {
	if r.comm.Rank() == 0 && err == nil {
		if err = manifest.WriteCommit(filepath.Join(r.dir, doneFile), nil); err == nil {
			err = errors.Join(os.RemoveAll(filepath.Join(r.dir, "parts")), os.RemoveAll(filepath.Join(r.dir, "segments")))
		}
	}
	return mpi.Agree(ctx, r.comm, err)
}

// close gives back what the rank holds. Errors no longer matter: what counts was synced.
func (r *run) close() {
	close(r.ended)
	if r.journal != nil {
		r.journal.Close()
	}
	if r.life != nil {
		r.life.Close()
	}
	if r.lock != nil {
		r.lock.Release()
	}
	if r.scratch != "" {
		os.RemoveAll(r.scratch)
	}
}

// stopping says that this rank was asked to stop.
func (r *run) stopping() bool {
	select {
	case <-r.opt.Stop:
		return true
	default:
		return false
	}
}

// complete says that all blocks of a pass are done that it reads.
func (r *run) complete(p int) bool {
	for b, rec := range r.records[p] {
		if rec == nil && r.reads(p, b) {
			return false
		}
	}
	return true
}

// segments is the folder of the segment files.
func (r *run) segments() string { return filepath.Join(r.dir, "segments") }

// skipped counts damaged rows, and shards that could not be read to their end.
func (r *run) skipped() (n int64) {
	if r.records == nil {
		return 0
	}
	last := -1 // shard that was counted
	for b, rec := range r.records[0] {
		if rec == nil {
			continue
		}
		n += rec.damaged
		if shard := r.blocks[b].Shard; rec.truncated && shard != last {
			n++
			last = shard
		}
	}
	return n
}

// setBases computes where the rows of each block begin in its shard.
func (r *run) setBases() {
	r.bases = make([]int64, len(r.blocks))
	for b := 1; b < len(r.blocks); b++ {
		if r.blocks[b].Shard == r.blocks[b-1].Shard {
			r.bases[b] = r.bases[b-1] + r.records[0][b-1].rows
		}
	}
}

// watchPass tells the watch what the pass has to do.
func (r *run) watchPass(p int, c *mapPass) {
	var bytes int64
	for b, rec := range r.records[p] {
		if rec == nil && r.reads(p, b) {
			bytes += r.blocks[b].Bytes
		}
	}
	what := "write"
	if !c.pass.Last() {
		what = "read for " + c.pass.Ends.Name()
	}
	for _, w := range r.watch {
		w.Pass(p+1, len(r.passes), what, bytes)
	}
}

func (c *mapPass) progress(bytes, rows int64) {
	for _, w := range c.r.watch {
		w.Done(bytes, rows)
	}
}

// notice tells the user something, on rank 0.
func (r *run) notice(format string, args ...any) {
	if r.opt.Notice != nil && r.comm.Rank() == 0 {
		r.opt.Notice(fmt.Sprintf(format, args...))
	}
}
