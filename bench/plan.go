package bench

import (
	"context"
	"fmt"
	"strconv"

	"sluice/stages/catalog"
	"sluice/stages/job"
	"sluice/stages/pipeline"
	"sluice/stages/plan"
)

// runPlan compares what plan says with what run reports, over inputs of
// different shapes, numbers of ranks and memory.
func runPlan(ctx context.Context, b *bench) error {
	base, err := b.base()
	if err != nil {
		return err
	}
	if err := b.corpus("long", base, min(b.Size, 600_000_000), true); err != nil {
		return err
	}
	if err := b.lines("short", 4, int(max(1, min(1_000_000, b.Size/4/40)))); err != nil {
		return err
	}
	if err := b.compressed("long", "zst"); err != nil {
		return err
	}
	if err := b.tables("long", "parquet", 8<<20); err != nil {
		return err
	}
	for _, c := range []struct {
		in             string
		ranks, threads int
		memory         string
	}{
		{"long", 2, 1, "8GB"}, {"long", 4, 1, "64MB"}, {"long", 1, 4, "1GB"},
		{"short", 2, 1, "8GB"}, {"short", 3, 1, "64MB"}, {"short", 1, 1, "1GB"},
		{"zst", 1, 1, "64MB"}, {"zst", 2, 1, "1GB"}, {"zst", 1, 2, "1GB"}, {"zst", 4, 2, "1GB"},
		{"parquet", 1, 1, "64MB"}, {"parquet", 1, 1, "1GB"}, {"parquet", 1, 2, "1GB"}, {"parquet", 4, 1, "1GB"},
	} {
		name := fmt.Sprintf("%s, %d ranks of %d threads, %s: ", c.in, c.ranks, c.threads, c.memory)
		memory, threads := "memory="+c.memory, fmt.Sprint("threads=", c.threads)
		_, rep, err := b.exact(ctx, c.in, "out", "--ranks", strconv.Itoa(c.ranks), "--set", memory, "--set", threads, "--set", "scratch="+b.Dir)
		if err != nil {
			return err
		}
		path, err := b.job("plan.toml", fmt.Sprintf(exactJob, c.in, "planned"))
		if err != nil {
			return err
		}
		j, err := job.Parse(path, catalog.All(), job.Options{Set: []string{memory, threads, "scratch=" + b.Dir}})
		if err != nil {
			return err
		}
		if err := j.Resolve(c.ranks, c.ranks); err != nil {
			return err
		}
		p, err := plan.Make(ctx, j, plan.Options{Ranks: c.ranks})
		if err != nil {
			return err
		}
		sent, peak := totals(rep)
		if sent > 0 {
			b.figure(name+"sent, planned/ran", float64(p.Sent())/float64(sent), "", "0.8 to 1.2")
		}
		b.figure(name+"memory, planned/ran", float64(p.Memory)/1e6/peak, "", "0.8 to 1.2")
	}
	return nil
}

// totals returns the bytes sent and the largest resident set of a run, in MB.
func totals(r *pipeline.Report) (sent int64, peak float64) {
	for _, p := range r.Passes {
		for _, rank := range p.Ranks {
			sent += rank.Sent
			peak = max(peak, rank.PeakMB)
		}
	}
	return sent, peak
}
