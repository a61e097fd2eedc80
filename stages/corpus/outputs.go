package corpus

import (
	"fmt"
	"math/bits"
	"path"

	"sluice/stages"
	"sluice/stages/format"
)

// maxFolder is how many files a folder of the output holds.
const maxFolder = 10_000

// count returns how many shards so many bytes make: as many as [write] shard_size
// asks for, else as many as there are input shards.
func count(left stages.Left, bytes int64) int {
	if left.Size > 0 {
		return int(max(1, (bytes+left.Size-1)/left.Size))
	}
	n := 0
	for i := range left.Shards {
		if left.Shards[i].Against == "" {
			n++
		}
	}
	return max(1, n)
}

// numbered names n shards, NAME-00000.EXT and so on, in the format of the first input shard. Where a
// folder cannot hold them they are in folders, NAME-000/NAME-0000000.EXT, of 10,000 each.
func numbered(name string, left stages.Left, n int) []stages.Output {
	like := first(left)
	outputs := make([]stages.Output, n)
	for i := range outputs {
		base := fmt.Sprintf("%s-%05d", name, i)
		if n > maxFolder {
			base = path.Join(fmt.Sprintf("%s-%03d", name, i/maxFolder), fmt.Sprintf("%s-%07d", name, i))
		}
		outputs[i] = stages.Output{Name: base + format.Extension(&left.Shards[like]), Like: like}
	}
	return outputs
}

// first returns the first shard that is part of the output.
func first(left stages.Left) int {
	for i := range left.Shards {
		if left.Shards[i].Against == "" {
			return i
		}
	}
	return 0
}

// seeded spreads a seed over 64 bits.
func seeded(seed uint64) uint64 { return stages.Mix64(seed + 0x9e3779b97f4a7c15) }

// random returns a number for a copy of a sample: the SplitMix64 generator (Steele, Lea,
// Flood 2014) that begins with what the seed and the sample are mixed to.
func random(base uint64, id stages.ID, copy uint32) uint64 {
	return stages.Mix64(stages.Mix64(base^uint64(id)) + uint64(copy)*0x9e3779b97f4a7c15)
}

// scale maps a number of 64 bits to 0 to n-1, in order.
func scale(x uint64, n int) int {
	hi, _ := bits.Mul64(x, uint64(n))
	return int(hi)
}
