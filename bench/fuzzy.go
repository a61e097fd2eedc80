package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"sluice/stages/pipeline"
)

// fuzzyJob has the words of the truth.
const fuzzyJob = `input = [%q]
output = %q
[read]
id = "id"
[[stage]]
use = "dedup.fuzzy"
word = "python"
cluster = %q
verify = %q
`

// oneCore are the flags of a run whose CPU time is that of one core.
func oneCore() []string { return []string{"--ranks", "1", "--set", "threads=1"} }

// runFuzzy measures fuzzy dedup: what it finds in the shared corpus, and how
// fast it is on a large one, plain and compressed.
func runFuzzy(ctx context.Context, b *bench) error {
	if err := b.accuracy(ctx); err != nil {
		return err
	}
	return b.fuzzySpeed(ctx)
}

// accuracy scores both ways to cluster, and verify = "sketch", on Options.Corpus, or on made-up text
// of its size.
func (b *bench) accuracy(ctx context.Context) error {
	whole := b.Size
	b.Size = min(whole, 60_000_000)
	if b.Corpus != "" {
		b.Size = 1 // the corpus once
	}
	m, err := b.dataset(ctx, CorpusOptions{})
	b.Size = whole
	if err != nil {
		return err
	}
	for _, how := range []struct{ name, cluster, verify string }{
		{"star", "star", "exact"}, {"components", "components", "exact"}, {"sketch", "star", "sketch"},
	} {
		c, rep, err := b.fuzzy(ctx, "in/part-*", "out", how.cluster, how.verify, oneCore()...)
		if err != nil {
			return err
		}
		if err := b.scoreOut("out", how.name+": "); err != nil {
			return err
		}
		b.fuzzyCost(how.name+": ", c, rep, m.text)
	}
	return nil
}

// fuzzySpeed measures a corpus of Options.Size.
func (b *bench) fuzzySpeed(ctx context.Context) error {
	m, err := b.dataset(ctx, CorpusOptions{})
	if err != nil {
		return err
	}
	b.figure("large: text", float64(m.text)/1e6, "MB", "at least 1000")
	b.figure("large: input", float64(m.bytes)/1e6, "MB", "")
	b.figure("large: documents", float64(m.documents), "", "")
	c, rep, err := b.fuzzy(ctx, "in/part-*", "out", "star", "exact", oneCore()...)
	if err != nil {
		return err
	}
	b.fuzzyCost("large, plain: ", c, rep, m.text)
	b.passes("large, plain", rep, m.text)
	if err := b.scoreOut("out", "large: "); err != nil {
		return err
	}
	if err := b.limits("large"); err != nil {
		return err
	}
	b.hashing("large")
	if err := b.sketching("large", c.cpu/float64(m.text)); err != nil {
		return err
	}
	if err := b.compressed("in", "zst"); err != nil {
		return err
	}
	if c, rep, err = b.fuzzy(ctx, "zst/part-*", "outz", "star", "exact", oneCore()...); err != nil {
		return err
	}
	codec, err := b.codec("zst", "outz/data", len(rep.Passes))
	if err != nil {
		return err
	}
	b.fuzzyCost("large, zst: ", c, rep, m.text)
	b.figure("large, zst: share of the codec", codec/c.cpu, "of CPU time", "")
	b.figure("large, zst: time without the codec", max(0, c.cpu-codec)*1e9/float64(m.text), "ns/byte", "at most 10")
	return nil
}

// dataset makes a corpus in folder in, and its truth in folder truth.
func (b *bench) dataset(ctx context.Context, o CorpusOptions) (made, error) {
	if err := b.fresh("in", "zst", "truth"); err != nil {
		return made{}, err
	}
	name := b.result.Name
	m, err := b.make(ctx, filepath.Join(b.Dir, "in"), o)
	b.result.Name = name
	if err != nil {
		return m, err
	}
	if err := os.MkdirAll(filepath.Join(b.Dir, "truth"), 0o777); err != nil {
		return m, err
	}
	for _, file := range []string{truthFile, plantedFile} {
		if err := os.Rename(filepath.Join(b.Dir, "in", file), filepath.Join(b.Dir, "truth", file)); err != nil {
			return m, err
		}
	}
	return m, nil
}

// fuzzy runs fuzzy dedup and returns what it took.
func (b *bench) fuzzy(ctx context.Context, in, out, cluster, verify string, flags ...string) (cost, *pipeline.Report, error) {
	return b.ran(ctx, out, fmt.Sprintf(fuzzyJob, in, out, cluster, verify), flags...)
}

// scoreOut scores an output against the truth of the dataset.
func (b *bench) scoreOut(out, prefix string) error {
	t, err := ReadTruth(filepath.Join(b.Dir, "truth"))
	if err != nil {
		return err
	}
	c, err := ReadClustering(filepath.Join(b.Dir, out))
	if err != nil {
		return err
	}
	b.scored(prefix, t.Score(c, defaultThreshold))
	return nil
}

// fuzzyCost notes what a run took. Speeds are bytes of text, without JSON.
func (b *bench) fuzzyCost(prefix string, c cost, rep *pipeline.Report, text int64) {
	_, peak := totals(rep)
	b.figure(prefix+"speed per core", float64(text)/1e6/c.cpu, "MB/s", "")
	b.figure(prefix+"CPU time", c.cpu*1e9/float64(text), "ns/byte", "")
	b.figure(prefix+"wall", c.wall, "s", "")
	b.figure(prefix+"peak memory", peak, "MB", "")
}

// passes notes where the time of each pass went. It is wall time: on a machine
// that others use too it says how parts compare, not how long they take.
func (b *bench) passes(name string, rep *pipeline.Report, text int64) {
	for i, p := range rep.Passes {
		var read, compute, exchange, write float64
		for _, r := range p.Ranks {
			read, compute = read+r.ReadS, compute+r.ComputeS
			exchange, write = exchange+r.ExchangeS, write+r.WriteS
		}
		for _, part := range []struct {
			name    string
			seconds float64
		}{{"read", read}, {"compute", compute}, {"exchange", exchange}, {"write", write}} {
			if part.seconds > 0 {
				b.figure(fmt.Sprintf("%s, pass %d: %s, wall", name, i+1, part.name), part.seconds*1e9/float64(text), "ns/byte", "")
			}
		}
	}
}
