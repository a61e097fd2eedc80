package corpus

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/zeebo/xxh3"

	"sluice/stages"
	"sluice/stages/format"
)

// Sample is the table of corpus.sample.
type Sample struct {
	Share float64 `toml:"share" doc:"of the rows that stay, 0 to 1"`
	By    string  `toml:"by" doc:"column: rows with one value stay or go together; \"\" = each row by itself"`
}

type sample struct {
	name  string
	by    string
	seed  uint64
	bound uint64 // of the high 53 bits of a hash
}

// NewSample returns the stage that keeps a share of the rows: those whose hash, XXH3 with
// the seed, is low. What is hashed is the value of column by, or else what the column read.id
// holds, or else the shard and the place in it, and with the two the number of the segment behind text.split; so a row stays or goes whatever else there is in
// the input, and at any number of ranks. A smaller share with the same seed keeps some of the rows
// of a larger one. Equal numbers are one value, however they are written.
func NewSample(c stages.Common, s Sample) ([]stages.Stage, error) {
	if !(s.Share >= 0 && s.Share <= 1) {
		return nil, fmt.Errorf("share = %v is not a share: want 0 to 1", s.Share)
	}
	return []stages.Stage{&sample{name: c.Name, by: s.By, seed: c.Seed, bound: uint64(s.Share * (1 << 53))}}, nil
}

func (s *sample) Name() string { return s.name }

func (s *sample) Columns() stages.Columns {
	if s.by == "" {
		return stages.Columns{}
	}
	return stages.Columns{Reads: []stages.Need{{Name: s.by, Type: stages.Scalars}}}
}

func (s *sample) Map(_ context.Context, b *stages.Batch) error {
	// Another seed than that of hashes elsewhere: a share of what read.sample left is a
	// share of it, not all.
	seed := stages.Mix64(s.seed ^ 0x73616d706c65)
	shard := xxh3.HashStringSeed(b.Shard.Name, seed)
	var values []stages.Scalar
	if s.by != "" {
		values = b.Column(s.by).Values
	}
	var key [9]byte
	for i, kept := range b.Keep {
		if !kept {
			continue
		}
		h, whole := uint64(0), false
		switch {
		case values != nil && values[i].Kind != stages.Null:
			h, whole = hashScalar(values[i], seed, &key), true
		case b.RowID != nil && b.RowID[i] != nil:
			h = xxh3.HashSeed(b.RowID[i], seed)
		default:
			binary.LittleEndian.PutUint64(key[:], uint64(format.Place(b, i)))
			h = xxh3.HashSeed(key[:8], shard)
		}
		if n, is := b.Segment(i); is && !whole {
			h = stages.Mix64(h ^ stages.Mix64(uint64(n)+1))
		}
		if h>>11 >= s.bound {
			b.Drop(i)
		}
	}
	return nil
}

// hashScalar hashes a value. key is memory to work in.
func hashScalar(v stages.Scalar, seed uint64, key *[9]byte) uint64 {
	if v.Kind == stages.String {
		return xxh3.HashSeed(v.Str, seed)
	}
	v = v.Whole()
	key[0] = byte(v.Kind)
	bits := uint64(v.Int)
	if v.Kind == stages.Float {
		bits = math.Float64bits(v.Float)
	}
	binary.LittleEndian.PutUint64(key[1:], bits)
	return xxh3.HashSeed(key[:], seed)
}
