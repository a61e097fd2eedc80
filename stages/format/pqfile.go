package format

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/parquet-go/parquet-go"
	pq "github.com/parquet-go/parquet-go/format"

	"sluice/stages"
)

// pqFile is an open Parquet file.
type pqFile struct {
	f       *input      // nil: at is not a file of its own
	at      io.ReaderAt // what is read
	file    *parquet.File
	schema  *pqNode
	bytes   int64 // read so far
	counted bool  // what the footer says of the number of rows fits together
	cached  bool
}

// openParquet opens the file of a shard. A file without a whole footer is a
// damaged shard.
func openParquet(ctx context.Context, shard *stages.Shard, o *Options) (*pqFile, error) {
	return openPatient(ctx, shard, o, new(atomic.Bool))
}

// openPatient does so for files that wait in vain once.
func openPatient(ctx context.Context, shard *stages.Shard, o *Options, spent *atomic.Bool) (*pqFile, error) {
	f, err := openInput(ctx, shard.Path, o, spent)
	if err != nil {
		return nil, asDamage(shard.Path, 0, err)
	}
	p := &pqFile{f: f, at: f, cached: o.Cached}
	if size := f.info.Size(); size != shard.Size {
		f.Close()
		return nil, &changedError{shard.Path, size, shard.Size}
	}
	if err := p.open(shard.Size, *o); err != nil {
		f.Close()
		return nil, p.damaged(err)
	}
	return p, nil
}

// damaged makes a damaged shard of an error, whether the library says what a failed read said or something else.
func (p *pqFile) damaged(err error) error {
	return asDamage(p.f.path, -1, cmp.Or(p.f.failed, err))
}

// open reads the footer.
func (p *pqFile) open(size int64, o Options) error {
	return guard(func() (err error) {
		if err := checkFooter(p.at, size); err != nil {
			return err
		}
		p.file, err = parquet.OpenFile(p, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true),
			parquet.ReadBufferSize(min(o.ReadBytes, 1<<20)))
		if err != nil {
			return err
		}
		if p.schema, err = newSchema(p.file.Metadata().Schema); err != nil {
			return err
		}
		p.counted = p.countsRows()
		return nil
	})
}

// checkFooter looks at the length of the footer before memory is set aside
// for it.
func checkFooter(f io.ReaderAt, size int64) error {
	var tail [8]byte
	if size < 12 {
		return errors.New("too short for a Parquet file")
	}
	if _, err := f.ReadAt(tail[:], size-8); err != nil {
		return err
	}
	if string(tail[4:]) != "PAR1" {
		return errors.New("no Parquet footer: the file was cut short or is no plain Parquet file")
	}
	if n := int64(le32(tail[:])); n > size-12 {
		return fmt.Errorf("a Parquet footer of %d bytes in a file of %d", n, size)
	}
	return nil
}

func le32(p []byte) uint32 {
	return uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16 | uint32(p[3])<<24
}

// guard turns a panic into an error: the library panics on some broken files.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("broken Parquet file: %v", r)
		}
	}()
	return f()
}

// ReadAt reads for the library and counts.
func (p *pqFile) ReadAt(b []byte, at int64) (int, error) {
	n, err := p.at.ReadAt(b, at)
	p.bytes += int64(n)
	if n > 0 && !p.cached && p.f != nil {
		forget(p.f.f, at, int64(n))
	}
	return n, err
}

func (p *pqFile) Close() error { return p.f.Close() }

func (p *pqFile) groups() []pq.RowGroup { return p.file.Metadata().RowGroups }

// A leafReader reads the values of one leaf of one row group, row by row.
type leafReader struct {
	leaf   *pqNode
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buf    []parquet.Value
	ready  []parquet.Value // in buf, not taken
}

const leafBuffer = 512

// fewRowsError says that the chunk of a leaf ends before its row group does.
type fewRowsError struct{ leaf *pqNode }

func (e *fewRowsError) Error() string {
	return fmt.Sprintf("column %q has fewer rows than its row group", e.leaf)
}

// maxGroup bounds the rows of a row group whose number is believed without reading them.
const maxGroup = 1 << 31

// countsRows says whether what the footer says of the number of rows fits together, so that
// rows may be counted that cannot be read.
func (p *pqFile) countsRows() bool {
	rows := int64(0)
	for _, g := range p.groups() {
		if g.NumRows < 0 || g.NumRows > maxGroup {
			return false
		}
		rows += g.NumRows
		fits := true
		p.schema.walk(func(n *pqNode) {
			if n.leaf >= len(g.Columns) {
				fits = false
				return
			}
			values := g.Columns[n.leaf].MetaData.NumValues
			fits = fits && (values == g.NumRows || n.rep > 0 && values > g.NumRows)
		})
		if !fits {
			return false
		}
	}
	return rows == p.file.Metadata().NumRows
}

func (p *pqFile) leaf(group int, leaf *pqNode) (*leafReader, error) {
	chunk, ok := p.file.RowGroups()[group].ColumnChunks()[leaf.leaf].(*parquet.FileColumnChunk)
	if !ok {
		return nil, fmt.Errorf("column %q cannot be read", leaf)
	}
	return &leafReader{leaf: leaf, pages: chunk.PagesFrom(p), buf: make([]parquet.Value, leafBuffer)}, nil
}

// fill makes ready hold something; at the end of the chunk it returns io.EOF.
func (r *leafReader) fill() error {
	for len(r.ready) == 0 {
		if r.values == nil {
			page, err := r.pages.ReadPage()
			if err != nil {
				return err
			}
			r.page, r.values = page, page.Values()
		}
		n, err := r.values.ReadValues(r.buf)
		r.ready = r.buf[:n]
		if err == io.EOF {
			if n > 0 {
				return nil
			}
			parquet.Release(r.page)
			r.page, r.values = nil, nil
			continue
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrNoProgress
		}
	}
	return nil
}

// read appends the values of the next n rows to c. Bytes are copied, so that
// pages need not outlive the call.
func (r *leafReader) read(n int, c *leafValues, t *pqRows) error {
	for rows := 0; ; {
		if err := r.fill(); err != nil {
			// The last row ends with the chunk.
			if err == io.EOF && rows == n {
				return nil
			}
			if err == io.EOF {
				err = &fewRowsError{r.leaf}
			}
			return err
		}
		for len(r.ready) > 0 {
			v := r.ready[0]
			if v.RepetitionLevel() == 0 {
				if rows == n {
					return nil
				}
				rows++
				if r.leaf.rep > 0 {
					c.starts = append(c.starts, len(c.values))
				}
			} else if rows == 0 {
				return fmt.Errorf("column %q begins within a row", r.leaf)
			}
			switch v.Kind() {
			case parquet.Int96:
				v = v.Clone()
			case parquet.ByteArray, parquet.FixedLenByteArray:
				b := t.keep(v.ByteArray())
				w := parquet.ByteArrayValue(b)
				if v.Kind() == parquet.FixedLenByteArray {
					w = parquet.FixedLenByteArrayValue(b)
				}
				v = w.Level(v.RepetitionLevel(), v.DefinitionLevel(), r.leaf.leaf)
			}
			c.values = append(c.values, v)
			r.ready = r.ready[1:]
			if rows == n && r.leaf.rep == 0 {
				return nil
			}
		}
	}
}

func (r *leafReader) close() error {
	if r.page != nil {
		parquet.Release(r.page)
		r.page, r.values = nil, nil
	}
	return r.pages.Close()
}
