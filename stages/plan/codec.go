package plan

import (
	"cmp"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"

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
	laterRank, laterStream = 0.8, 0.4
)

// codecMemory is what a stream takes for reading and writing a format beside
// its batches: windows and tables of decoders and encoders, frames on their way; for
// Parquet the pages of a row group, decoded and encoded. window is that of zstd.
func codecMemory(kind string, window int64) int64 {
	switch kind {
	case "zstd":
		return 5<<20 + 2*window
	case "gzip":
		return 2 << 20
	case "parquet":
		return 14 << 20
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
	// The bytes, the unescaped text, the output, and what is garbage meanwhile.
	const expand = 4
	batch := min(int64(b.Batch), max(bytes/int64(len(s.blocks)), 4<<10))
	full := float64(stages.InFlight * batch * expand)
	total := int64(full * (1 + laterRank*float64(ranks-1) + laterStream*float64(active-ranks)))
	window := zstdWindow(s.shards)
	for kind, n := range blocks {
		total += int64(min(active, share(n))) * codecMemory(kind, window)
	}
	return total
}

// zstdWindow returns the largest window of some of the shards that are
// compressed so: decoders hold that much of what they have written.
func zstdWindow(shards []stages.Shard) int64 {
	const most = 16 // files that are looked into
	window, seen := int64(0), 0
	for i := 0; i < len(shards) && seen < most; i++ {
		if codecOf(&shards[i], stages.Write{}) != "zstd" {
			continue
		}
		seen++
		var h zstd.Header
		if err := h.Decode(head(shards[i].Path)); err == nil && !h.Skippable {
			window = max(window, int64(h.WindowSize))
		}
	}
	if window == 0 {
		return 2 << 20 // as the sink writes
	}
	return min(window, 64<<20)
}

// head returns the first bytes of a file, as many as a header of zstd may have.
func head(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	p := make([]byte, zstd.HeaderMaxSize)
	n, _ := io.ReadFull(f, p)
	return p[:n]
}
