package format

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	pq "github.com/parquet-go/parquet-go/format"

	"sluice/stages"
)

// parquetSource reads Parquet files of any schema.
type parquetSource struct {
	read    stages.Read
	fields  []field
	project *projection
	options Options
	pool    sync.Pool   // of *pqRows
	spent   atomic.Bool // of all files that are cut: one rank does that, one after the other
}

// Blocks cuts a file into runs of row groups; Offset and Length count row
// groups. A file whose footer cannot be read is one block, of no length: Open finds it damaged, or all that is in it.
func (s *parquetSource) Blocks(ctx context.Context, shard *stages.Shard, size int64) ([]stages.Block, error) {
	blocks := []stages.Block{{Shard: shard.Index}}
	f, err := openPatient(ctx, shard, &s.options, &s.spent)
	if err != nil {
		var damaged *stages.Damaged
		if errors.As(err, &damaged) {
			blocks[0].Bytes = shard.Size
			return blocks, nil
		}
		return nil, err
	}
	defer f.Close()
	rows := int64(0)
	for i, g := range f.groups() {
		if s.read.Limit > 0 && rows >= s.read.Limit {
			break
		}
		rows += g.NumRows
		bytes := g.TotalCompressedSize
		if bytes <= 0 { // older writers leave it out
			bytes = g.TotalByteSize
		}
		last := &blocks[len(blocks)-1]
		if last.Length > 0 && last.Bytes+bytes > size && s.read.Limit == 0 {
			blocks = append(blocks, stages.Block{Shard: shard.Index, Offset: int64(i)})
			last = &blocks[len(blocks)-1]
		}
		last.Length++
		last.Bytes += bytes
	}
	return blocks, nil
}

// Open returns a *[MissingColumn] error where the text column or a column that
// a stage reads is not in the schema.
func (s *parquetSource) Open(ctx context.Context, shard *stages.Shard, b *stages.Block) (stages.Reader, error) {
	f, err := openParquet(ctx, shard, &s.options)
	if err != nil {
		return nil, err
	}
	r := &parquetReader{source: s, shard: shard, block: b, f: f, group: int(b.Offset), end: int(b.Offset + b.Length), limit: s.read.Limit,
		sample: newSampler(s.read.Sample, s.options.Seed, shard.Name)}
	if b.Length == 0 {
		r.end = len(f.groups())
	}
	if err := r.choose(); err != nil {
		f.Close()
		return nil, err
	}
	for _, g := range f.groups()[:min(int(b.Offset), len(f.groups()))] {
		r.base += g.NumRows
	}
	return r, nil
}

// parquetReader reads one block.
type parquetReader struct {
	source *parquetSource
	shard  *stages.Shard
	block  *stages.Block
	f      *pqFile
	layout *layout
	sample sampler
	base   int64 // rows of the shard in front of the block
	limit  int64 // rows to read; 0: all

	group  int   // the next row group
	end    int   // behind the last one of the block
	left   int64 // rows of the one before it that are not read
	lost   error // why they cannot be
	run    int   // rows of a batch
	leaves []*leafReader
	row    int64 // within the block
	begun  bool
	err    error // of an earlier Next
}

// A layout is what all batches of a block have in common.
type layout struct {
	schema  *pqNode
	leaves  []*pqNode // all leaves of the file
	read    []bool    // by leaf
	columns []*pqNode // by field; nil: the file does not have it
	meta    []keyValue
	codecs  []int32 // by leaf: compression of the first row group
	dicts   []bool  // by leaf: the first row group has a dictionary
}

type keyValue struct{ key, value string }

// choose finds the columns that were asked for and what else to read.
func (r *parquetReader) choose() error {
	l := &layout{schema: r.f.schema}
	l.schema.walk(func(n *pqNode) { l.leaves = append(l.leaves, n) })
	l.read = make([]bool, len(l.leaves))
	for _, top := range l.schema.children {
		if _, ok := r.source.project.column(top.element.Name); ok {
			for i := range top.leaves {
				l.read[top.leaf+i] = true
			}
		}
	}
	for i := range r.source.fields {
		f := &r.source.fields[i]
		var n *pqNode
		if f.path != "" {
			n = l.schema.find(f.path)
		}
		if f.wanted() && (n == nil && f.must || f.main && !n.isText()) {
			e := &MissingColumn{Path: r.shard.Path, Source: r.shard.Source, Column: cmp.Or(f.path, f.name), Has: l.schema.describeChildren()}
			if n != nil {
				e.Hint = fmt.Sprintf("its column %q holds no strings, and the text must be one", f.path)
			}
			return e
		}
		if n != nil && n.Leaf() && f.wanted() {
			l.read[n.leaf] = true
		}
		l.columns = append(l.columns, n)
	}
	if err := r.checkCodecs(l); err != nil {
		return err
	}
	for _, kv := range r.f.file.Metadata().KeyValueMetadata {
		l.meta = append(l.meta, keyValue{kv.Key, kv.Value})
	}
	l.codecs, l.dicts = make([]int32, len(l.leaves)), make([]bool, len(l.leaves))
	if groups := r.f.groups(); len(groups) > 0 {
		for i := range l.leaves {
			m := &groups[0].Columns[i].MetaData
			l.codecs[i] = int32(m.Codec)
			l.dicts[i] = m.DictionaryPageOffset != 0 || slices.ContainsFunc(m.Encoding, isDictionary)
		}
	}
	r.layout = l
	return nil
}

// checkCodecs refuses compressions that the library cannot read. LZ4_RAW is
// one: parquet-go v0.32.0 may hand out zeros, because its decoder answers in
// memory of its own and Column.decompress looks elsewhere, as it does with all pages that shrink to more
// than a third. For a page that is damaged it doubles its memory until there is no more.
func (r *parquetReader) checkCodecs(l *layout) error {
	for _, g := range r.f.groups() {
		for i, n := range l.leaves {
			if !l.read[i] {
				continue
			}
			switch codec := g.Columns[i].MetaData.Codec; codec {
			case pq.Uncompressed, pq.Snappy, pq.Gzip, pq.Brotli, pq.Zstd:
			default:
				return fmt.Errorf("%s: column %q is compressed with %v, which cannot be read\nwrite the file again with snappy, gzip, brotli or zstd",
					r.shard.Path, n, codec)
			}
		}
	}
	return nil
}

func (r *parquetReader) Next(ctx context.Context) (int, func() (*stages.Batch, error), error) {
	if r.err != nil {
		return 0, nil, r.err
	}
	if err := ctx.Err(); err != nil {
		return 0, nil, err
	}
	t, err := r.next()
	if err != nil {
		r.err = err
		return 0, nil, err
	}
	first := r.row
	r.row += int64(t.rows)
	return t.rows, func() (*stages.Batch, error) {
		return r.source.batch(t, r.shard, r.block, first, r.base, r.sample), nil
	}, nil
}

// next reads the rows of the next batch. A block without rows is one batch
// without rows: a sink learns the schema from it. Where a row cannot be read, neither is
// what is behind it in its row group: these rows are lost, in batches of their own.
func (r *parquetReader) next() (*pqRows, error) {
	t, _ := r.source.pool.Get().(*pqRows)
	if t == nil {
		t = &pqRows{source: r.source}
	}
	t.reset(r.layout)
	for r.left == 0 {
		if r.group >= r.end || r.limit > 0 && r.row >= r.limit {
			if !r.begun {
				r.begun = true
				return t, nil
			}
			return nil, io.EOF
		}
		if err := guard(r.openGroup); err != nil {
			r.lost = err
		}
	}
	n := int(min(int64(r.run), r.left))
	if r.limit > 0 {
		n = int(min(int64(n), r.limit-r.row))
	}
	if r.lost == nil {
		r.read(t, n)
	}
	if t.rows == 0 {
		err := r.f.damaged(r.lost)
		bad, ok := errors.AsType[*stages.Damaged](err)
		if !ok || !r.f.counted || r.group > len(r.f.groups()) {
			return nil, err
		}
		t.lose(n, fmt.Errorf("row group %d: %w", r.group-1, bad.Err))
	}
	r.begun = true
	if r.left -= int64(t.rows); r.left == 0 || r.limit > 0 && r.row+int64(t.rows) >= r.limit {
		r.left = 0
		_ = guard(r.closeGroup) // its rows have been read, or are lost already
	}
	return t, nil
}

// read reads n rows, or as many of them as can be read of every leaf: a number that depends
// on the row group alone.
func (r *parquetReader) read(t *pqRows, n int) {
	for _, leaf := range r.leaves {
		c := &t.leaves[leaf.leaf.leaf]
		err := guard(func() error { return leaf.read(n, c, t) })
		if err == nil {
			continue
		}
		if k := c.whole(err); k < n || r.lost == nil {
			n, r.lost = k, err
		}
	}
	t.rows = n
	if r.lost != nil {
		for i := range t.leaves {
			t.leaves[i].cut(n)
		}
	}
}

// openGroup begins the next row group.
func (r *parquetReader) openGroup() error {
	r.left, r.run, r.lost, r.f.f.failed = 1, 1, nil, nil // until the footer has said how many
	r.group++
	if r.group > len(r.f.groups()) {
		return fmt.Errorf("the file has %d row groups and had more when the job first started", len(r.f.groups()))
	}
	g := &r.f.groups()[r.group-1]
	if g.NumRows < 0 {
		return fmt.Errorf("a row group of %d rows", g.NumRows)
	}
	r.left = g.NumRows
	row := max(1, g.TotalByteSize/max(1, g.NumRows))
	r.run = int(min(max(1, int64(r.source.options.BatchBytes)/row), 1<<14))
	r.leaves = r.leaves[:0]
	for i, n := range r.layout.leaves {
		if !r.layout.read[i] {
			continue
		}
		leaf, err := r.f.leaf(r.group-1, n)
		if err != nil {
			return err
		}
		r.leaves = append(r.leaves, leaf)
	}
	return nil
}

// closeLeaves closes all, and returns the first error.
func closeLeaves(leaves []*leafReader) (first error) {
	for _, l := range leaves {
		if err := l.close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

func (r *parquetReader) closeGroup() error {
	leaves := r.leaves
	r.leaves = r.leaves[:0]
	return closeLeaves(leaves)
}

func (r *parquetReader) BytesRead() int64 { return r.f.bytes }

func (r *parquetReader) Close() error {
	return errors.Join(guard(r.closeGroup), r.f.Close())
}
