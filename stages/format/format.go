// Package format reads and writes shards: JSONL (plain, gzip, zstd), Parquet,
// and folders of documents.
//
// Call [List] first; it makes shards of the inputs of a job. [NewSource] and
// [NewSink] return the two ends of a pipeline for one format. Whoever has
// written a batch gives its memory back with [Release]. [NewTable] writes
// OUT/duplicates.
//
// What counts as a row: every line of a JSONL file has a row number, so a row
// number plus one is a line number. Blank lines and rows outside of
// read.sample are rows of a batch that are not kept and not damaged: neither
// read nor written. The samples of a batch as it was read are therefore
// Live() + Unread(), never Len().
package format

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"sluice/stages"
)

// Options are the choices of a source or sink that do not stand in [read] or
// [write]. The zero value stands for the defaults.
type Options struct {
	// BatchBytes is the size of a batch as it stands in the input,
	// decompressed. It does not show in the output. 0 means 256 KiB.
	BatchBytes int
	// ReadBytes is the size of one read. 0 means 4 MiB.
	ReadBytes int
	// MaxRow is the size of the longest row that is read; a longer one ends
	// the job. 0 means 2 GiB.
	MaxRow int64
	// Seed of read.sample.
	Seed uint64
	// Writes lists the columns that stages add or change. A source that knows
	// them notes where they stand; a sink works without, but slower.
	Writes []string
	// Kinds are the kinds of columns that stages add, as far as they are known.
	// A Parquet column needs one before its first value; without, the first
	// value decides, and a column of nulls is one of floats.
	Kinds map[string]stages.Kind
	// Format is the format of the shards that a sink gets, where they all have
	// one. It spares a sink with write.format = "auto" to find out.
	Format string
	// Checked says that an earlier pass has read the rows, and knows which are
	// damaged. Rows of JSONL are not checked again, and their text column is
	// there only where it is needed; other formats read all columns anyway.
	Checked bool
	// Megatron opens what the format of that name needs, once for all sinks.
	// nil = each sink does.
	Megatron func() (*Megatron, error)
	// Threads bounds the goroutines that compress. 0 means GOMAXPROCS.
	Threads int
	// Cached leaves what was read in the page cache.
	Cached bool

	open func(path string) (rawFile, error)               // opens an input; nil means os.Open
	wait func(ctx context.Context, d time.Duration) error // before an input is read again; nil means to sleep
}

func (o Options) filled() Options {
	if o.BatchBytes <= 0 {
		o.BatchBytes = 256 << 10
	}
	if o.ReadBytes <= 0 {
		o.ReadBytes = 4 << 20
	}
	if o.MaxRow <= 0 {
		o.MaxRow = 2 << 30
	}
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if o.open == nil {
		o.open = openRaw
	}
	if o.wait == nil {
		o.wait = sleep
	}
	return o
}

// A RowTooLong ends a job: a row does not fit the memory it was given.
type RowTooLong struct {
	Path   string
	Row    int64 // within the block
	Offset int64 // of the row, bytes into the file, decompressed
	Max    int64
}

func (e *RowTooLong) Error() string {
	return fmt.Sprintf("%s: row %d of the block, at byte %d, is longer than %d bytes\nraise memory in the job file",
		e.Path, e.Row, e.Offset, e.Max)
}

// A MissingColumn reports a column that a shard does not have.
type MissingColumn struct {
	Path   string
	Source string // name of the [[source]], "" for input
	Column string
	Line   string   // of the job file that wants it, as FILE:LINE; "" where that is not known
	Has    []string // the columns that it has, as far as they are known; a type may follow in brackets
	Hint   string   // what to do; "" where there is nothing to add
}

func (e *MissingColumn) Error() string {
	s := e.Path
	if e.Line != "" {
		s = e.Line + ": " + s
	}
	if e.Source != "" {
		s += fmt.Sprintf(" of source %q", e.Source)
	}
	s += fmt.Sprintf(": no column %q", e.Column)
	if len(e.Has) > 0 {
		s += "\nthe file has: " + strings.Join(e.Has, ", ")
	}
	if e.Hint != "" {
		s += "\n" + e.Hint
	}
	return s
}

// Names returns the columns that the shard has, without their types.
func (e *MissingColumn) Names() []string {
	names := make([]string, len(e.Has))
	for i, has := range e.Has {
		names[i], _, _ = strings.Cut(has, " (")
	}
	return names
}

// Lacks returns the error of a shard that does not have a column of the job. r is its [read].
func Lacks(shard *stages.Shard, r stages.Read, column string) *MissingColumn {
	return &MissingColumn{Path: shard.Path, Source: shard.Source, Column: ownName(r, column)}
}

// NewSource returns the source of a format: "jsonl", "parquet", "files" or
// stages.SavedFormat, to which all else means nothing.
// needs are the columns that stages read; the text column is always there, as
// a Text column named r.Text, unless o.Checked, and the id column fills RowID. Where both types of
// one column are needed, it is a Text column whose Values are set, too.
func NewSource(kind string, r stages.Read, needs []stages.Need, o Options) (stages.Source, error) {
	o = o.filled()
	if kind == stages.SavedFormat {
		return savedSource{o}, nil
	}
	f, err := newFields(r, needs, o.Writes, o.Checked && kind == "jsonl")
	if err != nil {
		return nil, err
	}
	switch kind {
	case "jsonl":
		return &jsonlSource{read: r, fields: f, options: o, pool: newPool(o.ReadBytes)}, nil
	case "files":
		return &filesSource{read: r, fields: f, options: o}, nil
	case "parquet":
		p, err := newProjection(stages.Write{}, r)
		if err != nil {
			return nil, err
		}
		return &parquetSource{read: r, fields: f, project: p, options: o}, nil
	}
	return nil, fmt.Errorf("unknown format %q\nwrite one of jsonl, parquet, files", kind)
}

// NewSink returns the sink that w asks for. r is the [read] table of the
// shards that it is given.
func NewSink(w stages.Write, r stages.Read, o Options) (stages.Sink, error) {
	o = o.filled()
	if !slices.Contains([]string{"", "auto", "none", "gzip", "zstd"}, w.Compress) {
		return nil, fmt.Errorf("write.compress: unknown value %q\nwrite one of auto, none, gzip, zstd", w.Compress)
	}
	p, err := newProjection(w, r)
	if err != nil {
		return nil, err
	}
	lines, err := newJSONLSink(w, p, o)
	if err != nil {
		return nil, err
	}
	if w.Format == "megatron" {
		return newMegatronSink(w, r, o)
	}
	table := newParquetSink(w, r, p, o)
	switch w.Format {
	case "", "auto":
		switch o.Format {
		case "parquet":
			return table, nil
		case "jsonl", "files":
			return lines, nil
		}
		return &autoSink{lines, table}, nil
	case "jsonl":
		return lines, nil
	case "parquet":
		return table, nil
	case "none":
		return noneSink{}, nil
	}
	return nil, fmt.Errorf("write.format: unknown value %q\nwrite one of auto, jsonl, parquet, megatron, none", w.Format)
}

// Head opens a block and reads its first batch, which is to be released. The reader stands behind it. The error is io.EOF where
// the block has no row.
func Head(ctx context.Context, src stages.Source, s *stages.Shard, block *stages.Block) (stages.Reader, *stages.Batch, error) {
	in, err := src.Open(ctx, s, block)
	if err != nil {
		return nil, nil, err
	}
	_, decode, err := in.Next(ctx)
	if err == nil {
		var b *stages.Batch
		if b, err = decode(); err == nil {
			return in, b, nil
		}
	}
	in.Close()
	return nil, nil, err
}

// Missing returns the columns that no row of a batch has, out of those that
// were asked for, and the number of rows that could be read well enough to
// tell. A column is missing in a shard if it is missing in every batch with
// rows > 0, and there is one. The id column may be missing.
func Missing(b *stages.Batch) (names []string, rows int) {
	if o, ok := b.Origin.(origin); ok {
		return o.missing()
	}
	return nil, 0
}

// Release gives the memory of a batch back. Neither the batch nor anything
// that was taken from it may be used afterwards. Batches that are not released
// are garbage like any other.
func Release(b *stages.Batch) {
	if o, ok := b.Origin.(origin); ok {
		b.Origin, b.Columns, b.RowID = nil, nil, nil
		o.release()
	}
}

// An origin is what a source keeps in Batch.Origin.
type origin interface {
	missing() ([]string, int)
	place(i int) int64
	text(b *stages.Batch, i int) []byte
	// appendRemoved appends row i as it was read, with the reason, as a line of JSON.
	appendRemoved(dst []byte, i int, why Reason) ([]byte, error)
	// appendPart appends row i of b, a part of a row, as it is now, with the reason.
	appendPart(dst []byte, b *stages.Batch, i int, why Reason) ([]byte, error)
	release()
}
