package pipeline

import (
	"context"
	"os"
	"path/filepath"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/manifest"
)

// statsFolder is the folder in OUT of what stages have counted.
const statsFolder = "stats"

// addTallies adds what stages have counted in a batch to what they have in the block.
func (b *blockRun) addTallies(batch *stages.Batch) {
	for _, one := range batch.Family() {
		for _, t := range one.Tallies {
			mergeTally(&b.tallies, t)
		}
	}
}

// mergeTally adds a tally to the one of its stage.
func mergeTally(list *[]*stages.Tally, t *stages.Tally) {
	for _, own := range *list {
		if own.Stage == t.Stage {
			own.Add(t)
			return
		}
	}
	*list = append(*list, t)
}

// writeTallies writes what stages have counted in the block into the segment of the stream.
func (b *blockRun) writeTallies() error {
	var p []byte
	for _, t := range b.tallies {
		p = t.AppendTo(p)
	}
	if len(p) == 0 {
		return nil
	}
	seg, err := b.openSegment(&b.segment, "pass")
	if err != nil {
		return err
	}
	b.rec.tallies, err = seg.Append(p)
	return err
}

// summarize adds up what stages have counted, and lets rank 0 write it. Each rank reads what was
// counted in the blocks whose home it is. It is collective.
func (r *run) summarize(ctx context.Context) error {
	var counters []stages.Counter
	for _, s := range r.stages {
		if c, ok := stages.As[stages.Counter](s); ok {
			counters = append(counters, c)
		}
	}
	if len(counters) == 0 {
		return nil
	}
	own, err := r.homeTallies()
	if err := mpi.Agree(ctx, r.comm, err); err != nil {
		return err
	}
	var p []byte
	for _, t := range own {
		p = t.AppendTo(p)
	}
	parts, err := r.comm.Gather(ctx, p, 0)
	if err == nil && r.comm.Rank() == 0 {
		err = r.writeSummaries(counters, parts)
	}
	return mpi.Agree(ctx, r.comm, err)
}

// homeTallies adds up what was counted in the blocks whose home this rank is.
func (r *run) homeTallies() (sums []*stages.Tally, err error) {
	for _, pass := range r.records {
		for b := r.homes[r.comm.Rank()]; b < r.homes[r.comm.Rank()+1]; b++ {
			if pass[b] == nil || pass[b].tallies == (manifest.Ref{}) {
				continue
			}
			p, err := manifest.ReadRef(r.segments(), pass[b].tallies)
			if err == nil {
				err = addTallies(&sums, p)
			}
			if err != nil {
				return nil, stateError(err)
			}
		}
	}
	return sums, nil
}

func addTallies(sums *[]*stages.Tally, p []byte) error {
	for len(p) > 0 {
		t, rest, err := stages.DecodeTally(p)
		if err != nil {
			return err
		}
		mergeTally(sums, t)
		p = rest
	}
	return nil
}

// writeSummaries writes OUT/stats.
func (r *run) writeSummaries(counters []stages.Counter, parts [][]byte) error {
	var sums []*stages.Tally
	for _, p := range parts {
		if err := addTallies(&sums, p); err != nil {
			return err
		}
	}
	dir := filepath.Join(r.job.Output, statsFolder)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return diskError(err)
	}
	r.summaries = map[string]string{}
	for _, c := range counters {
		r.summaries[c.Name()] = statsFolder + "/" + c.Name() + ".json"
		sum := stages.NewTally(c.Name(), 1)
		for _, t := range sums {
			if t.Stage == c.Name() {
				sum = t
			}
		}
		sum.AppendTo(nil) // no more groups than its limit
		text, err := c.Summary(sum)
		if err != nil {
			return err
		}
		out, err := manifest.CreateAtomic(filepath.Join(dir, c.Name()+".json"))
		if err != nil {
			return diskError(err)
		}
		_, err = out.Write(text)
		if err == nil {
			err = out.Commit()
		}
		out.Abort()
		if err != nil {
			return diskError(err)
		}
	}
	return manifest.SyncDirs(dir, r.job.Output)
}
