package format

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"sluice/stages"
)

// A Carrier takes the pieces of a sink apart into rows, and makes shards of rows that come
// in another order. A row travels as bytes that only a carrier of the same format
// reads. Its methods may be called from several goroutines.
type Carrier interface {
	// Rows reads the rows of a piece of shard s, for output shards with that head.
	Rows(s *stages.Shard, head []byte, piece *io.SectionReader) (CarriedRows, error)
	// Head returns what a piece tells of the head of the output shards that its rows go to: what they
	// must know before the first row. Empty = nothing.
	Head(s *stages.Shard, piece *io.SectionReader) ([]byte, error)
	// Unite makes one head of those of several pieces, in the order of blocks. It says why they
	// cannot stand in one shard.
	Unite(heads [][]byte) ([]byte, error)
	// Shard begins an output shard called s on w.
	Shard(s *stages.Shard, head []byte, w io.Writer) (CarriedShard, error)
}

// CarriedRows are the rows of a piece, in order. They belong to one goroutine.
type CarriedRows interface {
	// Next returns the next row, good until the next call, or io.EOF.
	Next() ([]byte, error)
	Close()
}

// A CarriedShard is written row by row.
type CarriedShard interface {
	Write(row []byte) error
	// Close writes what is left. It does not close the writer.
	Close() error
}

// NewCarrier returns the carrier of a sink.
func NewCarrier(sink stages.Sink, o Options) (Carrier, error) {
	o = o.filled()
	switch s := sink.(type) {
	case *jsonlSink:
		return &jsonlCarrier{sink: s, options: o, pool: newPool(o.ReadBytes)}, nil
	case *parquetSink:
		return &parquetCarrier{sink: s, options: o}, nil
	}
	return nil, fmt.Errorf("format: rows of a %T cannot be moved", sink)
}

// Extension returns how the name of an input shard ends, from its format on: what a shard that
// is numbered ends in.
func Extension(s *stages.Shard) string {
	switch s.Format {
	case "parquet":
		return ".parquet"
	case "jsonl":
		switch compression(s.Name) {
		case "gzip":
			return ".jsonl.gz"
		case "zstd":
			return ".jsonl.zst"
		}
	}
	return ".jsonl"
}

// jsonlCarrier carries lines. A line ends in a newline, also where the last of a file had
// none.
type jsonlCarrier struct {
	sink    *jsonlSink
	options Options
	pool    *pool
}

func (c *jsonlCarrier) Head(*stages.Shard, *io.SectionReader) ([]byte, error) { return nil, nil }
func (c *jsonlCarrier) Unite([][]byte) ([]byte, error)                        { return nil, nil }

func (c *jsonlCarrier) Rows(s *stages.Shard, _ []byte, piece *io.SectionReader) (CarriedRows, error) {
	in, stop, err := decompress(c.sink.compression(s), piece, c.options.ReadBytes)
	if err != nil && err != io.EOF {
		return nil, err
	}
	lines := &lineReader{
		path: s.Name, pool: c.pool, batch: c.options.BatchBytes, max: 1 << 50,
		end: math.MaxInt64, limit: math.MaxInt64, in: in, err: err,
	}
	return &carriedLines{lines: lines, stop: stop}, nil
}

// carriedLines are the lines of a piece.
type carriedLines struct {
	lines *lineReader
	stop  func()
	slab  *slab
	run   []byte
	ends  []int // of the lines of the run
	at    int   // line
	from  int   // where it starts
	buf   []byte
}

func (r *carriedLines) Next() ([]byte, error) {
	for r.at == len(r.ends) {
		r.drop()
		var err error
		r.at, r.from = 0, 0
		r.run, _, r.ends, r.slab, err = r.lines.next(context.Background(), r.ends[:0])
		if damaged, ok := errors.AsType[*stages.Damaged](err); ok {
			return nil, damaged.Err
		}
		if err != nil {
			return nil, err
		}
	}
	line := r.run[r.from:r.ends[r.at]]
	r.from = r.ends[r.at]
	r.at++
	if line[len(line)-1] != '\n' {
		r.buf = append(append(r.buf[:0], line...), '\n')
		line = r.buf
	}
	return line, nil
}

func (r *carriedLines) drop() {
	if r.slab != nil {
		r.slab.drop()
		r.slab = nil
	}
}

func (r *carriedLines) Close() {
	r.drop()
	r.lines.close()
	if r.stop != nil {
		r.stop()
	}
}

func (c *jsonlCarrier) Shard(s *stages.Shard, _ []byte, w io.Writer) (CarriedShard, error) {
	p, err := c.sink.Piece(s, w)
	if err != nil {
		return nil, err
	}
	return carriedJSONL{p.(*jsonlPiece)}, nil
}

// carriedJSONL writes lines.
type carriedJSONL struct{ piece *jsonlPiece }

func (s carriedJSONL) Write(row []byte) error { return s.piece.line(row) }
func (s carriedJSONL) Close() error           { return s.piece.Close() }

// A UniteError says that the piece of that index has other columns than those before it.
type UniteError struct {
	Index int
	Err   error
}

func (e *UniteError) Error() string { return e.Err.Error() }
func (e *UniteError) Unwrap() error { return e.Err }
