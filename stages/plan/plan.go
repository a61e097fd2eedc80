// Package plan says what a job will cost before it runs: passes over the
// input, bytes that the ranks send each other, memory and scratch.
//
// [Make] runs the stages of the job over a sample of its input, which it
// reads evenly from all shards, and scales what it sees. An input that is not
// larger than the sample is read whole, and then nothing is guessed.
package plan

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/format"
	"sluice/stages/job"
	"sluice/stages/round"
)

// Options of a plan.
type Options struct {
	Ranks        int   // of the job
	RanksPerNode int   // that share a process or a node; 0 = Ranks
	Processes    bool  // ranks are processes of their own, as under MPI
	Sample       int64 // bytes of input to read; 0 = 256 MiB
}

// A Plan is what a job will cost. Bytes are of all ranks together unless it
// says otherwise.
type Plan struct {
	Job     *job.Job
	Options Options
	Shards  int
	Blocks  int
	Bytes   int64 // of the input, on disk
	Sampled int64 // of them, read for the plan
	Rows    int64
	Passes  []Pass
	Memory  int64    // peak resident set of a process
	Scratch int64    // per rank
	State   int64    // in OUT/.sluice
	Outputs int      // output shards, where a mover makes them; else 0
	named   []string // warnings of names
	room    int64    // of the memory of a rank, beside what stages hold
}

// A Pass is the cost of one pass over the input.
type Pass struct {
	stages.Pass
	Needs   []stages.Need
	Unread  bool    // nothing to read for, as far as the sample shows
	Notes   Traffic // that the pass writes down, as they lie in OUT/.sluice
	Removed Traffic // rows that OUT/removed will have, before they are compressed
	Rounds  []Round
	Rows    []int64 // left by each counting step
	sample  *sampled
}

// A Round is the cost of one round between two passes.
type Round struct {
	Name     string
	Asked    Traffic // questions; requests and records where something is fetched
	Answered Traffic
	Sent     int64 // bytes that the ranks send each other
	table    int64 // bytes of the table that it makes
	most     held  // by sorters at a time
}

// Traffic is records that travel.
type Traffic struct{ Records, Bytes int64 }

// Whole says that the plan has seen all of the input.
func (p *Plan) Whole() bool { return p.Sampled >= p.Bytes }

// Make plans a job. Its mistakes that only the input shows, such as a missing
// column, are errors.
func Make(ctx context.Context, j *job.Job, o Options) (*Plan, error) {
	if o.Sample <= 0 {
		o.Sample = 256 << 20
	}
	if o.RanksPerNode == 0 {
		o.RanksPerNode = o.Ranks
	}
	list, err := j.Build()
	if err != nil {
		return nil, err
	}
	if err := stages.Check(list, j.Inputs); err != nil {
		return nil, err
	}
	defer stages.Close(list)
	if err := stages.Prepare(ctx, list); err != nil {
		return nil, err
	}
	room, err := stages.Room(list, j.Memory, max(1, j.Threads))
	if err != nil {
		return nil, err
	}
	shards, _, err := format.List(ctx, j.Inputs)
	if err != nil {
		return nil, err
	}
	p := &Plan{Job: j, Options: o, Shards: len(shards), room: room}
	s := &sampled{job: j, stages: list, shards: shards, threads: runtime.GOMAXPROCS(0)}
	if _, p.named, err = format.CheckColumns(ctx, shards, j.Inputs, j.Write, list); err != nil {
		return nil, s.inJob(err)
	}
	if err := s.cut(ctx); err != nil {
		return nil, err
	}
	for _, b := range s.blocks {
		p.Bytes += b.Bytes
	}
	p.Blocks = len(s.blocks)
	s.homes = round.Homes(s.blocks, max(1, o.Ranks))
	s.choose(o.Sample)
	defer s.close()
	err = mpi.Local(1, mpi.Config{}, func(c mpi.Comm) error {
		s.comm = c
		for i, pass := range stages.Passes(list) {
			cost, err := s.run(ctx, i, pass)
			if err != nil {
				return err
			}
			if err := s.lacking(ctx); err != nil {
				return err
			}
			p.Passes = append(p.Passes, cost)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := p.arrange(s, p.scale(s)); err != nil {
		return nil, err
	}
	p.size(s)
	return p, nil
}

// scale turns what the sample showed into what the whole input will, and returns how many times
// that is as much.
func (p *Plan) scale(s *sampled) float64 {
	p.Sampled = s.bytes
	factor := 1.0
	if s.bytes > 0 {
		factor = max(1, float64(p.Bytes)/float64(s.bytes))
	}
	grow := func(n *int64) { *n = int64(float64(*n)*factor + 0.5) }
	p.Rows = s.rows
	grow(&p.Rows)
	for i := range p.Passes {
		c := &p.Passes[i]
		traffic := []*Traffic{&c.Notes, &c.Removed}
		for k := range c.Rounds {
			r := &c.Rounds[k]
			traffic = append(traffic, &r.Asked, &r.Answered)
			grow(&r.Sent)
			grow(&r.table)
			for i := range r.most {
				grow(&r.most[i].Records)
				grow(&r.most[i].Bytes)
			}
		}
		for _, t := range traffic {
			grow(&t.Records)
			grow(&t.Bytes)
		}
		for k := range c.Rows {
			grow(&c.Rows[k])
		}
	}
	return factor
}

// Warnings says what about the job is likely to hurt.
func (p *Plan) Warnings() []string {
	w := slices.Clone(p.named)
	if n := p.Options.RanksPerNode; p.Options.Processes && n > 16 {
		w = append(w, fmt.Sprintf("%d ranks a node share its network and memory; one per GPU or NUMA domain is faster", n))
	}
	if p.Blocks < p.Options.Ranks*2 {
		w = append(w, fmt.Sprintf("%d blocks for %d ranks: compressed files and small inputs cannot be shared further; start fewer ranks", p.Blocks, p.Options.Ranks))
	}
	if pairs := slices.ContainsFunc(p.Passes, func(c Pass) bool { return c.Ends != nil && c.Ends.Tables().Given != "" }); pairs && !p.Whole() {
		w = append(w, fmt.Sprintf("%.0f %% of the input were read, and of similar pairs few are in there together: what is sent and kept for pairs can be several times what is said here\n"+
			"--sample %d reads all", 100*float64(p.Sampled)/float64(p.Bytes), p.Bytes))
	}
	lanes := stages.NewBudget(p.room, max(1, p.Job.Threads)).Lanes(p.Job.Threads)
	if n := p.Job.Threads; n > 2*lanes && slices.ContainsFunc(p.Passes, func(c Pass) bool { return len(c.Rounds) > 3 }) {
		w = append(w, fmt.Sprintf("rounds run on %d of the %d cores of a rank: start more ranks with fewer cores each, or give a rank 100 MB for each of up to 16", lanes, n))
	}
	if p.Bytes > 100<<30 {
		w = append(w, "on Lustre, stripe large outputs: lfs setstripe -c -1 on OUT before the first start")
	}
	return w
}

// Sent is how many bytes the ranks send each other in all passes.
func (p *Plan) Sent() (n int64) {
	for _, c := range p.Passes {
		for _, r := range c.Rounds {
			n += r.Sent
		}
	}
	return n
}

// Reads is how many passes read the input.
func (p *Plan) Reads() (n int) {
	for _, c := range p.Passes {
		if !c.Unread {
			n++
		}
	}
	return n
}

// Removed is how many bytes of rows OUT/removed will have, before they are compressed.
func (p *Plan) Removed() (n int64) {
	for _, c := range p.Passes {
		n += c.Removed.Bytes
	}
	return n
}
