// Package job reads job files: TOML in, checked values out.
//
// Begin with [Parse], which reports all mistakes of a job file at once; then
// [Job.Resolve] fills in what depends on the node, and [Job.Build] makes the
// stages. A [Catalog] says which stages there are.
package job

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"sluice/sbatch"
	"sluice/stages"
)

// A Job is a job file with its includes and settings, checked and with the
// defaults filled in. Paths are absolute. It is not changed after Parse but by
// Resolve, and may be read by several goroutines.
type Job struct {
	Path string // absolute path of the job file
	Dir  string // its folder
	Text []byte // the job file as it was read, without what it includes

	Inputs     []stages.Input // at least one
	Output     string
	Memory     int64  // bytes per rank; 0 until Resolve where the file does not say
	Scratch    string // folder for temporary files
	ScratchMax int64  // bytes per node; 0 until Resolve where the file does not say
	// ScratchInMemory says, after Resolve, that scratch takes memory. What Memory
	// says is what is left of it.
	ScratchInMemory bool
	Device          string        // auto, host or cuda
	Threads         int           // per rank; 0 until Resolve where the file does not say
	Seed            uint64        //
	MaxBad          float64       // share of rows that may be damaged
	MaxBadShards    float64       // share of shards that may be damaged
	Watchdog        time.Duration // 0 = never
	Read            stages.Read
	Write           stages.Write
	Stages          []Stage
	Job             sbatch.Job
}

// A Stage is a [[stage]] table.
type Stage struct {
	Common stages.Common // Name, Column, Action and Seed are filled in
	Config any           // of the type of the defaults in the catalogue
	Place
	entry Entry
	keys  map[string]Place // of its keys, and of those of tables in it: set.lang
}

// Takes says whether a common key, "action", "score" or "invert", means
// something to the stage.
func (s Stage) Takes(key string) bool { return s.entry.Has(key) }

// build makes the stages of the table.
func (s Stage) build() ([]stages.Stage, error) {
	made, err := s.entry.build(s.Common, s.Config)
	if err != nil {
		return nil, err
	}
	return stages.When(s.Common, made)
}

// Build makes the stages of the job, in order. The values are fresh, so each
// rank of a process calls it for itself.
func (j *Job) Build() ([]stages.Stage, error) {
	var all []stages.Stage
	for _, s := range j.Stages {
		made, err := s.build()
		if err != nil {
			return nil, fmt.Errorf("%v: stage %q: %w", s.Place, s.Common.Name, err)
		}
		all = append(all, made...)
	}
	return all, nil
}

// ShardSize is how large output shards are to be, 0 where the job file does not say.
func (j *Job) ShardSize() int64 {
	if j.Write.ShardSize == "" {
		return 0
	}
	// Parse has read it before.
	size, _ := ParseSize(j.Write.ShardSize)
	return int64(size)
}

// Input returns the [[source]] that a shard comes from, with its [read].
func (j *Job) Input(s *stages.Shard) stages.Input {
	for _, in := range j.Inputs {
		if in.Name == s.Source {
			return in
		}
	}
	return j.Inputs[0]
}

// Weights lists the sources with their weights.
func (j *Job) Weights() (all []stages.Weight) {
	for _, in := range j.Inputs {
		if in.Against == "" {
			all = append(all, stages.Weight{Source: in.Name, Weight: in.Weight})
		}
	}
	return all
}

// Resolve fills in what the job file leaves to the node: localRanks is the
// number of ranks on it, and sharing the number of them that run on the same
// cores as this one.
func (j *Job) Resolve(localRanks, sharing int) error {
	if j.Memory == 0 {
		j.Memory = DefaultMemory(localRanks)
	}
	if j.Memory < minMemory {
		return fmt.Errorf("%d ranks on this node leave %v of memory for each, less than %v\n"+
			"start fewer ranks a node, or ask Slurm for more memory", localRanks, Size(j.Memory), Size(minMemory))
	}
	if j.Threads == 0 {
		j.Threads = DefaultThreads(sharing)
	}
	j.shareMemory(localRanks)
	if j.ScratchMax == 0 {
		j.ScratchMax = DefaultScratchMax(j.Scratch)
	}
	return nil
}

// minMemory is the least memory per rank that a job runs in.
const minMemory = 64_000_000

// Options says what surrounds a job file.
type Options struct {
	Set     []string                    // KEY=VALUE, as after --set
	Recipes Recipes                     // that the job file may name
	Getenv  func(string) (string, bool) // nil = the environment
	read    func(path string) ([]byte, error)
}

// parser collects what it reads and all mistakes.
type parser struct {
	getenv   func(string) (string, bool)
	read     func(path string) ([]byte, error)
	literal  bool // paths are absolute already, and hold no variables
	files    int
	mistakes Mistakes
	job      *Job
	catalog  Catalog
	known    Recipes
	mover    string // stage that arranges the output, so far
	saves    string // the first stage that saves a collection
	weighs   *Stage // it, if it heeds the weights of sources
	weight   *node  // the first weight of a source
}

// mistake notes a mistake.
func (p *parser) mistake(at Place, hint, format string, args ...any) {
	p.mistakes = append(p.mistakes, Mistake{at, fmt.Sprintf(format, args...), hint})
}

// fail notes an error, whose second line is its hint, about a key.
func (p *parser) fail(at Place, key string, err error) {
	text, hint := cutLine(err.Error())
	p.mistakes = append(p.mistakes, Mistake{at, key + ": " + text, hint})
}

// Parse reads the job file at path. A relative path in a file starts from the
// folder of that file, in a setting from the folder of the job file. The error
// is of type [Mistakes] if anything in the files is wrong.
func Parse(path string, catalog Catalog, o Options) (*Job, error) {
	if o.Getenv == nil {
		o.Getenv = os.LookupEnv
	}
	if o.read == nil {
		o.read = os.ReadFile
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	p := &parser{getenv: o.Getenv, read: o.read, catalog: catalog, known: o.Recipes, job: empty(abs)}
	if root := p.load(path, abs, nil, Place{File: path}); root != nil {
		p.recipes(root)
		for _, s := range o.Set {
			p.set(root, s)
		}
		p.check(root)
	}
	if len(p.mistakes) > 0 {
		return nil, p.mistakes.sorted()
	}
	return p.job, nil
}

// check turns the tree into the job.
func (p *parser) check(root *node) {
	t := root.value.(table)
	p.top(t, root.Place)
	p.readTable(t)
	p.writeTable(t)
	p.inputs(t, root.Place)
	p.stages(t)
	p.weights(t)
	if job, ok := p.table(t, "job"); ok {
		before := len(p.mistakes)
		p.bind(job, "[job]", nil, nil, &p.job.Job)
		if len(p.mistakes) == before {
			p.complaints(p.job.Job.Check(), t["job"].Place, job, "")
		}
	}
}

// share reports a number that is not a share.
func (p *parser) share(t table, key string, v float64) {
	if n := t[key]; n != nil && (v < 0 || v > 1 || math.IsNaN(v)) {
		p.mistake(n.Place, "", "%s = %v is not a share between 0 and 1", key, v)
	}
}

// table returns the table of that name in t; ok is false if it is missing or
// no table.
func (p *parser) table(t table, key string) (inner table, ok bool) {
	n := t[key]
	if n == nil {
		return nil, false
	}
	if inner, ok = n.value.(table); !ok {
		p.mistake(n.Place, "write ["+key+"] on a line of its own", "%s: want a table, have %s", key, n.kind())
	}
	return inner, ok
}
