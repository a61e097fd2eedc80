// Package bench measures sluice: each [Benchmark] runs the program itself on
// data that it makes, and returns figures for bench/results.
//
// [All] lists them, [Run] runs one. Nothing here passes or fails: a figure is
// compared with the one before it by [Compare], and by people.
package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"sluice/mpi"
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
		{"lines", "", "20 million distinct one-line documents in 64 MB of memory", runLines},
		{"ranks", "", "CPU seconds per byte of two ranks against one; bytes read by each of four", runRanks},
		{"plan", "", "what plan says against what run reports", runPlan},
		{"exchange", "", "the exchange against raw MPI_Alltoallv of the same volume", runExchange},
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

// A Result is what lies in bench/results/NAME.json.
type Result struct {
	Name    string    `json:"name"`
	Command string    `json:"command"`
	When    time.Time `json:"when"`
	Commit  string    `json:"commit"`
	Machine Machine   `json:"machine"`
	Figures []Figure  `json:"figures"`
}

// A Machine is where a result was measured.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory int64  `json:"memory"` // bytes
	OS     string `json:"os"`
	Go     string `json:"go"`
}

// A Figure is one measured number.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Aim   string  `json:"aim,omitempty"`
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

// commit returns the commit that this program was built of, or, where the build
// does not say (-buildvcs=false, a linked worktree), that of the working directory.
func commit() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		if c := stamped(info.Settings); c != "" {
			return c
		}
	}
	out, err := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// stamped returns the commit of a build, "" where it says none.
func stamped(settings []debug.BuildSetting) (revision string) {
	dirty := ""
	for _, s := range settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "-dirty"
		}
	}
	if revision == "" {
		return ""
	}
	return revision + dirty
}

func machine() Machine {
	m := Machine{CPU: "unknown", Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	m.CPU = firstField("/proc/cpuinfo", "model name")
	var kib int64
	if _, err := fmt.Sscanf(firstField("/proc/meminfo", "MemTotal"), "%d kB", &kib); err == nil {
		m.Memory = kib * 1024
	}
	return m
}

// firstField returns the first value of a key in a file of "key : value" lines.
func firstField(path, key string) string {
	p, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(p)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// Write writes a result into a folder.
func (r *Result) Write(dir string) error {
	p, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, r.Name+".json"), append(p, '\n'), 0o666)
}

// Read reads the result of a benchmark from a folder; nil if there is none.
func Read(dir, name string) (*Result, error) {
	p, err := os.ReadFile(filepath.Join(dir, name+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := new(Result)
	return r, json.Unmarshal(p, r)
}

// Against says what a result is compared with, which is nil if there is none.
func (r *Result) Against(old *Result) string {
	if old == nil {
		return "nothing to compare with: no earlier result of " + r.Name
	}
	line := fmt.Sprintf("compared with %s of %s", old.Commit, old.When.Format(time.DateTime))
	if old.Machine != r.Machine {
		line += fmt.Sprintf(", on another machine: %s, %d cores, %s", old.Machine.CPU, old.Machine.Cores, old.Machine.Go)
	}
	return line
}

// Compare returns a line per figure: its value, and its change against old,
// which may be nil.
func (r *Result) Compare(old *Result) []string {
	before := map[string]float64{}
	if old != nil {
		for _, f := range old.Figures {
			before[f.Name] = f.Value
		}
	}
	var lines []string
	for _, f := range r.Figures {
		line := fmt.Sprintf("%-48s %10.4g %-12s", f.Name, f.Value, f.Unit)
		if was, ok := before[f.Name]; ok && was != 0 {
			line += fmt.Sprintf(" %+.1f %%", 100*(f.Value-was)/was)
		}
		if f.Aim != "" {
			line += "  (aim: " + f.Aim + ")"
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}
