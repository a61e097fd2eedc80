package plan

import (
	"cmp"
	"strings"

	"sluice/stages"
)

// Memory of a process beside its sorters, measured on two cores with the jobs of
// `sluice bench plan`, whose ratios show how well it holds. The collector's
// slack is in all of it.
const (
	// mpiMemory is what the libraries of MPI take in each process.
	mpiMemory = 8 << 20
	// A rank after the first, and a stream after the first of its rank, take
	// less than all their batches: they are not all full at one time.
	laterRank, laterStream = 0.6, 0.4
)

// codecMemory is what a stream takes for reading and writing a format beside
// its batches: windows and tables of decoders and encoders, frames on their way; for
// Parquet the pages of a row group, decoded and encoded.
func codecMemory(kind string) int64 {
	switch kind {
	case "zstd":
		return 9 << 20
	case "gzip":
		return 2 << 20
	case "parquet":
		return 17 << 20
	}
	return 0
}

// inflated is by how much text may grow that is read from a format.
func inflated(kind string) int64 {
	switch kind {
	case "zstd", "gzip", "parquet":
		return 10
	}
	return 1
}

// codecOf returns the codec that a shard costs: that of its input or, where
// that is plain, of its output.
func codecOf(s *stages.Shard, w stages.Write) string {
	switch {
	case s.Format == "parquet":
		return "parquet"
	case s.Format == "jsonl" && strings.HasSuffix(s.Path, ".zst"):
		return "zstd"
	case s.Format == "jsonl" && strings.HasSuffix(s.Path, ".gz"):
		return "gzip"
	}
	return cmp.Or(w.Compress, "auto")
}

// reading is what a process takes for the blocks that it reads at a time. There
// are no more streams at work than blocks.
func (p *Plan) reading(s *sampled, b stages.Budget, streams int) int64 {
	local := p.Options.RanksPerNode
	if p.Options.Processes {
		local = 1
	}
	share := func(blocks int) int { // of this process
		return (blocks*local + p.Options.Ranks - 1) / p.Options.Ranks
	}
	active := min(local*streams, share(len(s.blocks)))
	if active == 0 {
		return 0
	}
	ranks := min(local, active)
	blocks, bytes := map[string]int{}, int64(0)
	for _, blk := range s.blocks {
		kind := codecOf(&s.shards[blk.Shard], p.Job.Write)
		blocks[kind]++
		bytes += blk.Bytes * inflated(kind)
	}
	const expand = 3
	batch := min(int64(b.Batch), max(bytes/int64(len(s.blocks)), 4<<10))
	full := float64(stages.InFlight * batch * expand)
	total := int64(full * (1 + laterRank*float64(ranks-1) + laterStream*float64(active-ranks)))
	for kind, n := range blocks {
		total += int64(min(active, share(n))) * codecMemory(kind)
	}
	return total
}
