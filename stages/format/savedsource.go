package format

import (
	"context"
	"io"

	"sluice/stages"
)

// savedSource reads files of a collection. Its batches have Records, and the names of the
// samples as RowID. What is damaged is an error: a job must not compare with part of a
// collection unnoticed.
type savedSource struct{ options Options }

// Blocks cuts a file into runs of chunks; Offset and Length count chunks.
func (s savedSource) Blocks(ctx context.Context, shard *stages.Shard, size int64) ([]stages.Block, error) {
	f, err := openSaved(ctx, shard.Path, &s.options)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	blocks := []stages.Block{{Shard: shard.Index}}
	for i, c := range f.chunks {
		last := &blocks[len(blocks)-1]
		if last.Length > 0 && last.Bytes+c.length > size {
			blocks = append(blocks, stages.Block{Shard: shard.Index, Offset: int64(i)})
			last = &blocks[len(blocks)-1]
		}
		last.Length++
		last.Bytes += c.length
	}
	return blocks, nil
}

func (s savedSource) Open(ctx context.Context, shard *stages.Shard, b *stages.Block) (stages.Reader, error) {
	f, err := openSaved(ctx, shard.Path, &s.options)
	if err != nil {
		return nil, err
	}
	if b.Offset+b.Length > int64(len(f.chunks)) {
		f.Close()
		return nil, damagedFile(shard.Path, "the file has changed: %d chunks of it are left", len(f.chunks))
	}
	return &savedReader{file: f, shard: shard, block: b}, nil
}

type savedReader struct {
	file  *savedFile
	shard *stages.Shard
	block *stages.Block
	next  int64 // chunk of the block
	row   int64
	read  int64
}

func (r *savedReader) Next(ctx context.Context) (int, func() (*stages.Batch, error), error) {
	if r.next == r.block.Length {
		return 0, nil, io.EOF
	}
	if err := ctx.Err(); err != nil {
		return 0, nil, err
	}
	at := int(r.block.Offset + r.next)
	p, err := r.file.chunk(at)
	if err != nil {
		return 0, nil, err
	}
	first, rows := r.row, r.file.chunks[at].rows
	r.next++
	r.row += int64(rows)
	r.read += int64(len(p))
	return rows, func() (*stages.Batch, error) {
		b := stages.NewBatch(r.shard, r.block, first, rows)
		var err error
		b.RowID, b.Records, err = r.file.rowsOf(p, rows)
		return b, err
	}, nil
}

func (r *savedReader) BytesRead() int64 { return r.read }
func (r *savedReader) Close() error     { return r.file.Close() }
