package pipeline

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"time"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/manifest"
)

// outputPath returns where the output of a shard goes.
func (r *run) outputPath(shard int) string {
	s := &r.shards[shard]
	return filepath.Join(r.job.Output, "data", filepath.FromSlash(r.sinks[keyOf(s)].Name(s)))
}

// outputPaths returns all files of the output of a shard.
func (r *run) outputPaths(shard int) []string {
	s := &r.shards[shard]
	paths := []string{r.outputPath(shard)}
	if sink, ok := r.sinks[keyOf(s)].(stages.MultiSink); ok {
		for _, name := range sink.Beside(s) {
			paths = append(paths, filepath.Join(r.job.Output, "data", filepath.FromSlash(name)))
		}
	}
	return paths
}

// isPart says that the pieces of a shard, one after the other in a part file, are its output.
func isPart(sink stages.Sink, pieces int) bool {
	_, several := sink.(stages.MultiSink)
	return !several && (pieces == 1 || sink.Plain())
}

// wholeShard says that a span is all of a shard.
func (r *run) wholeShard(s span) bool {
	shard := r.blocks[s.first].Shard
	return s.first == r.firstBlock[shard] && s.end == r.firstBlock[shard+1]
}

// joinShards makes output shards of the pieces of those that are not yet in
// place. Ranks take them one by one. It is collective.
func (r *run) joinShards(ctx context.Context, c *clock) error {
	err := r.oneByOne(ctx, c, "join", len(r.shards), func(i int) error {
		if r.placedShards[i] || r.shards[i].Against != "" || r.sinks[keyOf(&r.shards[i])] == nil {
			return nil
		}
		if err := r.joinShard(i, r.sinks[keyOf(&r.shards[i])]); err != nil {
			return about(r.outputPath(i), err)
		}
		return nil
	})
	return mpi.Agree(ctx, r.comm, cause(err, r.journal.Sync()))
}

// oneByOne lets the ranks take n pieces of work, which write files, one after the other. The error is that of
// this rank, which is yet to be agreed on.
func (r *run) oneByOne(ctx context.Context, c *clock, what string, n int, do func(i int) error) error {
	err := func() error {
		for !r.stopping() {
			i, err := r.comm.Next(ctx, r.tag+" "+what, 1)
			if err != nil || i >= int64(n) {
				return err
			}
			begin := time.Now()
			if err := do(int(i)); err != nil {
				return err
			}
			c.write.Add(time.Since(begin))
		}
		return mpi.ErrStopped
	}()
	return cause(err, r.placed.Flush())
}

// joinShard makes one output shard of its pieces.
func (r *run) joinShard(shard int, sink stages.Sink) error {
	last := r.records[len(r.passes)-1]
	first, end := r.firstBlock[shard], r.firstBlock[shard+1]
	whole, err := r.onePart(shard, sink)
	if err != nil {
		return err
	}
	if whole != "" {
		if err := r.place(whole, shard); err != nil {
			return err
		}
		return r.shardDone(shard)
	}
	if err := r.makeFolder(filepath.Dir(r.outputPath(shard))); err != nil {
		return err
	}
	var outs []*manifest.AtomicFile
	var writers []io.Writer
	for _, path := range r.outputPaths(shard) {
		out, err := manifest.CreateAtomic(path)
		if err != nil {
			return err
		}
		defer out.Abort()
		outs, writers = append(outs, out), append(writers, out)
	}
	var pieces []*io.SectionReader
	files := map[string]*os.File{}
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	for b := first; b < end; b++ {
		ref := last[b].piece
		f := files[ref.File]
		if f == nil {
			if f, err = os.Open(filepath.Join(r.dir, "parts", ref.File)); err != nil {
				return err
			}
			files[ref.File] = f
		}
		pieces = append(pieces, io.NewSectionReader(f, ref.Offset, ref.Length))
	}
	if several, ok := sink.(stages.MultiSink); ok {
		err = several.JoinAll(writers, pieces)
	} else {
		err = sink.Join(outs[0], pieces)
	}
	if err != nil {
		return diskError(err)
	}
	for i, path := range r.outputPaths(shard) {
		if err := outs[i].Commit(); err != nil {
			return err
		}
		if err := r.placed.Appeared(path); err != nil {
			return err
		}
	}
	return r.shardDone(shard)
}

// onePart returns the path of the part file that is the whole output of a
// shard as it stands, or "".
func (r *run) onePart(shard int, sink stages.Sink) (string, error) {
	last := r.records[len(r.passes)-1]
	first, end := r.firstBlock[shard], r.firstBlock[shard+1]
	if !isPart(sink, end-first) {
		return "", nil
	}
	var size int64
	for b := first; b < end; b++ {
		ref := last[b].piece
		if ref.File != last[first].piece.File || ref.Offset != size {
			return "", nil
		}
		size += ref.Length
	}
	path := filepath.Join(r.dir, "parts", last[first].piece.File)
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Size() != size {
		return "", nil // a block that was not finished wrote behind it
	}
	return path, nil
}
