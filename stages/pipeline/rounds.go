package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/manifest"
	"sluice/stages/round"
)

// planRounds lists the rounds of all passes; none of them is held yet.
func (r *run) planRounds() {
	r.rounds = make([][]stages.Round, len(r.passes))
	for p, pass := range r.passes {
		if pass.Ends != nil {
			r.rounds[p] = pass.Ends.Rounds()
		}
	}
	r.forgetRounds()
}

// forgetRounds makes that no round counts as held.
func (r *run) forgetRounds() {
	r.held = make([]int, len(r.passes))
	r.tables = map[string]*round.Table{}
	r.reports = map[int]PassReport{}
}

// empty says that a table has no note on any rank.
func (r *run) empty(table string) bool {
	t := r.tables[table]
	return t == nil || t.Count == 0
}

// reads says that pass p reads a block. All rounds before it have been held. The
// last pass reads no shard that is not part of the output; a pass for a shuffler
// that is given notes, and in which nothing else is to be found out, only the blocks
// that have some.
func (r *run) reads(p, block int) bool {
	pass := r.passes[p]
	if pass.Last() {
		return r.shards[r.blocks[block].Shard].Against == ""
	}
	given := pass.Ends.Tables().Given
	if given == "" || slices.ContainsFunc(pass.Steps, func(s stages.Step) bool { return s.Count }) {
		return true
	}
	t := r.tables[given]
	if t == nil {
		return false
	}
	_, some := t.Blocks[block]
	return some
}

// readsAny says that pass p reads something.
func (r *run) readsAny(p int) bool {
	for b := range r.blocks {
		if r.reads(p, b) {
			return true
		}
	}
	return r.passes[p].Last()
}

// prior returns the last pass before p that read a block, -1 if there is none.
func (r *run) prior(p, block int) int {
	for p--; p >= 0 && !r.reads(p, block); p-- {
	}
	return p
}

// idle says that a round has nothing to do.
func (r *run) idle(rd stages.Round) bool {
	return len(rd.Given) > 0 && !slices.ContainsFunc(rd.Given, func(table string) bool { return !r.empty(table) })
}

// takeNotes lets the rounds know what pass p noted.
func (r *run) takeNotes(p int) {
	if ends := r.passes[p].Ends; ends != nil {
		r.tables[ends.Tables().Notes] = r.noted(p)
	}
}

// noted returns the table of what pass p noted.
func (r *run) noted(p int) *round.Table {
	t := &round.Table{Blocks: map[int]manifest.Ref{}}
	for b, rec := range r.records[p] {
		if rec != nil && rec.notes != (manifest.Ref{}) {
			t.Blocks[b] = rec.notes
			t.Count += rec.noted
		}
	}
	return t
}

// adoptRounds takes over what earlier starts have held. index returns the
// index of the table that a round made, if that is committed.
func (r *run) adoptRounds(index func(p, k int) (index []byte, ok bool, err error)) error {
	reports := r.reports
	r.forgetRounds()
	r.reports = reports
	for p := range r.passes {
		// A journal may be damaged: the rounds are there, and some rows are not.
		if r.passes[p].Last() || !r.complete(p) {
			return nil
		}
		if p == 0 {
			r.setBases()
		}
		r.takeNotes(p)
		for k, rd := range r.rounds[p] {
			if !r.idle(rd) {
				p, ok, err := index(p, k)
				if err != nil || !ok {
					return err
				}
				if r.tables[rd.Makes], err = round.DecodeIndex(p); err != nil {
					return err
				}
			}
			r.held[p] = k + 1
		}
	}
	return nil
}

// samples counts the samples of the job, once the first pass is done.
func (r *run) samples() (n int64) {
	for _, rec := range r.records[0] {
		n += rec.rows
	}
	return n
}

// meeting returns what a round is given to work with.
func (r *run) meeting(name string, c *round.Clock) *round.Meeting {
	return &round.Meeting{
		Name: name, Comm: r.comm, Homes: r.homes, Budget: r.budget, Rows: r.samples(), Segments: r.segments(),
		Scratch: r.scratch, Prefix: r.tag, MaxScratch: r.job.ScratchMax / int64(max(1, r.comm.LocalSize())),
		Tables: r.tables, Clock: c, Stopping: r.stopping,
	}
}

// holdRounds holds the rounds after pass p that are still to be held. Rank 0 commits
// each. It is collective.
func (r *run) holdRounds(ctx context.Context, p int, c *clock) error {
	for k := r.held[p]; k < len(r.rounds[p]); k++ {
		rd := r.rounds[p][k]
		if !r.idle(rd) {
			// A short round does not look whether it is to stop.
			var err error
			if r.stopping() {
				err = mpi.ErrStopped
			}
			if err := mpi.Agree(ctx, r.comm, err); err != nil {
				return err
			}
			if err := r.holdRound(ctx, p, k, c); err != nil {
				return err
			}
		}
		r.held[p] = k + 1
	}
	return nil
}

func (r *run) holdRound(ctx context.Context, p, k int, c *clock) error {
	rd := r.rounds[p][k]
	watched := r.watchRound(p, rd.Name, &c.Clock)
	begin := time.Now()
	table, index, err := r.holdLanes(ctx, rd, &c.Clock, fmt.Sprintf("round%d-%d-%d", p, k, r.start))
	watched()
	if err != nil {
		return err
	}
	report, err := r.gatherReports(ctx, p, c)
	if err != nil {
		return err
	}
	report.Rounds = append(r.reports[p].Rounds, RoundReport{rd.Name, table.Count, math.Round(time.Since(begin).Seconds()*1e3) / 1e3})
	if r.comm.Rank() == 0 {
		err = r.commitRound(p, k, index, &report)
	}
	if err := mpi.Agree(ctx, r.comm, err); err != nil {
		return err
	}
	r.tables[rd.Makes], r.reports[p] = table, report
	return nil
}

// watchRound tells the watch that a round begins, and every second how many records
// this rank has routed, until what it returns is called.
func (r *run) watchRound(p int, name string, c *round.Clock) (end func()) {
	for _, w := range r.watch {
		w.Pass(p+1, len(r.passes), name, 0)
	}
	routed := func() int64 { return c.Asked.Records.Load() + c.Answered.Records.Load() }
	told := routed()
	tell := func() {
		n := routed()
		for _, w := range r.watch {
			w.Done(0, n-told)
		}
		told = n
	}
	over := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-tick.C:
				tell()
			}
		}
	})
	return func() {
		close(over)
		group.Wait()
		tell()
		for _, w := range r.watch {
			w.Finish()
		}
	}
}

// commitRound writes down that a round is held: the index of its table, and
// what the ranks did.
func (r *run) commitRound(p, k int, index []byte, report *PassReport) error {
	text, err := json.Marshal(report)
	if err != nil {
		return err
	}
	return manifest.WriteCommit(filepath.Join(r.dir, roundFile(p, k)), append(appendBytes(nil, text), index...))
}

// readRound reads what commitRound wrote.
func (r *run) readRound(p, k int) (index []byte, report PassReport, err error) {
	path := filepath.Join(r.dir, roundFile(p, k))
	payload, err := manifest.ReadCommit(path)
	if err != nil {
		return nil, report, err
	}
	d := decoder{p: payload}
	text := d.bytes()
	if d.short {
		return nil, report, fmt.Errorf("%s: %w", path, errShort)
	}
	return d.p, report, json.Unmarshal(text, &report)
}
