package format

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// A Duplicate is a row of OUT/duplicates: a sample that a dedup found to
// repeat another.
type Duplicate struct {
	ID          string   `parquet:"id"`
	Shard       string   `parquet:"shard,dict"`
	Stage       string   `parquet:"stage,dict"`
	Group       string   `parquet:"group"` // SHARD:ROW of the best-ranked sample of the group
	KeeperID    string   `parquet:"keeper_id"`
	KeeperShard string   `parquet:"keeper_shard,dict"`
	Keeper      string   `parquet:"keeper"` // SHARD:ROW
	Row         int64    `parquet:"row"`
	KeeperRow   int64    `parquet:"keeper_row"`
	Similarity  *float32 `parquet:"similarity,optional"` // nil for exact dedup
}

// A Table writes a file of OUT/duplicates. It belongs to one goroutine.
type Table interface {
	Write(Duplicate) error
	// Close writes what is left. It does not close the writer.
	Close() error
}

// tableRows is how many rows a row group of a table has: few, because all of
// them are held in memory.
const tableRows = 32 << 10

type table struct {
	w    *parquet.GenericWriter[Duplicate]
	rows int
	one  [1]Duplicate
}

// NewTable starts a table on w. The same rows give the same bytes.
func NewTable(w io.Writer) (Table, error) {
	return &table{w: parquet.NewGenericWriter[Duplicate](w,
		parquet.CreatedBy("sluice", "1", "0"),
		parquet.Compression(&zstd.Codec{Level: zstd.DefaultLevel}),
		parquet.PageBufferSize(64<<10),
	)}, nil
}

func (t *table) Write(d Duplicate) error {
	t.one[0] = d
	if _, err := t.w.Write(t.one[:]); err != nil {
		return err
	}
	if t.rows++; t.rows%tableRows == 0 {
		return t.w.Flush()
	}
	return nil
}

func (t *table) Close() error { return t.w.Close() }

// ReadTable yields the rows of a file of OUT/duplicates. An error is the last
// that it yields.
func ReadTable(path string) iter.Seq2[Duplicate, error] {
	return func(yield func(Duplicate, error) bool) {
		err := readTable(path, func(d Duplicate) bool { return yield(d, nil) })
		if err != nil {
			yield(Duplicate{}, fmt.Errorf("%s: %w", path, err))
		}
	}
}

func readTable(path string, yield func(Duplicate) bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	p, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return err
	}
	r := parquet.NewGenericReader[Duplicate](p)
	defer r.Close()
	rows := make([]Duplicate, 1024)
	for {
		n, err := r.Read(rows)
		for _, d := range rows[:n] {
			if !yield(d) {
				return nil
			}
		}
		clear(rows)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
