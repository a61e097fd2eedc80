// Package bench measures sluice: each [Benchmark] runs the program itself on
// data that it makes, and returns figures for bench/results.
//
// [All] lists them, [Run] runs one. Nothing here passes or fails: a figure is
// compared with the one before it by [Compare], and by people.
package bench

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"sluice/mpi"
	"sluice/stages/pipeline"
)

// A Benchmark is one thing that is measured.
type Benchmark struct {
	Name     string
	Argument string // what stands behind the name; "" = nothing
	Help     string // one line
	run      func(ctx context.Context, b *bench) error
}

// All returns every benchmark.
func All() []Benchmark {
	return []Benchmark{
		{"exact", "", "exact dedup of plain JSONL and zst: MB/s per core, share of the codec, memory", runExact},
		{"filters", "", "recipes, and each filter and cleaner alone: MB/s and documents/s of one core", runFilters},
		{"lines", "", "20 million distinct one-line documents in 64 MB of memory", runLines},
		{"ranks", "", "CPU seconds per byte of two ranks against one; bytes read by each of four", runRanks},
		{"plan", "", "what plan says against what run reports", runPlan},
		{"exchange", "", "the exchange against raw MPI_Alltoallv of the same volume", runExchange},
		{"fuzzy", "", "fuzzy dedup: what it finds, MB/s of text per core plain and zst, share of the codec, memory", runFuzzy},
		{"shapes", "", "fuzzy dedup where it is hard: pages of templates, copies of one document, chains of versions", runShapes},
		{"corpus", "FOLDER", "make a corpus of a given size and shape, with its exact truth", runCorpus},
		{"score", "CLUSTERS", "how well clusters fit the exact truth of a corpus: OUT folder, or lines id TAB cluster", runScore},
	}
}

// Options of a benchmark.
type Options struct {
	Program string   // path of sluice; "" = this program
	Dir     string   // for data; "" = a folder under $TMPDIR, removed at the end
	Corpus  string   // docs.jsonl.zst to repeat; "" = made-up text
	Size    int64    // bytes of JSONL; 0 = 2 GB
	Args    []string // what stands behind the name
	Score   ScoreOptions
	Made    CorpusOptions
	Comm    mpi.Comm  // of the ranks that measure together; nil where none were launched
	Log     io.Writer // what is going on; nil = silence
}

// bench is a benchmark that is running.
type bench struct {
	Options
	result *Result
}

// Run runs a benchmark.
func Run(ctx context.Context, name string, o Options) (*Result, error) {
	for _, m := range All() {
		if m.Name == name {
			return m.measure(ctx, o)
		}
	}
	var names []string
	for _, m := range All() {
		names = append(names, m.Name)
	}
	return nil, fmt.Errorf("no benchmark %q; have %s", name, strings.Join(names, ", "))
}

// check checks what stands behind the name of a benchmark.
func (m Benchmark) check(args []string) error {
	switch {
	case m.Argument == "" && len(args) > 0:
		return fmt.Errorf("bench %s: unexpected argument %q", m.Name, args[0])
	case m.Argument != "" && len(args) == 0:
		return fmt.Errorf("bench %s: %s is missing", m.Name, m.Argument)
	case len(args) > 1:
		return fmt.Errorf("bench %s: unexpected argument %q", m.Name, args[1])
	}
	return nil
}

func (m Benchmark) measure(ctx context.Context, o Options) (*Result, error) {
	if o.Program == "" {
		var err error
		if o.Program, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	if o.Dir == "" {
		dir, err := os.MkdirTemp("", "sluice-bench-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		o.Dir = dir
	}
	if o.Size == 0 {
		o.Size = 2_000_000_000
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if err := m.check(o.Args); err != nil {
		return nil, err
	}
	b := &bench{o, &Result{
		Name: m.Name, Command: strings.Join(os.Args, " "), When: time.Now().UTC().Round(time.Second),
		Commit: commit(), Machine: machine(),
	}}
	if err := m.run(ctx, b); err != nil {
		return nil, fmt.Errorf("bench %s: %w", m.Name, err)
	}
	return b.result, nil
}

// figure notes a number.
func (b *bench) figure(name string, value float64, unit, aim string) {
	b.result.Figures = append(b.result.Figures, Figure{name, value, unit, aim})
	fmt.Fprintf(b.Log, "%-48s %10.4g %s\n", name, value, unit)
}

// A cost is what a run of the program took.
type cost struct {
	wall, cpu float64 // seconds
}

// sluice runs the program and returns what it took.
func (b *bench) sluice(ctx context.Context, args ...string) (cost, error) {
	return b.command(ctx, b.Program, args...)
}

func (b *bench) command(ctx context.Context, name string, args ...string) (cost, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = b.Dir
	var text strings.Builder
	cmd.Stdout, cmd.Stderr = &text, &text
	begin := time.Now()
	err := cmd.Run()
	c := cost{wall: time.Since(begin).Seconds()}
	if err != nil {
		return c, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, text.String())
	}
	c.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	return c, nil
}

// ran runs a job that writes into out, which it is rid of first, and returns
// what it took.
func (b *bench) ran(ctx context.Context, out, text string, flags ...string) (cost, *pipeline.Report, error) {
	if err := b.fresh(out); err != nil {
		return cost{}, nil, err
	}
	path, err := b.job(out+".toml", text)
	if err != nil {
		return cost{}, nil, err
	}
	c, err := b.sluice(ctx, append([]string{"run", path}, flags...)...)
	if err != nil {
		return c, nil, err
	}
	rep, err := b.report(out)
	return c, rep, err
}

// job writes a job file and returns its path.
func (b *bench) job(name, text string) (string, error) {
	path := filepath.Join(b.Dir, name)
	return path, os.WriteFile(path, []byte(text), 0o666)
}

// fresh removes an output of an earlier run.
func (b *bench) fresh(names ...string) error {
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(b.Dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// folderSize returns the bytes of all files below a folder.
func (b *bench) folderSize(name string) (n int64, err error) {
	err = filepath.WalkDir(filepath.Join(b.Dir, name), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}
