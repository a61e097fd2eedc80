package plan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/format"
	"sluice/stages/job"
	"sluice/stages/manifest"
	"sluice/stages/round"
)

// A sampled input is some blocks of a job's input, over which its stages run
// on one rank.
type sampled struct {
	job     *job.Job
	stages  []stages.Stage
	shards  []stages.Shard
	blocks  []stages.Block
	chosen  []int
	homes   []int // of the job's ranks
	limit   int64 // bytes of each chosen block that are read
	threads int
	dir     string

	bytes, rows int64
	missing     map[int][]string   // by shard: columns of the pass that no row had so far
	before      map[stages.ID]bool // rows that earlier passes dropped
	moved       map[int]*moved     // by block: what a mover is given; nil = nothing moves

	comm    mpi.Comm // of this rank alone
	tables  map[string]*round.Table
	segment *manifest.Segment // that passes write notes into
}

func (s *sampled) source(shard *stages.Shard, needs []stages.Need) (stages.Source, error) {
	return format.NewSource(shard.Format, s.job.Input(shard).Read, needs, format.Options{Seed: s.job.Seed, Cached: true, BatchBytes: 64 << 10, ReadBytes: 64 << 10})
}

// cut cuts the shards as a run does.
func (s *sampled) cut(ctx context.Context) error {
	if err := format.CheckCollections(ctx, s.shards, s.stages); err != nil {
		return err
	}
	size := stages.BlockSize(s.shards)
	for i := range s.shards {
		src, err := s.source(&s.shards[i], nil)
		if err != nil {
			return err
		}
		blocks, err := src.Blocks(ctx, &s.shards[i], size)
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
	s.tables = map[string]*round.Table{}
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
	if err := s.makeFolder(); err != nil {
		return cost, err
	}
	if ends := pass.Ends; ends != nil {
		given := ends.Tables().Given
		cost.Unread = given != "" && s.held(given) == 0
		s.tables[ends.Tables().Notes] = &round.Table{Blocks: map[int]manifest.Ref{}}
	}
	for _, b := range s.chosen {
		if cost.Unread {
			break
		}
		if err := s.runBlock(ctx, p, &cost, &s.blocks[b]); err != nil {
			return cost, s.inJob(err)
		}
	}
	if pass.Last() {
		return cost, nil
	}
	return cost, s.hold(ctx, p, &cost)
}

// makeFolder makes the folder in which the tables of the sample lie.
func (s *sampled) makeFolder() (err error) {
	if s.dir != "" {
		return nil
	}
	if s.dir, err = os.MkdirTemp(s.job.Scratch, "sluice-plan-"); err != nil {
		if s.dir, err = os.MkdirTemp("", "sluice-plan-"); err != nil {
			return err
		}
	}
	s.segment, err = manifest.NewSegmentWriter(filepath.Join(s.dir, "notes.seg"))
	return err
}

func (s *sampled) held(table string) int64 {
	if t := s.tables[table]; t != nil {
		return t.Count
	}
	return 0
}

// A blockSample is the state of one block that is read for one pass.
type blockSample struct {
	*sampled
	cost  *Pass
	known map[string]*round.Reader
	move  *moving // of the last pass; nil = nothing moves
	notes []byte
	count int64
}

// runBlock runs the steps of a pass over one block, as far as the limit goes.
func (s *sampled) runBlock(ctx context.Context, p int, cost *Pass, blk *stages.Block) error {
	run := &blockSample{sampled: s, cost: cost, known: map[string]*round.Reader{}}
	if err := run.open(blk.Index); err != nil {
		return err
	}
	defer run.close()
	shard := &s.shards[blk.Shard]
	if cost.Last() && shard.Against != "" {
		return nil
	}
	if cost.Last() {
		var err error
		if run.move, err = s.startMoving(shard, blk.Index); err != nil {
			return err
		}
	}
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
		if p == 0 && shard.Against == "" {
			s.rows += int64(batch.Live()) + batch.Unread()
		}
		s.note(shard, batch)
		if err := run.batch(ctx, batch); err != nil {
			return err
		}
		format.Release(batch)
	}
	if p == 0 {
		s.bytes += min(in.BytesRead(), blk.Bytes)
	}
	if run.move != nil {
		if err := run.move.close(); err != nil {
			return err
		}
	}
	return run.keep(blk.Index)
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
func (s *sampled) lacking(ctx context.Context) error {
	for i := range s.shards {
		if names := s.missing[i]; len(names) > 0 {
			e := format.Lacks(&s.shards[i], s.job.Input(&s.shards[i]).Read, names[0])
			e.Has = format.ColumnsOf(ctx, &s.shards[i])
			return s.inJob(e)
		}
	}
	return nil
}

// inJob adds to a mistake of the job that shows in the data where in the job file it stands.
func (s *sampled) inJob(err error) error {
	if e, ok := errors.AsType[*format.MissingColumn](err); ok {
		at, hint := s.job.Wants(s.stages, e.Column, e.Names())
		e.Hint = cmp.Or(e.Hint, hint)
		if at != (job.Place{}) {
			e.Line = at.String()
		}
	}
	return s.job.Locate(err)
}

// open opens the tables that the pass is given.
func (r *blockSample) open(block int) (err error) {
	var names []string
	for _, step := range r.cost.Steps {
		if step.Table != "" {
			names = append(names, step.Table)
		}
	}
	if r.cost.Ends != nil {
		names = append(names, r.cost.Ends.Tables().Given)
	}
	for _, name := range names {
		if r.known[name], err = r.tables[name].Open(r.dir, block); err != nil {
			return err
		}
	}
	return nil
}

func (r *blockSample) close() {
	for _, in := range r.known {
		in.Close()
	}
}

// batch runs the steps of the pass over a batch.
func (r *blockSample) batch(ctx context.Context, b *stages.Batch) error {
	for i, kept := range b.Keep {
		if kept && r.before[b.ID(i)] {
			b.Drop(i)
		}
	}
	known := map[string][]stages.Note{}
	for name, in := range r.known {
		list, err := in.Until(stages.MakeID(b.Block.Index, b.First+int64(b.Len())))
		if err != nil {
			return err
		}
		known[name] = list
	}
	b.Name = func(id stages.ID) string { // about as long as it will be
		return fmt.Sprintf("%s:%d", r.shards[r.blocks[id.Block()].Shard].Name, id.Row())
	}
	was := slices.Clone(b.Keep)
	b.Traced = b.Shard.Against == ""
	last, left, err := r.cost.Run(ctx, b, known, nil)
	if err != nil {
		return r.located(err)
	}
	for _, one := range last.Family() {
		if err := r.remove(one); err != nil {
			return err
		}
	}
	for i, n := range left {
		if b.Shard.Against == "" {
			r.cost.Rows[i] += n
		}
	}
	if r.cost.Last() {
		r.list(last.Fold())
		if r.move != nil {
			return r.move.add(last)
		}
		return nil
	}
	for i, kept := range b.Keep {
		if was[i] && !kept {
			r.before[b.ID(i)] = true
		}
	}
	ends := r.cost.Ends
	if against := b.Shard.Against; against != "" && against != ends.Name() {
		return nil
	}
	return r.located(r.cost.Note(ctx, b, known, func(n stages.Note) {
		at := len(r.notes)
		r.notes = round.AppendNote(r.notes, n)
		r.cost.Notes.add(1, len(r.notes)-at)
		r.count++
	}))
}

// located says in an error about a row where the row is.
func (r *blockSample) located(err error) error {
	if row, ok := errors.AsType[*stages.RowError](err); ok {
		row.Where = fmt.Sprintf("%s, %s", row.Batch.Shard.Path, format.Where(row.Batch, row.Row))
	}
	return err
}

// remove counts what OUT/removed will have of a batch.
func (r *blockSample) remove(b *stages.Batch) error {
	mode := r.job.Write.Removed
	var line []byte
	for _, d := range b.Rejected {
		keeper := ""
		if d.Repeats {
			keeper = b.Shard.Name + ":0" // some sample
		}
		why := format.Because(b, d.Row, d.Stage, d.Score, keeper)
		switch mode {
		case "rows":
			var err error
			if line, err = format.AppendRemoved(line[:0], b, d.Row, why); err != nil {
				return err
			}
		case "ids":
			id := []byte(b.Shard.Name + ":0")
			if b.RowID != nil && len(b.RowID[d.Row]) > 0 {
				id = b.RowID[d.Row]
			}
			line = format.AppendRemovedID(line[:0], id, b.Shard.Name, b.First+int64(b.Read(d.Row)), why)
		default:
			return nil
		}
		r.cost.Removed.add(1, len(line))
	}
	return nil
}

// keep makes the notes of the block part of the table.
func (r *blockSample) keep(block int) error {
	if len(r.notes) == 0 || r.cost.Ends == nil {
		return nil
	}
	ref, err := r.segment.Append(r.notes)
	if err != nil {
		return err
	}
	t := r.tables[r.cost.Ends.Tables().Notes]
	t.Blocks[block] = ref
	t.Count += r.count
	return r.segment.Flush()
}

func (t *Traffic) add(records, bytes int) {
	t.Records += int64(records)
	t.Bytes += int64(bytes)
}

// list counts what the list of duplicates will ask and be told.
func (r *blockSample) list(b *stages.Batch) {
	id := func(i int) int {
		if b.RowID == nil {
			return 0
		}
		return len(b.RowID[i])
	}
	if len(r.cost.Rounds) == 0 {
		r.cost.Rounds = []Round{{Name: "list of duplicates", most: held{{share: 1}, {share: 1}}}}
	}
	c := &r.cost.Rounds[0]
	ranks := int64(len(r.homes) - 1)
	add := func(t *Traffic, in *sorter, payload int) {
		t.add(1, int(wire(payload)))
		c.Sent += wire(payload) * (ranks - 1) / ranks
		in.add(1, payload)
	}
	note := func(payload int) {
		add(&c.Asked, &c.most[0], payload)
		r.cost.Notes.add(1, 8+int(wire(payload))-round.HeaderSize+1)
	}
	const removal = 1 + 4 + 8 + 8 + 1 // stage, similarity, keeper, group, length of the id
	for _, saved := range b.Saved {
		if b.Keep[saved.Row] {
			r.cost.Notes.add(1, 12+id(saved.Row)+len(saved.Record))
		}
	}
	seen := map[int]bool{}
	var text []byte
	for _, i := range b.Keepers {
		if !seen[i] {
			text = format.AppendSnippet(text[:0], b, i)
			note(1 + id(i) + len(text))
		}
		seen[i] = true
	}
	for _, d := range b.Removed {
		note(removal + id(d.Row))
		add(&c.Answered, &c.most[1], removal+2*id(d.Row)) // the keeper's id is about as long
	}
}

// hold holds the rounds after a pass over the sample.
func (s *sampled) hold(ctx context.Context, p int, cost *Pass) error {
	for k, rd := range cost.Ends.Rounds() {
		c := Round{Name: rd.Name}
		if len(rd.Given) == 0 || slices.ContainsFunc(rd.Given, func(table string) bool { return s.held(table) > 0 }) {
			var clock round.Clock
			m := &round.Meeting{
				Name: rd.Name, Comm: s.comm, Homes: []int{0, len(s.blocks)}, Budget: stages.NewBudget(512<<20, 1), Rows: s.rows,
				Segments: s.dir, Scratch: s.dir, Prefix: "plan", Tables: s.tables, Clock: &clock,
			}
			counts := &counting{Meeting: m, homes: s.homes}
			run := func(ctx context.Context, _ stages.Meeting) (stages.Notes, error) { return rd.Run(ctx, counts) }
			table, _, err := m.Hold(ctx, run, fmt.Sprintf("round%d-%d.seg", p, k))
			if err != nil {
				return err
			}
			s.tables[rd.Makes] = table
			c.Sent, c.most = counts.sent, counts.most
			for _, ref := range table.Blocks {
				c.table += ref.Length
			}
			c.Asked = Traffic{clock.Asked.Records.Load(), clock.Asked.Bytes.Load()}
			c.Answered = Traffic{clock.Answered.Records.Load(), clock.Answered.Bytes.Load()}
		}
		cost.Rounds = append(cost.Rounds, c)
	}
	return nil
}

func (s *sampled) close() {
	if s.segment != nil {
		s.segment.Close()
	}
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}
