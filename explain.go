package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sluice/stages"
	"sluice/stages/catalog"
	"sluice/stages/format"
	"sluice/stages/job"
	"sluice/stages/manifest"
	"sluice/stages/pipeline"
)

const explainUsage = `usage: sluice explain OUT ID

Tells what became of one sample: the score that each filter gave it, and which
sample a dedup kept instead. ID is SHARD:ROW, or what the column read.id holds;
then the input is searched for it. The stages are run again on that sample.

examples:
  sluice explain /scratch/me/cc-clean cc-00417.jsonl:1234
  sluice explain job.toml http://example.org/page
`

// A subject is the sample that explain is about.
type subject struct {
	shard *stages.Shard
	row   int64 // within the shard
	id    string
	batch *stages.Batch
	index int   // of the sample in the batch
	past  int64 // read.limit, where that leaves the sample out; 0: it does not
}

func (s *subject) name() string { return fmt.Sprintf("%s:%d", s.shard.Name, s.row) }

// explain tells what became of one sample.
func (p *program) explain(args []string) error {
	args, err := flagSet{}.parse(args)
	if err != nil {
		return err
	}
	if err := arguments(args, "explain", "OUT", "ID"); err != nil {
		return err
	}
	out, err := outOf(args[0])
	if err != nil {
		return err
	}
	frozen, err := manifest.ReadInputs(filepath.Join(out, ".sluice"))
	if err != nil {
		return err
	}
	j, err := job.Recall([]byte(frozen.Job), out, catalog.All())
	if err != nil {
		return err
	}
	report, err := readReport(out)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	e := &explainer{p: p, job: j, report: report, done: finished(out)}
	return e.explain(context.Background(), args[1])
}

// An explainer explains samples of one OUT.
type explainer struct {
	p      *program
	job    *job.Job
	report *pipeline.Report // nil if there is none yet
	done   bool             // the list of duplicates is whole
	stages []stages.Stage
	scores map[string]string // stage -> column that its score is written in for us
	labels map[string]string // stage -> column of its label
}

func (e *explainer) explain(ctx context.Context, id string) error {
	if err := e.build(); err != nil {
		return err
	}
	defer stages.Close(e.stages)
	if !e.done && slices.ContainsFunc(e.stages, func(s stages.Stage) bool { return stages.KindOf(s) == "shuffle" }) {
		e.p.errorf("the job is not finished: what its dedups will decide is not known yet")
	}
	shards, _, err := format.List(ctx, e.job.Inputs)
	if err != nil {
		return err
	}
	s, err := e.find(ctx, shards, id)
	if err != nil {
		return err
	}
	head := s.name()
	if s.id != "" {
		head += fmt.Sprintf(" (id %q)", s.id)
	}
	fmt.Fprintln(e.p.stdout, head)
	if s.past > 0 {
		fmt.Fprintf(e.p.stdout, "left out by read.limit = %d, which reads no more rows of a shard\n", s.past)
		return nil
	}
	if damage := s.damage(); damage != "" {
		fmt.Fprintf(e.p.stdout, "damaged: %s\n", damage)
		return nil
	}
	if !s.batch.Keep[s.index] {
		says := "a blank line, which is no row"
		if r := e.job.Input(s.shard).Read; r.Sample < 1 {
			says = "left out by read.sample, or a blank line"
		}
		fmt.Fprintln(e.p.stdout, says)
		return nil
	}
	removals, stands, err := e.duplicates(s)
	if err != nil {
		return err
	}
	if against := s.shard.Against; against != "" { // no stage is run on it
		says := fmt.Sprintf("compared with by stage %q, and never written", against)
		if n := stands[against]; n > 0 {
			says += ": " + plural(n, "sample") + " of the input repeat" + map[bool]string{true: "s"}[n == 1] + " it"
		}
		fmt.Fprintln(e.p.stdout, says)
		return nil
	}
	if err := stages.Prepare(ctx, e.stages); err != nil {
		return err
	}
	return e.walk(ctx, s, removals, stands)
}

// build makes the stages, with columns for the score and the label of each that has one.
func (e *explainer) build() error {
	e.scores = map[string]string{}
	own := *e.job
	own.Stages = slices.Clone(e.job.Stages)
	for i := range own.Stages {
		c := &own.Stages[i].Common
		if c.Score == "" && own.Stages[i].Takes("score") {
			c.Score = "score of " + c.Name
		}
		e.scores[c.Name] = c.Score
	}
	var err error
	if e.stages, err = own.Build(); err != nil {
		return err
	}
	e.labels = stages.Labels(e.stages, func(name string) string { return "label of " + name })
	return nil
}

// source returns the source of a shard, with all columns that the stages read.
func (e *explainer) source(shard *stages.Shard, read stages.Read) (stages.Source, error) {
	var all stages.Pass
	for _, s := range e.stages {
		all.Steps = append(all.Steps, stages.Step{Stage: s})
	}
	return format.NewSource(shard.Format, read, all.Needs(), format.Options{Seed: e.job.Seed, Cached: true})
}

// find finds a sample by its id, or by shard and row.
func (e *explainer) find(ctx context.Context, shards []stages.Shard, id string) (*subject, error) {
	if at := strings.LastIndexByte(id, ':'); at > 0 {
		row, err := strconv.ParseInt(id[at+1:], 10, 64)
		for i := range shards {
			if err == nil && row >= 0 && shards[i].Name == id[:at] {
				return e.row(ctx, &shards[i], row)
			}
		}
	}
	if d, ok, err := e.listed(id); err != nil {
		return nil, err
	} else if ok {
		for i := range shards {
			if shards[i].Name == d.Shard {
				return e.row(ctx, &shards[i], d.Row)
			}
		}
	}
	for _, past := range []bool{false, true} {
		for i := range shards {
			s, _, err := e.look(ctx, &shards[i], -1, id, past)
			if err != nil || s != nil {
				return s, err
			}
		}
	}
	return nil, usageError{fmt.Errorf("no sample %q\nwrite SHARD:ROW, rows counted from 0, or a value of the column that read.id names", id)}
}

// row finds a row of a shard, also one that read.limit leaves out.
func (e *explainer) row(ctx context.Context, shard *stages.Shard, row int64) (*subject, error) {
	s, rows, err := e.look(ctx, shard, row, "", false)
	if s == nil && err == nil && e.job.Input(shard).Read.Limit > 0 {
		s, rows, err = e.look(ctx, shard, row, "", true)
	}
	if s != nil || err != nil {
		return s, err
	}
	if rows == 0 {
		return nil, usageError{fmt.Errorf("%s has no rows", shard.Name)}
	}
	return nil, usageError{fmt.Errorf("%s has %d rows, the last is %s:%d", shard.Name, rows, shard.Name, rows-1)}
}

// look reads a shard up to a row, or with row -1 up to an id. It returns nil
// if there is no such row or id, and how many rows there are. past lets it find what read.limit leaves out, and nothing where there is no limit.
func (e *explainer) look(ctx context.Context, shard *stages.Shard, row int64, id string, past bool) (*subject, int64, error) {
	read := e.job.Input(shard).Read
	limit := int64(0)
	if past {
		if limit, read.Limit = read.Limit, 0; limit == 0 {
			return nil, 0, nil
		}
	}
	src, err := e.source(shard, read)
	if err != nil {
		return nil, 0, err
	}
	blocks, err := src.Blocks(ctx, shard, stages.BlockSize([]stages.Shard{*shard}))
	if err != nil {
		return nil, 0, err
	}
	base := int64(0) // rows of the shard before the block
	for i := range blocks {
		blocks[i].Index = i
		s, n, err := e.lookInBlock(ctx, src, shard, &blocks[i], row-base, id)
		if s != nil {
			s.row, s.past = base+s.batch.First+int64(s.index), limit
		}
		if s != nil || err != nil {
			return s, 0, err
		}
		base += n
	}
	return nil, base, nil
}

// lookInBlock looks for a row, counted from the start of the block, or for an
// id, and returns the number of rows that it has passed.
func (e *explainer) lookInBlock(ctx context.Context, src stages.Source, shard *stages.Shard, b *stages.Block, row int64, id string) (*subject, int64, error) {
	in, err := src.Open(ctx, shard, b)
	if err != nil {
		return nil, 0, err
	}
	defer in.Close()
	seen := int64(0)
	for {
		rows, decode, err := in.Next(ctx)
		if damaged := (*stages.Damaged)(nil); errors.Is(err, io.EOF) || errors.As(err, &damaged) {
			return nil, seen, nil
		}
		if err != nil {
			return nil, seen, err
		}
		index := int(row - seen)
		seen += int64(rows)
		batch, err := decode()
		if err != nil {
			return nil, seen, err
		}
		if id != "" {
			index = slices.IndexFunc(batch.RowID, func(v []byte) bool { return string(v) == id })
		}
		if index >= 0 && index < batch.Len() {
			s := &subject{shard: shard, batch: batch, index: index}
			if batch.RowID != nil {
				s.id = string(batch.RowID[index])
			}
			return s, seen, nil
		}
		format.Release(batch)
	}
}

// damage returns what is wrong with the sample, "" if nothing is.
func (s *subject) damage() string {
	for _, d := range s.batch.Damaged {
		if row := s.batch.First + int64(s.index); d.Row == row || d.Rows > 0 && d.Row < row {
			return d.Error
		}
	}
	return ""
}

// tables returns the files of the list of duplicates.
func (e *explainer) tables() []string {
	files, _ := filepath.Glob(filepath.Join(e.job.Output, "duplicates", "*.parquet"))
	return files
}

// listed finds the first row of the list of duplicates with an id.
func (e *explainer) listed(id string) (format.Duplicate, bool, error) {
	for _, path := range e.tables() {
		for d, err := range format.ReadTable(path) {
			if err != nil {
				return d, false, err
			}
			if d.ID == id {
				return d, true, nil
			}
		}
	}
	return format.Duplicate{}, false, nil
}

// duplicates returns what the list of duplicates says of a sample: the row
// for each stage that found it to repeat another, and the number of samples
// that it stands for.
func (e *explainer) duplicates(s *subject) (removals map[string]format.Duplicate, stands map[string]int, err error) {
	removals, stands = map[string]format.Duplicate{}, map[string]int{}
	for _, path := range e.tables() {
		for d, err := range format.ReadTable(path) {
			if err != nil {
				return nil, nil, err
			}
			if d.Shard == s.shard.Name && d.Row == s.row {
				removals[d.Stage] = d
			}
			if d.KeeperShard == s.shard.Name && d.KeeperRow == s.row {
				stands[d.Stage]++
			}
		}
	}
	return removals, stands, nil
}
