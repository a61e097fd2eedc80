package format

import (
	"context"
	"io"
	"math"

	"github.com/zeebo/xxh3"

	"sluice/stages"
)

// jsonlSource reads files with one JSON object a line.
type jsonlSource struct {
	read    stages.Read
	fields  []field
	options Options
	pool    *pool
}

// Blocks cuts a plain file into byte ranges; a row belongs to the block in
// which it starts. Compressed files, and files of which only the first rows
// are read, are one block.
func (s *jsonlSource) Blocks(_ context.Context, shard *stages.Shard, size int64) ([]stages.Block, error) {
	n := int64(1)
	if compression(shard.Path) == "none" && s.read.Limit == 0 && size > 0 {
		n = max(1, (shard.Size+size/2)/size)
	}
	blocks := make([]stages.Block, n)
	for i := range blocks {
		at, end := int64(i)*size, int64(i+1)*size
		if i == int(n)-1 {
			end = shard.Size
		}
		blocks[i] = stages.Block{Shard: shard.Index, Offset: at, Length: end - at, Bytes: end - at}
	}
	return blocks, nil
}

func (s *jsonlSource) Open(ctx context.Context, shard *stages.Shard, b *stages.Block) (stages.Reader, error) {
	kind := compression(shard.Path)
	at := max(0, b.Offset-1) // the byte before tells whether a row starts at Offset
	file, err := openRange(ctx, shard, &s.options, at, b.Offset+b.Length)
	if err != nil {
		return nil, err
	}
	in, stop, err := decompress(kind, file, s.options.ReadBytes)
	lines := &lineReader{
		path: shard.Path, pool: s.pool, batch: s.options.BatchBytes, max: s.options.MaxRow,
		base: at, end: math.MaxInt64, limit: math.MaxInt64, partial: b.Offset > 0, in: in,
	}
	switch {
	case err == io.EOF: // no bytes are no rows, compressed or not
		lines.err = io.EOF
	case err != nil:
		lines.err = lines.reason(err)
	}
	if kind == "none" {
		lines.end = b.Offset + b.Length
	}
	if s.read.Limit > 0 {
		lines.limit = s.read.Limit
	}
	return &jsonlReader{
		source: s, shard: shard, block: b, file: file, stop: stop, lines: lines,
		sample: newSampler(s.read.Sample, s.options.Seed, shard.Name),
	}, nil
}

// jsonlReader reads one block.
type jsonlReader struct {
	source *jsonlSource
	shard  *stages.Shard
	block  *stages.Block
	file   *rangeReader
	stop   func()
	lines  *lineReader
	sample sampler
}

func (r *jsonlReader) Next(ctx context.Context) (int, func() (*stages.Batch, error), error) {
	o := r.source.rows()
	first := r.lines.row
	run, at, ends, slab, err := r.lines.next(ctx, o.ends[:0])
	o.ends = ends
	if err != nil {
		o.release()
		return 0, nil, err
	}
	o.raw, o.at, o.slab = run, at, slab
	return len(ends), func() (*stages.Batch, error) { return r.source.parse(o, r.shard, r.block, first, r.sample) }, nil
}

func (r *jsonlReader) BytesRead() int64 { return r.file.read }

func (r *jsonlReader) Close() error {
	if r.stop != nil {
		r.stop()
	}
	r.lines.close()
	return r.file.Close()
}

// A sampler chooses rows by a hash of the seed, the name of the shard, and
// where the row stands in it. JSONL rows stand at a byte (decompressed), since
// a block does not know how many rows are in front of it; rows of Parquet
// files and documents stand at their row number in the shard. So the choice
// depends neither on blocks nor on ranks.
type sampler struct {
	base      uint64
	threshold uint64
	all       bool
}

func newSampler(share float64, seed uint64, shard string) sampler {
	if share >= 1 {
		return sampler{all: true}
	}
	return sampler{base: xxh3.HashStringSeed(shard, seed), threshold: uint64(max(share, 0) * (1 << 53))}
}

func (s sampler) keeps(place int64) bool {
	return s.all || mix(s.base+uint64(place)*0x9e3779b97f4a7c15)>>11 < s.threshold
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
