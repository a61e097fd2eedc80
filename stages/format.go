package stages

import (
	"context"
	"io"
)

// A Source reads the shards of one format. Its methods may be called from
// several goroutines.
type Source interface {
	// Blocks cuts a shard into blocks of about size bytes on disk, in order.
	// It fills in Offset, Length and Bytes, and looks at nothing but the
	// shard, so that every run cuts alike. An empty shard has one block.
	Blocks(ctx context.Context, s *Shard, size int64) ([]Block, error)
	// Open starts reading a block.
	Open(ctx context.Context, s *Shard, b *Block) (Reader, error)
}

// A Reader reads one block. It belongs to one goroutine.
type Reader interface {
	// Next reads the raw bytes of the next rows and returns their number and
	// the function that makes the batch of them, with exactly as many rows.
	// That function may run in any goroutine, at the same time as those of
	// other batches and as Next. After the last rows Next returns io.EOF. A
	// *[Damaged] error means that the rest of the shard cannot be read: the
	// rows so far count.
	Next(ctx context.Context) (rows int, decode func() (*Batch, error), err error)
	// BytesRead is the number of bytes taken from the disk so far.
	BytesRead() int64
	Close() error
}

// Damaged reports a shard that cannot be read to its end.
type Damaged struct {
	Path   string
	Offset int64 // bytes into the file as far as it was good; -1 where unknown
	Err    error
}

func (d *Damaged) Error() string { return d.Path + ": " + d.Err.Error() }
func (d *Damaged) Unwrap() error { return d.Err }

// A Sink writes the shards of one format. An output shard is made of pieces,
// one per block; what a piece looks like depends on its block alone.
type Sink interface {
	// Name returns the name of the output shard for an input shard: another
	// extension where format or compression change.
	Name(s *Shard) string
	// Piece starts a piece on w, written in order and never seeked.
	Piece(s *Shard, w io.Writer) (Piece, error)
	// Join writes an output shard from its pieces, in block order. A shard
	// of one piece is that piece.
	Join(w io.Writer, pieces []*io.SectionReader) error
	// Plain says that Join is mere concatenation.
	Plain() bool
}

// A MultiSink is a [Sink] whose output shards are several files each. A piece
// is never one of them: shards of one piece are joined, too.
type MultiSink interface {
	Sink
	// Beside returns the names of the files of a shard after that which Name returns.
	Beside(s *Shard) []string
	// JoinAll takes the place of Join. The writers are in the order of the names.
	JoinAll(w []io.Writer, pieces []*io.SectionReader) error
}

// A Piece writes the kept rows of one block. It belongs to one goroutine.
type Piece interface {
	Write(b *Batch) error
	// Close writes what is left. It does not close the writer.
	Close() error
}
