package plan

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"

	"sluice/stages"
	"sluice/stages/format"
	"sluice/stages/job"
	"sluice/stages/spill"
)

// A sampled input is some blocks of a job's input, over which its stages run
// on one rank.
type sampled struct {
	job     *job.Job
	stages  []stages.Stage
	shards  []stages.Shard
	blocks  []stages.Block
	chosen  []int
	limit   int64 // bytes of each chosen block that are read
	threads int
	dir     string

	bytes, rows int64
	missing     map[int][]string   // by shard: columns of the pass that no row had so far
	before      map[stages.ID]bool // rows that earlier passes dropped
	answers     map[int]map[stages.ID][]stages.Answer
}

// recordHeader is the size of a question or answer on the wire without its payload: key,
// order, sample, and one byte of length.
const recordHeader = 25

func (s *sampled) source(shard *stages.Shard, needs []stages.Need) (stages.Source, error) {
	in := s.job.Inputs[0]
	for _, other := range s.job.Inputs {
		if other.Name == shard.Source {
			in = other
		}
	}
	return format.NewSource(shard.Format, in.Read, needs, format.Options{Seed: s.job.Seed, Cached: true, BatchBytes: 64 << 10, ReadBytes: 64 << 10})
}

// cut cuts the shards as a run does.
func (s *sampled) cut() error {
	size := stages.BlockSize(s.shards)
	for i := range s.shards {
		src, err := s.source(&s.shards[i], nil)
		if err != nil {
			return err
		}
		blocks, err := src.Blocks(&s.shards[i], size)
		if err != nil {
			return err
		}
		for _, b := range blocks {
			b.Index, b.Shard = len(s.blocks), i
			s.blocks = append(s.blocks, b)
		}
	}
	return nil
}

// choose takes blocks evenly from the whole input, so many that about sample
// bytes are read, and no more than a share of each of them.
func (s *sampled) choose(sample int64) {
	var total int64
	for _, b := range s.blocks {
		total += b.Bytes
	}
	s.missing = map[int][]string{}
	s.before = map[stages.ID]bool{}
	s.answers = map[int]map[stages.ID][]stages.Answer{}
	step := 1
	if total > sample {
		// At least 64 blocks, or all there are: a few large ones do not speak
		// for the rest.
		want := max(64, int(int64(len(s.blocks))*sample/total))
		step = max(1, len(s.blocks)/want)
	}
	for b := step / 2; b < len(s.blocks); b += step {
		s.chosen = append(s.chosen, b)
	}
	s.limit = max(1, sample/int64(max(1, len(s.chosen))))
	if total <= sample {
		s.limit = 1 << 62
	}
}

// run runs one pass over the sample.
func (s *sampled) run(ctx context.Context, p int, pass stages.Pass) (Pass, error) {
	cost := Pass{Pass: pass, Needs: pass.Needs(), sample: s}
	s.missing = map[int][]string{}
	for _, step := range pass.Steps {
		if step.Count {
			cost.Rows = append(cost.Rows, 0)
		}
	}
	if s.dir == "" {
		var err error
		if s.dir, err = os.MkdirTemp(s.job.Scratch, "sluice-plan-"); err != nil {
			if s.dir, err = os.MkdirTemp("", "sluice-plan-"); err != nil {
				return cost, err
			}
		}
	}
	questions := spill.New(spill.Options{Dir: s.dir, Prefix: "q", Memory: 64 << 20})
	defer questions.Close()
	for _, b := range s.chosen {
		if err := s.runBlock(ctx, p, &cost, &s.blocks[b], questions); err != nil {
			return cost, err
		}
	}
	if pass.Last() {
		return cost, nil
	}
	return cost, s.judge(ctx, p, &cost, questions)
}

// runBlock runs the steps of a pass over one block, as far as the limit goes.
func (s *sampled) runBlock(ctx context.Context, p int, cost *Pass, blk *stages.Block, questions *spill.Sorter) error {
	shard := &s.shards[blk.Shard]
	src, err := s.source(shard, cost.Needs)
	if err != nil {
		return err
	}
	in, err := src.Open(ctx, shard, blk)
	if err != nil {
		return err
	}
	defer in.Close()
	for in.BytesRead() < s.limit {
		_, decode, err := in.Next(ctx)
		if damaged := (*stages.Damaged)(nil); errors.Is(err, io.EOF) || errors.As(err, &damaged) {
			break
		}
		if err != nil {
			return err
		}
		batch, err := decode()
		if err != nil {
			return err
		}
		if p == 0 {
			s.rows += int64(batch.Live() + len(batch.Damaged))
		}
		s.note(shard, batch)
		if err := s.runBatch(ctx, cost, batch, questions); err != nil {
			return err
		}
		format.Release(batch)
	}
	if p == 0 {
		s.bytes += min(in.BytesRead(), blk.Bytes)
	}
	return nil
}

// note remembers which columns a shard lacked in all that was read of it.
func (s *sampled) note(shard *stages.Shard, b *stages.Batch) {
	missing, rows := format.Missing(b)
	if rows == 0 {
		return
	}
	before, seen := s.missing[shard.Index]
	if seen {
		missing = slices.DeleteFunc(before, func(name string) bool { return !slices.Contains(missing, name) })
	}
	s.missing[shard.Index] = missing
}

// lacking returns an error for the first shard that lacks a column.
func (s *sampled) lacking() error {
	for i := range s.shards {
		if names := s.missing[i]; len(names) > 0 {
			return &format.MissingColumn{Path: s.shards[i].Path, Column: names[0]}
		}
	}
	return nil
}

func (s *sampled) runBatch(ctx context.Context, cost *Pass, b *stages.Batch, questions *spill.Sorter) error {
	for i, kept := range b.Keep {
		if kept && s.before[b.ID(i)] {
			b.Drop(i)
		}
	}
	n := 0
	was := append([]bool(nil), b.Keep...)
	for _, step := range cost.Steps {
		var err error
		switch stage := step.Stage.(type) {
		case stages.Mapper:
			err = stage.Map(ctx, b)
		case stages.Shuffler:
			var answers []stages.Answer
			for i := range b.Keep {
				answers = append(answers, s.answers[step.Round][b.ID(i)]...)
			}
			err = stage.Apply(ctx, b, answers)
		}
		if err != nil {
			return err
		}
		if step.Count {
			cost.Rows[n] += int64(b.Live())
			n++
		}
	}
	if cost.Last() {
		s.table(cost, b)
		return nil
	}
	for i, kept := range b.Keep {
		if was[i] && !kept {
			s.before[b.ID(i)] = true
		}
	}
	var failed error
	err := cost.Ask.Ask(ctx, b, func(q stages.Question) {
		cost.Questions.add(len(q.Payload))
		if failed == nil {
			failed = questions.Add(spill.Record{Key: q.Key, Order: q.Order, Sample: uint64(q.Sample), Payload: q.Payload})
		}
	})
	return errors.Join(err, failed)
}

// add counts a record with a payload of n bytes.
func (t *Traffic) add(n int) {
	t.Records++
	t.Bytes += int64(recordHeader - 1 + len(binary.AppendUvarint(nil, uint64(n))) + n)
}

// table counts what the list of duplicates will ask and be told.
func (s *sampled) table(cost *Pass, b *stages.Batch) {
	id := func(i int) int {
		if b.RowID == nil {
			return 0
		}
		return len(b.RowID[i])
	}
	const removal = 1 + 4 + 8 + 8 + 1 // stage, similarity, keeper, group, length of the id
	seen := map[int]bool{}
	for _, i := range b.Keepers {
		if !seen[i] {
			cost.Questions.add(id(i))
		}
		seen[i] = true
	}
	for _, r := range b.Removed {
		cost.Questions.add(removal + id(r.Row))
		cost.Answers.add(removal + 2*id(r.Row)) // the keeper's id is about as long
	}
}

// judge judges the questions of the sample.
func (s *sampled) judge(ctx context.Context, p int, cost *Pass, questions *spill.Sorter) error {
	it, err := questions.Sorted()
	if err != nil {
		return err
	}
	s.answers[p] = map[stages.ID][]stages.Answer{}
	answer := func(a stages.Answer) error {
		cost.Answers.add(len(a.Payload))
		a.Payload = append([]byte(nil), a.Payload...)
		s.answers[p][a.Sample] = append(s.answers[p][a.Sample], a)
		return nil
	}
	for key, group := range it.Groups() {
		ask := func(yield func(stages.Question) bool) {
			for r := range group {
				if !yield(stages.Question{Key: r.Key, Order: r.Order, Sample: stages.ID(r.Sample), Payload: r.Payload}) {
					return
				}
			}
		}
		if err := cost.Ask.Judge(ctx, key, ask, answer); err != nil {
			return err
		}
	}
	return it.Err()
}

func (s *sampled) close() {
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}
