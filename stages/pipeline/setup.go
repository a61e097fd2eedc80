package pipeline

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/format"
	"sluice/stages/manifest"
	"sluice/stages/progress"
	"sluice/stages/round"
)

// Files in OUT/.sluice, beside the journals.
const (
	blocksFile = "blocks.sluice" // shards and blocks, frozen with the inputs
	lockFolder = "lock"
	doneFile   = "done.sluice"
	// The job ended in its first pass on a mistake of its own.
	mistakenFile = "mistaken.sluice"
)

func roundFile(p, k int) string { return fmt.Sprintf("round-%d-%d.sluice", p, k) }

// layout is the version of what records, notes and chunks of removed rows say (FORMAT.md). It goes up with each
// change that a job begun before would read as something else: a value more, another order of counts or columns.
const layout = 2

// A frozen is what the first start fixes.
type frozen struct {
	Layout  int // 0: of a sluice that did not write it
	Started time.Time
	Shards  []stages.Shard
	Blocks  []stages.Block
}

// A welcome is what rank 0 tells the others when a run begins.
type welcome struct {
	Done     bool
	Start    int
	Tag      string
	Frozen   frozen
	Records  []byte
	Begun    []map[int]bool
	Placed   map[int]bool
	Rounds   map[[2]int][]byte // by pass and round, for the committed ones: the index of the table
	JobError bool              // with an error: of the kind of JobError
}

// setup lets rank 0 find out where the job stands, and tells all. It is collective. done
// says that the job was finished before.
func (r *run) setup(ctx context.Context) (done bool, err error) {
	var w welcome
	var jobError *JobError
	if r.comm.Rank() == 0 {
		err = r.discover(ctx, &w)
		w.JobError = errors.As(err, &jobError)
	}
	var p []byte
	if r.comm.Rank() == 0 {
		var b bytes.Buffer
		if e := gob.NewEncoder(&b).Encode(&w); e != nil {
			err = errors.Join(err, e)
		}
		p = b.Bytes()
	}
	if p, e := r.comm.Bcast(ctx, p, 0); e != nil {
		return false, e
	} else if e := gob.NewDecoder(bytes.NewReader(p)).Decode(&w); r.comm.Rank() != 0 && e != nil {
		err = fmt.Errorf("welcome from rank 0: %w", e)
	}
	if err := mpi.Agree(ctx, r.comm, err); err != nil {
		if w.JobError {
			return false, &JobError{err}
		}
		return false, err
	}
	if w.Done {
		return true, nil
	}
	err = r.adopt(&w)
	return false, mpi.Agree(ctx, r.comm, err)
}

// adopt takes over what rank 0 found out, and opens what is this rank's own.
func (r *run) adopt(w *welcome) error {
	r.start, r.tag, r.started = w.Start, w.Tag, w.Frozen.Started
	r.shards, r.blocks = w.Frozen.Shards, w.Frozen.Blocks
	r.index()
	r.begun, r.placedShards = w.Begun, w.Placed
	if r.placedShards == nil {
		r.placedShards = map[int]bool{}
	}
	r.records = make([][]*blockRecord, len(r.passes))
	for p := range r.records {
		r.records[p] = make([]*blockRecord, len(r.blocks))
	}
	err := r.addRecords(w.Records)
	if err != nil {
		return err
	}
	err = r.adoptRounds(func(p, k int) (index []byte, ok bool, err error) {
		index, ok = w.Rounds[[2]int{p, k}]
		return index, ok, nil
	})
	if err != nil {
		return err
	}
	if r.sinks, err = r.makeSinks(r.shards); err != nil {
		return err
	}
	r.scratch = filepath.Join(r.job.Scratch, fmt.Sprintf("sluice-%s-%d", r.tag, r.comm.Rank()))
	for _, dir := range []string{r.segments(), filepath.Join(r.dir, "parts")} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return diskError(err)
		}
	}
	if r.journal, err = manifest.CreateJournal(r.dir, r.start, r.comm.Rank()); err != nil {
		return err
	}
	r.live()
	return nil
}

// live begins the signs of life of this rank.
func (r *run) live() {
	c := r.comm
	r.life = progress.NewLife(progress.LifeOptions{
		Dir: LifeDir(r.job.Output), Host: c.Host(), Slot: c.LocalRank(), Rank: c.Rank(), Size: c.Size(), Start: uint32(r.start),
	})
	r.watch = []Watch{r.life}
	if r.opt.Watch != nil {
		r.watch = append(r.watch, r.opt.Watch)
	}
	r.life.Start(context.Background())
	if r.opt.Living != nil {
		r.opt.Living(r.life)
	}
}

// takeLock keeps other runs out of OUT until this one ends.
func (r *run) takeLock(ctx context.Context) error {
	dir := filepath.Join(r.dir, lockFolder)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return diskError(err)
	}
	lock, err := manifest.Acquire(ctx, dir, manifest.LockOptions{
		Holder: manifest.Self(),
		Wait: func(by manifest.Holder, most time.Duration) {
			r.notice("%s is in use by %s, which may be dead or about to end: waiting up to %v to see", r.job.Output, by, most)
		},
	})
	if err != nil {
		return err
	}
	r.lock = lock
	go func() {
		select {
		case <-r.ended:
			return
		case <-lock.Lost():
		}
		r.comm.Abort(1, fmt.Sprintf("another run has taken over %s: this one showed no sign of life for a minute", r.job.Output))
	}()
	return nil
}

// index computes what follows from shards and blocks.
func (r *run) index() {
	r.firstBlock = make([]int, len(r.shards)+1)
	for b := len(r.blocks) - 1; b >= 0; b-- {
		r.firstBlock[r.blocks[b].Shard] = b
	}
	r.firstBlock[len(r.shards)] = len(r.blocks)
	r.ranges = tableRanges(r.shards)
	r.homes = round.Homes(r.blocks, r.comm.Size())
}

// discover is rank 0's part of the setup.
func (r *run) discover(ctx context.Context, w *welcome) error {
	if err := r.checkPlace(); err != nil {
		return &JobError{err}
	}
	done, _, err := r.standing()
	if done || err != nil {
		w.Done = done
		return err
	}
	// Mistakes that show without reading a row leave OUT as it is.
	if err := r.checkSaving(); err != nil {
		return err
	}
	if err := r.prepare(ctx); err != nil {
		return &JobError{err}
	}
	if err := r.newOutput(); err != nil {
		return err
	}
	if err := r.takeLock(ctx); err != nil {
		return err
	}
	// Who held the lock until now may have finished the job, or begun another one.
	done, refusal, err := r.standing()
	if done || err != nil {
		w.Done = done
		return err
	}
	shards, stats, err := format.List(ctx, r.job.Inputs)
	if err == nil && (r.opt.Fresh || refusal != nil) {
		if err := r.glance(ctx, shards); err != nil {
			return err
		}
	}
	if r.opt.Fresh {
		if err == nil {
			err = format.CheckCollections(ctx, shards, r.stages)
		}
		if err != nil {
			return &JobError{err}
		}
		if err := r.newCollections(); err != nil {
			return err
		}
		if err := r.clear(); err != nil {
			return err
		}
	}
	if refusal != nil {
		if err := r.replace(refusal); err != nil {
			return err
		}
	}
	then, e := manifest.ReadInputs(r.dir)
	switch {
	case errors.Is(e, fs.ErrNotExist):
		if err != nil {
			return &JobError{err}
		}
		if err := r.freeze(ctx, shards, stats, w); err != nil {
			return err
		}
	case e != nil:
		return lostError(e)
	default:
		now := r.files(stats)
		if err := r.resume(then, now, err, w); err != nil {
			return err
		}
	}
	return r.readState(w)
}

// freeze writes down what the job is and which blocks its inputs have.
func (r *run) freeze(ctx context.Context, shards []stages.Shard, stats []format.Stat, w *welcome) error {
	if err := r.glance(ctx, shards); err != nil {
		return err
	}
	blocks, err := r.cut(ctx, shards)
	if err != nil {
		return err
	}
	if err := r.checkNames(shards); err != nil {
		return err
	}
	if err := r.newCollections(); err != nil {
		return err
	}
	w.Frozen = frozen{Layout: layout, Started: time.Now().UTC().Round(time.Second), Shards: shards, Blocks: blocks}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&w.Frozen); err != nil {
		return err
	}
	if err := manifest.WriteCommit(filepath.Join(r.dir, blocksFile), b.Bytes()); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.dir, "job.toml"), r.job.Text, 0o666); err != nil {
		return diskError(err)
	}
	return manifest.WriteInputs(r.dir, manifest.Inputs{Job: string(r.job.Canonical()), Files: r.files(stats)})
}

// standing says that OUT holds this job, finished. Another job is an error, or, if nothing is
// lost with it, a refusal for [run.replace].
func (r *run) standing() (done bool, refusal, err error) {
	done, err = r.alreadyDone()
	if _, ok := errors.AsType[*differentJob](err); ok && r.worthless() {
		return false, err, nil
	}
	return done, nil, err
}

// alreadyDone says that OUT holds this job, finished; an error if it holds
// another.
func (r *run) alreadyDone() (bool, error) {
	if r.opt.Fresh {
		return false, nil
	}
	then, err := manifest.ReadInputs(r.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, lostError(err)
	}
	if err := r.compare(then); err != nil {
		return false, err
	}
	_, err = manifest.ReadCommit(filepath.Join(r.dir, doneFile))
	return err == nil, nil
}

// thaw reads what the first start has fixed, unless what the job has done so far is written in another layout.
func (r *run) thaw(w *welcome) error {
	p, err := manifest.ReadCommit(filepath.Join(r.dir, blocksFile))
	if err != nil {
		return lostError(err)
	}
	if err := gob.NewDecoder(bytes.NewReader(p)).Decode(&w.Frozen); err != nil {
		return lostError(err)
	}
	if w.Frozen.Layout != layout {
		return &JobError{fmt.Errorf("%s was begun by another version of sluice (layout %d, this one has %d)\ngo on with that sluice, or start over with --fresh",
			r.job.Output, w.Frozen.Layout, layout)}
	}
	return nil
}

// resume checks that the inputs are those that the job began with.
func (r *run) resume(then manifest.Inputs, now []manifest.InputFile, listErr error, w *welcome) error {
	if err := r.thaw(w); err != nil {
		return err
	}
	if listErr != nil {
		return &JobError{listErr}
	}
	changes := manifest.CheckInputs(then.Files, now)
	if err := changes.Err(); err != nil {
		return &JobError{err}
	}
	if text := changes.Notice(); text != "" {
		r.notice("%s", text)
	}
	if _, err := manifest.RemoveTemps(r.job.Output); err != nil {
		return diskError(err)
	}
	return diskError(r.tidyCollections())
}

// readState reads the journals and the committed rounds.
func (r *run) readState(w *welcome) error {
	start, err := manifest.NextStart(r.dir)
	if err != nil {
		return err
	}
	w.Start, w.Tag = start, fmt.Sprintf("%x-%d", time.Now().UnixNano(), start)
	r.shards, r.blocks = w.Frozen.Shards, w.Frozen.Blocks
	r.begun = make([]map[int]bool, len(r.passes))
	r.records = make([][]*blockRecord, len(r.passes))
	for p := range r.records {
		r.records[p] = make([]*blockRecord, len(r.blocks))
		r.begun[p] = map[int]bool{}
	}
	damaged, err := r.readJournals()
	if err != nil {
		return err
	}
	for _, d := range damaged {
		r.notice("%v\nwhat it said from there on is done again", d)
	}
	for _, pass := range r.records {
		for _, rec := range pass {
			if rec != nil {
				w.Records = rec.append(w.Records)
			}
		}
	}
	w.Begun, w.Placed = r.begun, r.placedShards
	w.Rounds = map[[2]int][]byte{}
	return r.adoptRounds(func(p, k int) ([]byte, bool, error) {
		index, report, err := r.readRound(p, k)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, fmt.Errorf("%w\nremove that file to hold the round again", err)
		}
		w.Rounds[[2]int{p, k}], r.reports[p] = index, report
		return index, true, nil
	})
}

// files is the list of inputs, and of what else the rows depend on, as the manifest keeps it.
func (r *run) files(stats []format.Stat) []manifest.InputFile {
	files := make([]manifest.InputFile, len(stats))
	for i, s := range stats {
		files[i] = manifest.InputFile{Path: s.Path, Size: s.Size, Time: s.Time}
	}
	return append(files, r.besides()...)
}
