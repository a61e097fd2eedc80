package format

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"sluice/stages"
)

// filesSource reads documents: each file of a shard is a row with the columns
// text and id, its path below the folder.
type filesSource struct {
	read    stages.Read
	fields  []field
	options Options
	pool    sync.Pool // of *docs
}

// Blocks cuts a shard into runs of files; Offset and Length count files.
func (s *filesSource) Blocks(_ context.Context, shard *stages.Shard, size int64) ([]stages.Block, error) {
	files := shard.Files
	if s.read.Limit > 0 {
		files, size = files[:min(int64(len(files)), s.read.Limit)], 1<<62
	}
	blocks := []stages.Block{{Shard: shard.Index}}
	for i, f := range files {
		last := &blocks[len(blocks)-1]
		if last.Length > 0 && last.Bytes+f.Size > size {
			blocks = append(blocks, stages.Block{Shard: shard.Index, Offset: int64(i)})
			last = &blocks[len(blocks)-1]
		}
		last.Length++
		last.Bytes += f.Size
	}
	return blocks, nil
}

func (s *filesSource) Open(ctx context.Context, shard *stages.Shard, b *stages.Block) (stages.Reader, error) {
	for _, f := range s.fields {
		if f.main && f.path != "text" {
			return nil, &MissingColumn{Path: shard.Path, Source: shard.Source, Column: ownName(s.read, f.name), Has: []string{"id", "text"}}
		}
	}
	return &filesReader{ctx: ctx, source: s, shard: shard, block: b, sample: newSampler(s.read.Sample, s.options.Seed, shard.Name)}, nil
}

// filesReader reads one block. The files are read where the batch is made, so
// that many are read at the same time.
type filesReader struct {
	ctx    context.Context
	source *filesSource
	shard  *stages.Shard
	block  *stages.Block
	sample sampler
	next   int64 // file of the block
	read   atomic.Int64
	spent  atomic.Bool // of all inputs
}

func (r *filesReader) Next(ctx context.Context) (int, func() (*stages.Batch, error), error) {
	if r.next == r.block.Length {
		return 0, nil, io.EOF
	}
	if err := ctx.Err(); err != nil {
		return 0, nil, err
	}
	first, size := r.next, int64(0)
	for r.next < r.block.Length && (r.next == first || size < int64(r.source.options.BatchBytes)) {
		f := &r.shard.Files[r.block.Offset+r.next]
		if f.Size > r.source.options.MaxRow {
			return 0, nil, &RowTooLong{filepath.Join(r.shard.Path, f.Name), r.next, 0, r.source.options.MaxRow}
		}
		size += f.Size
		r.next++
	}
	n := int(r.next - first)
	return n, func() (*stages.Batch, error) { return r.batch(first, n, size) }, nil
}

func (r *filesReader) BytesRead() int64 { return r.read.Load() }
func (r *filesReader) Close() error     { return nil }

// docs is what a batch of documents comes from.
type docs struct {
	source *filesSource
	first  int64 // file of the shard
	buf    []byte
	texts  [][]byte
	ids    [][]byte
	parts  reasoning
}

// missing names what documents do not have.
func (d *docs) missing() (names []string, n int) {
	for _, f := range d.source.fields {
		if f.must && f.path != "text" && f.path != "id" {
			names = append(names, f.name)
		}
	}
	return names, len(d.ids)
}

func (d *docs) release() { d.source.pool.Put(d) }

// batch reads n files, size bytes in all.
func (r *filesReader) batch(first int64, n int, size int64) (*stages.Batch, error) {
	d, _ := r.source.pool.Get().(*docs)
	if d == nil {
		d = &docs{source: r.source}
	}
	b := stages.NewBatch(r.shard, r.block, first, n)
	b.Origin, d.first = d, r.block.Offset+first
	d.buf, d.texts, d.ids = grow(d.buf, int(size)+n), resize(d.texts, n), resize(d.ids, n)
	buf := d.buf
	var bad *stages.Damaged
	for i := range n {
		at := r.block.Offset + first + int64(i)
		f := &r.shard.Files[at]
		d.ids[i] = []byte(f.Name)
		if !r.sample.keeps(at) {
			b.Drop(i)
			continue
		}
		path := filepath.Join(r.shard.Path, filepath.FromSlash(f.Name))
		k, err := r.readFile(path, buf[:f.Size+1])
		r.read.Add(int64(k))
		switch {
		case errors.As(err, &bad):
			b.Damage(i, -1, "%v", bad.Err)
		case err != nil:
			return nil, err
		case int64(k) != f.Size:
			return nil, &changedError{path, int64(k), f.Size}
		case !validUTF8(buf[:k]):
			b.Damage(i, -1, "%s: a document that is not UTF-8", f.Name)
		default:
			d.texts[i] = bytes.TrimPrefix(buf[:k:k], byteOrderMark)
			buf = buf[k:]
		}
	}
	r.columns(b, d)
	return b, nil
}

// columns makes the columns that were asked for.
func (r *filesReader) columns(b *stages.Batch, d *docs) {
	b.RowID = d.ids
	texts := slices.Clone(d.texts) // stages may change the column
	for _, f := range r.source.fields {
		if !f.text && !f.scalar {
			continue
		}
		from := make([][]byte, b.Len()) // a column that documents do not have
		switch f.path {
		case "text":
			from = texts
		case "id":
			from = d.ids
		}
		c := stages.Column{Name: f.name, Type: stages.Scalars, Absent: f.path != "text" && f.path != "id"}
		if f.text {
			c.Type, c.Text = stages.Text, from
		}
		if f.scalar {
			c.Values = make([]stages.Scalar, len(from))
			for i, s := range from {
				if s != nil {
					c.Values[i] = stages.Scalar{Kind: stages.String, Str: s}
				}
			}
		}
		b.Columns = append(b.Columns, c)
	}
	if r.source.read.AddSource != "" {
		addSource(b, r.source.read.AddSource)
	}
}

// readFile reads a file into p and returns its size, or len(p) where it is
// longer than that.
func (r *filesReader) readFile(path string, p []byte) (n int, err error) {
	f, err := openInput(r.ctx, path, &r.source.options, &r.spent)
	if err == nil {
		defer f.Close()
		n, err = f.ReadAt(p, 0)
	}
	if err == io.EOF || err == nil {
		return n, nil
	}
	return n, asDamage(path, -1, err)
}

// appendRow appends document i as a line of JSON.
func (d *docs) appendRow(dst []byte, b *stages.Batch, i int, p *projection) []byte {
	o, read := object{dst: append(dst, '{')}, b.Read(i)
	for _, in := range []string{"id", "text"} {
		out, ok := p.column(in)
		c := columnOf(b, &d.source.read, out)
		if !ok || c != nil && c.Added {
			continue
		}
		o.key(out)
		switch {
		case c != nil && (c.Type == stages.Text || c.Changed != nil && c.Changed[i]):
			o.dst = appendValue(o.dst, c, i)
		case in == "id":
			o.dst = appendString(o.dst, d.ids[read])
		default:
			o.dst = appendString(o.dst, d.texts[read])
		}
	}
	o.added(b, i, p)
	return append(o.dst, "}\n"...)
}

// object appends the members of a JSON object.
type object struct {
	dst []byte
	any bool
}

func (o *object) key(name string) {
	if o.any {
		o.dst = append(o.dst, ',')
	}
	o.any = true
	o.dst = append(appendString(o.dst, []byte(name)), ':')
}

// added appends the columns that stages added.
func (o *object) added(b *stages.Batch, i int, p *projection) {
	for k := range b.Columns {
		if c := &b.Columns[k]; c.Added && p.writes(c.Name) {
			o.key(c.Name)
			o.dst = appendValue(o.dst, c, i)
		}
	}
}

// rowWriter is an origin whose rows were not JSON.
type rowWriter interface {
	appendRow(dst []byte, b *stages.Batch, i int, p *projection) []byte
}

func (p *jsonlPiece) writeOther(b *stages.Batch, o rowWriter) error {
	for i, kept := range b.Keep {
		if !kept {
			continue
		}
		p.buf = o.appendRow(p.buf[:0], b, i, p.sink.project)
		if _, err := p.w.Write(p.buf); err != nil {
			return err
		}
	}
	return nil
}
