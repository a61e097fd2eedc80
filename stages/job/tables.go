package job

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"sluice/sbatch"
	"sluice/stages"
)

// empty returns the job of an empty job file.
func empty(path string) *Job {
	return &Job{
		Path:         path,
		Dir:          filepath.Dir(path),
		Device:       "auto",
		MaxBad:       0.001,
		MaxBadShards: 0.01,
		Watchdog:     10 * time.Minute,
		Read:         stages.DefaultRead(),
		Write:        stages.DefaultWrite(),
		Job:          sbatch.DefaultJob(),
	}
}

// topKeys are the keys outside of tables, as they are decoded; those with
// paths and tables are looked after one by one.
type topKeys struct {
	Memory       *Size          `toml:"memory"`
	ScratchMax   *Size          `toml:"scratch_max"`
	Device       *string        `toml:"device"`
	Threads      *int           `toml:"threads"`
	Seed         *uint64        `toml:"seed"`
	MaxBad       *float64       `toml:"max_bad"`
	MaxBadShards *float64       `toml:"max_bad_shards"`
	Watchdog     *time.Duration `toml:"watchdog"`
}

// top reads the keys outside of tables.
func (p *parser) top(t table, at Place) {
	j := p.job
	p.later(t, "mlflow", "watch")
	also := []string{"input", "output", "scratch", "include", "source", "read", "write", "stage", "job"}
	memory, scratchMax := Size(0), Size(0)
	p.bind(t, "a job file", also, nil, &topKeys{
		&memory, &scratchMax, &j.Device, &j.Threads, &j.Seed, &j.MaxBad, &j.MaxBadShards, &j.Watchdog,
	})
	j.Memory, j.ScratchMax = int64(memory), int64(scratchMax)
	if n := t["memory"]; n != nil && j.Memory != 0 && j.Memory < minMemory {
		p.mistake(n.Place, "", "memory = %v is less than %v", Size(j.Memory), Size(minMemory))
	}
	if n := t["threads"]; n != nil && j.Threads < 0 {
		p.mistake(n.Place, "", "threads = %d is negative", j.Threads)
	}
	p.oneOf(t, "device", "auto", "host", "cuda")
	p.share(t, "max_bad", j.MaxBad)
	p.share(t, "max_bad_shards", j.MaxBadShards)
	if n := t["output"]; n != nil {
		j.Output = p.path(n, "output")
	} else {
		p.mistake(Place{File: at.File}, `write output = "FOLDER"`, "the key \"output\" is missing")
	}
	p.scratch(t)
}

// scratch settles where temporary files go: never into memory that nobody named.
func (p *parser) scratch(t table) {
	if n := t["scratch"]; n != nil && n.value != "" {
		p.job.Scratch = p.path(n, "scratch")
		return
	}
	for _, name := range []string{"SLURM_TMPDIR", "TMPDIR"} {
		if dir, _ := p.getenv(name); filepath.IsAbs(dir) && !InMemory(dir) {
			p.job.Scratch = filepath.Clean(dir)
			return
		}
	}
	p.job.Scratch = filepath.Join(p.job.Output, ".sluice", "spill")
}

// path reads the value of a key as one path.
func (p *parser) path(n *node, key string) string {
	s, ok := n.value.(string)
	if !ok {
		p.mistake(n.Place, "", "%s: want a string, have %s", key, n.kind())
		return ""
	}
	if p.literal {
		return s
	}
	path, err := absolute(s, n.dir, p.getenv)
	if err != nil {
		p.fail(n.Place, key, err)
	}
	return path
}

// later refuses keys whose names are kept for what is not built yet, and
// takes them out of t.
func (p *parser) later(t table, keys ...string) {
	for _, key := range keys {
		if n := t[key]; n != nil {
			p.mistake(n.Place, "take it out", "%q is not in this version", key)
			delete(t, key)
		}
	}
}

// laterValue refuses values that are kept for what is not built yet. It says
// whether it did.
func (p *parser) laterValue(t table, key string, values ...string) bool {
	n := t[key]
	if n == nil {
		return false
	}
	s, _ := n.value.(string)
	found := slices.Contains(values, s)
	if found {
		p.mistake(n.Place, "take it out", "%s = %q is not in this version", key, s)
	}
	return found
}

func (p *parser) readTable(t table) {
	if read, ok := p.table(t, "read"); ok {
		p.bind(read, "[read]", nil, nil, &p.job.Read)
		p.checkRead(read, p.job.Read)
	}
}

// checkRead checks the keys of a [read] table, or of a source that has them.
func (p *parser) checkRead(t table, r stages.Read) {
	p.oneOf(t, "format", "auto", "jsonl", "parquet", "files")
	p.share(t, "sample", r.Sample)
	if n := t["limit"]; n != nil && r.Limit < 0 {
		p.mistake(n.Place, "", "limit = %d is negative", r.Limit)
	}
	if n := t["text"]; n != nil && r.Text == "" {
		p.mistake(n.Place, "", "text: a column has to have a name")
	}
}

func (p *parser) writeTable(t table) {
	write, ok := p.table(t, "write")
	if !ok {
		return
	}
	w := &p.job.Write
	p.bind(write, "[write]", nil, nil, w)
	if n := write["shard_size"]; n != nil && w.ShardSize != "" {
		p.shardSize(n)
	}
	if !p.laterValue(write, "format", "webdataset") {
		p.oneOf(write, "format", "auto", "jsonl", "parquet", "megatron", "none")
	}
	p.fileKeys(write, reflect.ValueOf(w).Elem())
	p.megatron(write)
	p.oneOf(write, "compress", "auto", "none", "gzip", "zstd")
	p.oneOf(write, "removed", "none", "ids", "rows")
	most := 22
	if w.Compress == "gzip" {
		most = 9
	}
	if n := write["level"]; n != nil && (w.Level < 1 || w.Level > most) {
		p.mistake(n.Place, "", "level = %d is not between 1 and %d", w.Level, most)
	}
}

// megatron checks the keys of [write] that have a meaning for format megatron
// alone, and those that have none for it.
func (p *parser) megatron(write table) {
	w := p.job.Write
	if w.Format != "megatron" {
		for _, key := range []string{"tokenizer", "append_eod", "eod_token"} {
			if n := write[key]; n != nil && n.value != "" && n.value != false {
				p.mistake(n.Place, `write format = "megatron", or take it out`, "%s has no meaning for format = %q", key, w.Format)
			}
		}
		return
	}
	switch n := write["tokenizer"]; {
	case w.Tokenizer == "":
		p.mistake(write["format"].Place, `write tokenizer = "tokenizer.json"`, "format = %q needs a tokenizer: a tokenizer.json, or a SentencePiece model", w.Format)
	case p.literal:
	default:
		if _, err := os.Stat(w.Tokenizer); err != nil {
			p.mistake(n.Place, "", "tokenizer: %v", err)
		}
	}
	if n := write["compress"]; n != nil && w.Compress != "auto" && w.Compress != "none" {
		p.mistake(n.Place, "take it out", "compress = %q: Megatron reads no compressed tokens", w.Compress)
	}
	for key, list := range map[string][]string{"columns": w.Columns, "drop": w.Drop} {
		if n := write[key]; n != nil && len(list) > 0 {
			p.mistake(n.Place, "take it out", "%s has no meaning for format = %q, which writes tokens of the text alone", key, w.Format)
		}
	}
	if n := write["eod_token"]; n != nil && w.EODToken != "" && !w.AppendEOD {
		p.mistake(n.Place, "write append_eod = true", "eod_token = %q is not used", w.EODToken)
	}
}

// arrangedFirst is how to have what a job cannot do in one run.
const arrangedFirst = `arrange the output as jsonl, and run a second job with format = "megatron" on it`

// minShard is the least size of output shards that a job may ask for.
const minShard = 1_000_000

// shardSize checks the key shard_size.
func (p *parser) shardSize(n *node) {
	size, err := ParseSize(p.job.Write.ShardSize)
	switch {
	case err != nil:
		p.fail(n.Place, "shard_size", err)
	case size < minShard:
		p.mistake(n.Place, `write a size such as "512MB"`, "shard_size = %q is less than %v", p.job.Write.ShardSize, Size(minShard))
	case p.job.Write.Format == "none":
		p.mistake(n.Place, "take it out", "shard_size with format = \"none\": nothing is written")
	case p.job.Write.Format == "megatron":
		p.mistake(n.Place, arrangedFirst, "shard_size with format = \"megatron\" is not in this version")
	}
}

// inputs reads input or [[source]].
func (p *parser) inputs(t table, at Place) {
	input, source := t["input"], t["source"]
	switch {
	case input != nil && source != nil:
		p.mistake(source.Place, "", "input and [[source]] cannot stand together (input is at %v)", input.Place)
	case input != nil:
		p.job.Inputs = []stages.Input{{Paths: p.paths(input, "input"), Read: p.job.Read}}
	case source != nil:
		p.sources(source)
	default:
		p.mistake(Place{File: at.File}, `write input = ["FOLDER/*.jsonl"]`, "the key \"input\" is missing")
	}
}

// paths reads a list of paths and globs.
func (p *parser) paths(n *node, key string) []string {
	var all []string
	items := p.strings(n, key)
	if list, ok := n.value.([]*node); ok && len(list) == 0 {
		p.mistake(n.Place, "", "%s is empty", key)
	}
	for _, item := range items {
		all = append(all, p.path(item, key))
	}
	return all
}

func (p *parser) sources(n *node) {
	all := n.tables()
	if all == nil {
		p.mistake(n.Place, "", "source: want [[source]] tables, have %s", n.kind())
		return
	}
	var taken []string
	for i, t := range all {
		at := n.value.([]*node)[i].Place
		in := stages.Input{Read: p.job.Read, Weight: 1}
		p.bind(t, "[[source]]", []string{"input"}, nil, &in.Read, &struct {
			Name   *string  `toml:"name"`
			Weight *float64 `toml:"weight"`
		}{&in.Name, &in.Weight})
		if n := t["weight"]; n != nil {
			if p.weight == nil {
				p.weight = n
			}
			if in.Weight < 0 || math.IsInf(in.Weight, 0) {
				p.mistake(n.Place, "", "weight = %v is negative or infinite", in.Weight)
			}
		}
		p.checkRead(t, in.Read)
		if text := p.job.Read.Text; in.Read.Text != text {
			in.Read.Own, in.Read.Text = in.Read.Text, text // stages name one text column for all sources
		}
		at = p.name(t, at, "source", in.Name, taken)
		taken = append(taken, in.Name)
		if paths := t["input"]; paths != nil {
			in.Paths = p.paths(paths, "input")
		} else {
			p.mistake(at, "", "source %q has no input", in.Name)
		}
		p.job.Inputs = append(p.job.Inputs, in)
	}
}

var legalName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$`)

// name checks the name of a stage or source, and returns where it stands.
func (p *parser) name(t table, at Place, what, name string, taken []string) Place {
	if n := t["name"]; n != nil {
		at = n.Place
		if _, ok := n.value.(string); !ok {
			return at // said already
		}
	}
	switch {
	case name == "":
		p.mistake(at, `write name = "NAME"`, "a %s has no name", what)
	case !legalName.MatchString(name):
		p.mistake(at, "", "the name %q has other characters than letters, digits, _ . and -", name)
	case slices.Contains(taken, name):
		p.mistake(at, "", "two of the %ss are named %q", what, name)
	}
	return at
}

func (p *parser) stages(t table) {
	n := t["stage"]
	if n == nil {
		return
	}
	all := n.tables()
	if all == nil {
		p.mistake(n.Place, "write [[stage]], with two brackets", "stage: want [[stage]] tables, have %s", n.kind())
		return
	}
	names := elementNames("stage", all)
	for i, t := range all {
		p.stage(t, n.value.([]*node)[i].Place, names[i], names[:i])
	}
}

func (p *parser) stage(t table, at Place, name string, taken []string) {
	use := t["use"]
	if use == nil {
		p.mistake(at, "", "a stage has no \"use\"; have %s", have(p.catalog.Names()))
		return
	}
	what, _ := use.value.(string)
	entry, ok := p.catalog[what]
	if !ok {
		p.mistake(use.Place, meant(what, p.catalog.Names()), "no stage %q; have %s", what, p.catalog.near(what))
		return
	}
	s := Stage{Place: use.Place, entry: entry, keys: map[string]Place{}}
	for key, n := range t {
		s.keys[key] = n.Place
		if inner, ok := n.value.(table); ok {
			for name, n := range inner {
				s.keys[key+"."+name] = n.Place
			}
		}
	}
	column := p.job.Read.Text
	if entry.column != "" {
		column = entry.column
	}
	s.Common = stages.Common{Column: column, Seed: p.job.Seed}
	if entry.Has("action") {
		s.Common.Action = "drop"
	}
	config := entry.config()
	before := len(p.mistakes)
	p.bind(t, "stage "+what, nil, entry.refused(), &s.Common, config.Interface())
	s.Common.Name = name
	p.name(t, at, "stage", name, taken)
	if entry.Has("action") {
		p.oneOf(t, "action", "drop", "mark")
	}
	if n := t["column"]; n != nil && n.value == "" {
		s.Common.Column = column
	}
	p.fileKeys(t, config.Elem())
	p.against(t, name, config.Elem())
	s.Config = config.Elem().Interface()
	if len(p.mistakes) == before {
		p.construct(t, s)
	}
	p.job.Stages = append(p.job.Stages, s)
}

// fileKeys makes absolute the paths that a stage is given; an empty one stays, unless it stands
// for the folder of the job file.
func (p *parser) fileKeys(t table, config reflect.Value) {
	for i := range config.NumField() {
		f := config.Type().Field(i)
		n, v := t[f.Tag.Get("toml")], config.Field(i)
		kind := f.Tag.Get("path")
		switch {
		case kind == "folder" && v.Len() == 0:
			v.SetString(t["use"].dir)
			continue
		case kind == "command" && v.Len() > 0 && strings.Contains(v.Index(0).String(), "/"):
			if items, ok := n.value.([]*node); ok && v.Len() == len(items) {
				v.Index(0).SetString(p.path(items[0], f.Tag.Get("toml")))
			}
			continue
		case kind != "file" && kind != "folder" && kind != "output" || n == nil:
			continue
		}
		switch v.Kind() {
		case reflect.String:
			if v.Len() > 0 {
				v.SetString(p.path(n, f.Tag.Get("toml")))
			}
		case reflect.Slice:
			if items, ok := n.value.([]*node); ok && v.Len() == len(items) {
				for k, item := range items {
					v.Index(k).SetString(p.path(item, f.Tag.Get("toml")))
				}
			}
		}
	}
}

// against makes an input of the key "against" of a stage that has one. Its paths
// are read like those of input.
func (p *parser) against(t table, stage string, config reflect.Value) {
	n := t["against"]
	for i := range config.NumField() {
		if config.Type().Field(i).Tag.Get("toml") != "against" || n == nil || config.Field(i).Len() == 0 {
			continue
		}
		paths := p.paths(n, "against")
		config.Field(i).Set(reflect.ValueOf(paths))
		p.job.Inputs = append(p.job.Inputs, stages.Input{Name: "against " + stage, Paths: paths, Read: p.job.Read, Against: stage})
	}
}

// construct lets the constructor of a stage look at its values.
func (p *parser) construct(t table, s Stage) {
	made, err := s.build()
	p.complaints(err, s.Place, t, "stage "+s.Common.Name+": ")
	if err == nil {
		p.arranges(s, made)
	}
}

// arranges reports a stage behind one that arranges the output, and one that takes rows by weight behind one that
// saves those that are left: a collection has what the output has.
func (p *parser) arranges(s Stage, made []stages.Stage) {
	mover := slices.ContainsFunc(made, func(s stages.Stage) bool { _, ok := s.(stages.Mover); return ok })
	switch first := p.mover; {
	case first != "" && mover:
		p.mistake(s.Place, "take one of them out, or run a second job on the output of the first", "stages %q and %q both arrange the output", first, s.Common.Name)
	case first != "":
		p.mistake(s.Place, fmt.Sprintf("put stage %q last", first), "stage %q stands behind %q, which arranges the output", s.Common.Name, first)
	case mover && p.job.Write.Format == "megatron":
		p.mistake(s.Place, arrangedFirst, "stage %q with format = \"megatron\" is not in this version", s.Common.Name)
	case mover:
		p.mover = s.Common.Name
		if slices.ContainsFunc(made, func(s stages.Stage) bool { _, ok := s.(stages.Weigher); return ok }) {
			p.weighs = &s
			if p.saves != "" {
				p.mistake(s.Place, fmt.Sprintf("run stage %q in a second job, on the output of this one", s.Common.Name),
					"save_sketches of stage %q would save rows that stage %q leaves out", p.saves, s.Common.Name)
			}
		}
	}
	if p.saves == "" && slices.ContainsFunc(made, saves) {
		p.saves = s.Common.Name
	}
}

// saves says that a stage saves a collection.
func saves(s stages.Stage) bool {
	c, ok := s.(stages.Collector)
	return ok && c.Collection().Folder != ""
}

// weights reports weights that nobody heeds, and a stage that finds none.
func (p *parser) weights(t table) {
	heavy := slices.ContainsFunc(p.job.Inputs, func(in stages.Input) bool { return in.Against == "" && in.Weight > 0 })
	switch {
	case p.weighs == nil && p.weight != nil:
		p.mistake(p.weight.Place, "end the job with a stage corpus.blend, or take the weights out", "weight: no stage of the job heeds it")
	case p.weighs != nil && t["source"] == nil:
		p.mistake(p.weighs.Place, "write [[source]] tables, each with a name, input and weight, instead of input", "stage %q takes rows of sources, and the job has none", p.weighs.Common.Name)
	case p.weighs != nil && !heavy:
		p.mistake(p.weighs.Place, "", "stage %q takes rows of sources, and no source has a weight above 0", p.weighs.Common.Name)
	}
}
