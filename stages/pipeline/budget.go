package pipeline

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"sluice/stages"
	"sluice/stages/format"
)

// plan sets what follows from the job's memory and threads.
func (r *run) plan() {
	r.streams = max(1, r.job.Threads)
	r.budget = stages.NewBudget(r.job.Memory, r.streams)
}

// Batches are smaller where of the rows of a block more than ample times their bytes is known, but no smaller than leastBatch.
const (
	ample      = 4
	leastBatch = 4 << 10
)

// batchBytes returns the size of a batch in pass p. What is known of its rows, such as the texts that they take from
// others, is in memory along with it.
func (r *run) batchBytes(p int) int {
	size := r.budget.Batch
	for b, blk := range r.blocks {
		known := r.knownBytes(p, b)
		if rows := ample * blk.Bytes; blk.Bytes >= leastBatch && known > max(rows, int64(r.budget.Batch)) {
			size = min(size, int(float64(r.budget.Batch)*float64(rows)/float64(known)))
		}
	}
	return max(size, min(leastBatch, r.budget.Batch))
}

// knownBytes returns how many bytes of notes pass p is given about the rows of a block.
func (r *run) knownBytes(p, block int) (n int64) {
	for _, s := range r.passes[p].Steps {
		if t := r.tables[s.Table]; t != nil {
			n += t.Blocks[block].Length
		}
	}
	return n
}

// cut cuts all shards into blocks.
func (r *run) cut(ctx context.Context, shards []stages.Shard) ([]stages.Block, error) {
	if err := format.CheckCollections(ctx, shards, r.stages); err != nil {
		return nil, &JobError{err}
	}
	sources := map[sourceKey]stages.Source{}
	size := stages.BlockSize(shards)
	var blocks []stages.Block
	for i := range shards {
		s := &shards[i]
		src, err := r.sourceFor(sources, s, 0, nil)
		if err != nil {
			return nil, err
		}
		own, err := src.Blocks(ctx, s, size)
		if err != nil {
			return nil, jobErrorOf(err)
		}
		for _, b := range own {
			b.Index, b.Shard = len(blocks), i
			blocks = append(blocks, b)
		}
	}
	if len(blocks) > stages.MaxBlocks {
		return nil, &JobError{fmt.Errorf("the inputs make %d blocks, at most %d can be told apart\nsplit the job, or join small files", len(blocks), stages.MaxBlocks)}
	}
	return blocks, nil
}

// sourceFor returns the source of a shard for pass p, made on first use.
func (r *run) sourceFor(made map[sourceKey]stages.Source, s *stages.Shard, p int, needs []stages.Need) (stages.Source, error) {
	if src := made[keyOf(s)]; src != nil {
		return src, nil
	}
	o := r.formatOptions()
	o.BatchBytes = r.batchBytes(p)
	o.Cached = p < len(r.passes)-1 // the input is read once more: the page cache may keep it
	o.Checked = p > 0 && r.passesThrough(s)
	src, err := format.NewSource(s.Format, r.job.Input(s).Read, needs, o)
	if err != nil {
		return nil, &JobError{err}
	}
	made[keyOf(s)] = src
	return src, nil
}

// passesThrough says that rows which no stage changes are written as they were
// read, so that nobody need look into them.
func (r *run) passesThrough(s *stages.Shard) bool {
	w := r.writeTable()
	return len(w.Columns)+len(w.Drop) == 0 && (w.Format == "auto" || w.Format == s.Format || w.Format == "none")
}

// writeTable is [write] with the columns that stages drop.
func (r *run) writeTable() stages.Write {
	w := r.job.Write
	for _, s := range r.stages {
		if drops := s.Columns().Drops; len(drops) > 0 {
			w.Drop = slices.Concat(w.Drop, drops)
		}
	}
	return w
}

func (r *run) formatOptions() format.Options {
	return format.Options{
		BatchBytes: r.budget.Batch,
		ReadBytes:  min(4<<20, max(r.budget.Batch, 64<<10)),
		MaxRow:     max(r.job.Memory/4, 1<<20),
		Seed:       r.job.Seed,
		Writes:     r.writes(),
		Kinds:      r.kinds(),
		Threads:    max(1, r.job.Threads),
		Megatron:   r.megatron,
	}
}

// makeSinks returns a sink for each kind of shard. Those whose [write] is none
// have no entry.
func (r *run) makeSinks(shards []stages.Shard) (map[sourceKey]stages.Sink, error) {
	sinks := map[sourceKey]stages.Sink{}
	if r.job.Write.Format == "none" {
		return sinks, nil
	}
	for i := range shards {
		key := keyOf(&shards[i])
		if sinks[key] != nil || shards[i].Against != "" {
			continue
		}
		w := r.writeTable()
		if w.Format == "auto" {
			w.Format = outputFormat(key.format)
		}
		sink, err := format.NewSink(w, r.job.Input(&shards[i]).Read, r.formatOptions())
		if err == nil {
			// A format that the shard cannot be written in is a mistake of the
			// job, to be found before anything is read.
			_, err = sink.Piece(&shards[i], io.Discard)
		}
		if err != nil {
			return nil, &JobError{err}
		}
		sinks[key] = sink
	}
	return sinks, nil
}

// outputFormat is the format in which shards of a format are written.
func outputFormat(in string) string {
	if in == "files" {
		return "jsonl"
	}
	return in
}

// kinds are those of the columns that stages add and know the kinds of.
func (r *run) kinds() map[string]stages.Kind {
	kinds := map[string]stages.Kind{}
	for _, s := range r.stages {
		maps.Copy(kinds, s.Columns().Kinds)
	}
	return kinds
}

// writes lists the columns that stages add or change.
func (r *run) writes() []string {
	var names []string
	for _, s := range r.stages {
		c := s.Columns()
		names = append(append(names, c.Adds...), c.Changes...)
	}
	return names
}
