package stages

import "fmt"

// An ID names a sample for the whole run and orders all samples: by shard, and
// within a shard by row. The high 24 bits are the block, whose numbers rise in
// shard order, and the low 40 bits are the row within the block. An ID depends
// on the frozen list of inputs alone, never on the ranks that read them.
type ID uint64

const (
	rowBits = 40
	// MaxBlocks is the number of blocks that IDs can tell apart.
	MaxBlocks = 1 << 24
	// MaxRows is the number of rows of one block that IDs can tell apart.
	MaxRows = 1 << rowBits
)

// MakeID returns the ID of a row of a block. It panics where either does not
// fit; whoever cuts shards into blocks and counts rows checks before.
func MakeID(block int, row int64) ID {
	if uint64(block) >= MaxBlocks || uint64(row) >= MaxRows {
		panic(fmt.Sprintf("stages: block %d, row %d do not fit an ID", block, row))
	}
	return ID(block)<<rowBits | ID(row)
}

// Block returns the index of the block that holds the sample.
func (id ID) Block() int { return int(id >> rowBits) }

// Row returns the row of the sample within its block, from 0.
func (id ID) Row() int64 { return int64(id & (MaxRows - 1)) }

// Mix64 is the finalizer of SplitMix64: a bijection that spreads numbers, such as
// IDs, over the keys of questions.
func Mix64(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
