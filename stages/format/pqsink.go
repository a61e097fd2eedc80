package format

import (
	"fmt"
	"io"
	"slices"
	"strings"

	kzstd "github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/compress/gzip"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/parquet-go/parquet-go/deprecated"
	pq "github.com/parquet-go/parquet-go/format"

	"sluice/stages"
)

// parquetSink writes Parquet. Its pieces are whole Parquet files, which Join
// stitches.
type parquetSink struct {
	compress string
	level    int
	read     stages.Read
	project  *projection
	kinds    map[string]stages.Kind
}

func newParquetSink(w stages.Write, r stages.Read, p *projection, o Options) *parquetSink {
	s := &parquetSink{compress: w.Compress, level: w.Level, read: r, project: p, kinds: map[string]stages.Kind{}}
	for name, kind := range o.Kinds {
		s.kinds[name] = kind
	}
	if r.AddSource != "" {
		s.kinds[r.AddSource] = stages.String
	}
	return s
}

func (s *parquetSink) Name(shard *stages.Shard) string { return shard.Name }
func (s *parquetSink) Plain() bool                     { return false }

func (s *parquetSink) Join(w io.Writer, pieces []*io.SectionReader) error {
	return joinParquet(w, pieces)
}

func (s *parquetSink) Piece(shard *stages.Shard, w io.Writer) (stages.Piece, error) {
	if shard.Format != "parquet" {
		return nil, fmt.Errorf("%s: cannot write %s as Parquet\nuse write.format = \"jsonl\" or \"auto\"", shard.Name, shard.Format)
	}
	st, err := newStitcher(w)
	if err != nil {
		return nil, err
	}
	return &parquetPiece{sink: s, out: st}, nil
}

// codec returns the compression of a column that had that of the input.
func (s *parquetSink) codec(input int32) compress.Codec {
	switch s.compress {
	case "none":
		return &parquet.Uncompressed
	case "gzip":
		return &gzip.Codec{Level: min(max(s.level, 1), 9)}
	case "zstd":
		return &zstd.Codec{Level: kzstd.EncoderLevelFromZstd(max(s.level, 1))}
	}
	switch pq.CompressionCodec(input) {
	case pq.Uncompressed, pq.Snappy, pq.Gzip, pq.Brotli:
		return parquet.LookupCompressionCodec(pq.CompressionCodec(input))
	}
	return &zstd.Codec{Level: kzstd.EncoderLevelFromZstd(max(s.level, 1))}
}

// A row group ends behind the row that makes it groupBytes or groupRows, a
// page behind the row that makes it pageBytes: counted in values, so that
// files do not depend on how rows came in batches.
const (
	groupBytes = 16 << 20
	groupRows  = 1 << 17
	pageBytes  = 128 << 10
	valueBytes = 16 // what a value costs beside its bytes
	dictBytes  = 256 << 10
)

// An output column of a piece.
type outLeaf struct {
	node *pqNode
	from int            // leaf of the input; -1: an added column
	name string         // of the column in the job, for changes; of an added column
	kind stages.Kind    // of an added column, Null while unknown
	col  *stages.Column // in the batch at hand: changed or added values; may be nil

	pending int // bytes in the current page
	nulls   int64
}

// parquetPiece writes the rows of one block.
type parquetPiece struct {
	sink   *parquetSink
	out    *stitcher
	schema *pqNode
	meta   []keyValue
	leaves []*outLeaf

	group  *groupWriter // nil between row groups
	values []parquet.Value
}

func (p *parquetPiece) Write(b *stages.Batch) error {
	t, ok := b.Origin.(*pqRows)
	if !ok {
		return fmt.Errorf("format: cannot write a batch of %T as Parquet", b.Origin)
	}
	if p.schema == nil {
		p.plan(b, t)
	}
	if err := p.bind(b); err != nil {
		return err
	}
	var rows []int
	for i, kept := range b.Keep {
		if kept {
			rows = append(rows, i)
		}
	}
	return p.write(b, t, rows)
}

// write writes rows of b, which were read as t.
func (p *parquetPiece) write(b *stages.Batch, t *pqRows, rows []int) error {
	for len(rows) > 0 {
		if err := p.learn(rows[0]); err != nil {
			return err
		}
		if p.group == nil {
			p.group = newGroupWriter(p.out, p.schema, p.leaves)
		}
		n := p.fits(b, t, rows)
		for k, l := range p.leaves {
			if err := p.writeLeaf(k, l, b, t, rows[:n]); err != nil {
				return err
			}
		}
		rows = rows[n:]
		if p.group.bytes >= groupBytes || p.group.rows >= groupRows {
			if err := p.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// plan decides on the columns of the output.
func (p *parquetPiece) plan(b *stages.Batch, t *pqRows) {
	project := p.sink.project
	added := map[string]bool{}
	for _, c := range b.Columns {
		if c.Added {
			added[c.Name] = true
		}
	}
	root := t.layout.schema.clone()
	var tops []*pqNode
	changed := false
	for _, top := range root.children {
		name, ok := project.column(top.element.Name)
		if !ok || added[name] {
			changed = true
			continue
		}
		changed = changed || name != top.element.Name
		in := top.element.Name
		top.element.Name = name
		top.walk(func(n *pqNode) {
			rest := strings.TrimPrefix(n.String(), in)
			p.leaves = append(p.leaves, &outLeaf{node: n, from: n.leaf, name: name + rest})
			n.codec = p.sink.codec(t.layout.codecs[n.leaf])
			n.encoding = &parquet.Plain
			// Where all texts differ, a dictionary is a second copy of them.
			if main := t.layout.columns[0]; t.layout.dicts[n.leaf] && n.leaf != main.leaf && n.kind() != parquet.Boolean {
				n.encoding = &parquet.RLEDictionary
			}
		})
		tops = append(tops, top)
	}
	for _, c := range b.Columns {
		if c.Added && project.writes(c.Name) {
			changed = true
			n := &pqNode{element: pq.SchemaElement{Name: c.Name}, codec: p.sink.codec(codecOfText(t)), encoding: &parquet.Plain}
			n.element.RepetitionType.Set(pq.Optional)
			l := &outLeaf{node: n, from: -1, name: c.Name, kind: p.sink.kinds[c.Name]}
			l.setKind(l.kind)
			p.leaves = append(p.leaves, l)
			tops = append(tops, n)
		}
	}
	root.children = tops
	root.path = nil
	root.number(nil, 0, 0, 0)
	p.schema = root
	for _, kv := range t.layout.meta {
		// These describe all columns, so they are wrong once columns differ.
		if !changed || !slices.Contains([]string{"ARROW:schema", "pandas", "huggingface", "org.apache.spark.sql.parquet.row.metadata"}, kv.key) {
			p.meta = append(p.meta, kv)
		}
	}
}

func codecOfText(t *pqRows) int32 { return t.layout.codecs[t.layout.columns[0].leaf] }

// setKind gives an added column the Parquet type of what it holds. Scores are
// what is added most, so a column of nulls is one of floats.
func (l *outLeaf) setKind(k stages.Kind) {
	l.kind = k
	e := &l.node.element
	switch k {
	case stages.Bool:
		e.Type.Set(pq.Boolean)
	case stages.Int:
		e.Type.Set(pq.Int64)
	case stages.String:
		e.Type.Set(pq.ByteArray)
		e.ConvertedType.Set(deprecated.UTF8)
		e.LogicalType = pq.LogicalType{Value: &pq.StringType{}}
	default:
		e.Type.Set(pq.Double)
	}
}

// bind finds the columns of a batch that were added or changed.
func (p *parquetPiece) bind(b *stages.Batch) error {
	for _, l := range p.leaves {
		l.col = nil
		if l.from >= 0 {
			if c := columnOf(b, &p.sink.read, l.name); c != nil && c.Changed != nil {
				l.col = c
			}
			continue
		}
		if l.col = b.Column(l.name); l.col == nil {
			return fmt.Errorf("column %q is in some batches only", l.name)
		}
	}
	return nil
}

// teaches says whether row i has the first value of an added column.
func (l *outLeaf) teaches(i int) bool {
	return l.from < 0 && l.kind == stages.Null && l.col.Values[i].Kind != stages.Null
}

// learn settles the types of added columns by row i. The row groups so far
// hold nulls only, which look alike in all types.
func (p *parquetPiece) learn(i int) error {
	for _, l := range p.leaves {
		if l.teaches(i) {
			if err := p.flush(); err != nil {
				return err
			}
			l.setKind(l.col.Values[i].Kind)
		}
	}
	return nil
}

// fits returns how many of rows go into the row group, and counts them.
func (p *parquetPiece) fits(b *stages.Batch, t *pqRows, rows []int) int {
	g := p.group
	for n, i := range rows {
		if slices.ContainsFunc(p.leaves, func(l *outLeaf) bool { return l.teaches(i) }) {
			return n
		}
		g.rows++
		for _, l := range p.leaves {
			switch {
			case l.col != nil && (l.from < 0 || l.col.Changed[i]):
				g.bytes += valueBytes + changedBytes(l.col, i)
			default:
				for _, v := range t.leaves[l.from].row(b.Read(i)) {
					g.bytes += valueSize(v)
				}
			}
		}
		if g.bytes >= groupBytes || g.rows >= groupRows {
			return n + 1
		}
	}
	return len(rows)
}

func changedBytes(c *stages.Column, i int) int64 {
	if c.Type == stages.Text {
		return int64(len(c.Text[i]))
	}
	return int64(len(c.Values[i].Str))
}

func valueSize(v parquet.Value) int64 {
	switch v.Kind() {
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return valueBytes + int64(len(v.ByteArray()))
	}
	return valueBytes
}

// writeLeaf writes one column of rows, page by page.
func (p *parquetPiece) writeLeaf(k int, l *outLeaf, b *stages.Batch, t *pqRows, rows []int) error {
	w := p.group.writer.ColumnWriters()[k]
	p.values = p.values[:0]
	for _, i := range rows {
		from := len(p.values)
		if l.col != nil && (l.from < 0 || l.col.Changed[i]) {
			v, err := l.value(t, i, b.Read(i))
			if err != nil {
				return err
			}
			p.values = append(p.values, v)
		} else {
			p.values = append(p.values, t.leaves[l.from].row(b.Read(i))...)
		}
		for _, v := range p.values[from:] {
			l.pending += int(valueSize(v))
			if v.IsNull() {
				l.nulls++
			}
		}
		if l.pending >= pageBytes {
			if _, err := w.WriteRowValues(p.values); err != nil {
				return err
			}
			if err := w.Flush(); err != nil {
				return err
			}
			l.pending, p.values = 0, p.values[:0]
		}
	}
	if len(p.values) == 0 {
		return nil
	}
	_, err := w.WriteRowValues(p.values)
	return err
}

// value returns what a stage wrote in row i, which was read as row read.
func (l *outLeaf) value(t *pqRows, i, read int) (parquet.Value, error) {
	n := l.node
	v, null, err := l.scalar(i)
	if err != nil {
		return v, err
	}
	level := n.def
	if l.from >= 0 {
		old := t.leaves[l.from].row(read)[0]
		if old.DefinitionLevel() < n.def-1 && !null {
			return v, fmt.Errorf("column %q: a value for a row in which what holds it is null", l.name)
		}
		if null {
			level = min(old.DefinitionLevel(), n.def-1)
		}
	} else if null {
		level = n.def - 1
	}
	if null && !n.Optional() {
		return v, fmt.Errorf("column %q: a null for a column that has none", l.name)
	}
	return v.Level(0, level, n.leaf), nil
}

// scalar makes a Parquet value of the type of the column.
func (l *outLeaf) scalar(i int) (v parquet.Value, null bool, err error) {
	if l.col.Type == stages.Text {
		if l.col.Text[i] == nil {
			return parquet.NullValue(), true, nil
		}
		if !l.node.isText() {
			return v, false, fmt.Errorf("column %q is changed to text and is %s", l.name, l.node.describe())
		}
		return parquet.ByteArrayValue(l.col.Text[i]), false, nil
	}
	s := l.col.Values[i]
	kind := l.node.kind()
	switch {
	case s.Kind == stages.Null:
		return parquet.NullValue(), true, nil
	case s.Kind == stages.Bool && kind == parquet.Boolean:
		return parquet.BooleanValue(s.Int != 0), false, nil
	case s.Kind == stages.Int && kind == parquet.Int64:
		return parquet.Int64Value(s.Int), false, nil
	case s.Kind == stages.Int && kind == parquet.Int32 && s.Int == int64(int32(s.Int)):
		return parquet.Int32Value(int32(s.Int)), false, nil
	case s.Kind == stages.Int && kind == parquet.Double:
		return parquet.DoubleValue(float64(s.Int)), false, nil
	case s.Kind == stages.Float && kind == parquet.Double:
		return parquet.DoubleValue(s.Float), false, nil
	case s.Kind == stages.Float && kind == parquet.Float:
		return parquet.FloatValue(float32(s.Float)), false, nil
	case s.Kind == stages.String && kind == parquet.ByteArray:
		return parquet.ByteArrayValue(s.Str), false, nil
	}
	return v, false, fmt.Errorf("column %q: a value that does not fit its type, %s\nconvert it, as in int(x) or string(x), or write it into another column", l.name, l.node.describe())
}

// flush ends the row group.
func (p *parquetPiece) flush() error {
	if p.group == nil {
		return nil
	}
	shift := p.out.at - int64(len(parquetMagic))
	g, err := p.group.finish(p.leaves)
	if err != nil {
		return err
	}
	p.group = nil
	return p.out.add([]pq.RowGroup{g}, shift)
}

func (p *parquetPiece) Close() error {
	if err := p.flush(); err != nil {
		return err
	}
	if p.schema == nil {
		p.schema = emptySchema()
	}
	for i := range p.out.groups {
		for k, l := range p.leaves {
			p.out.groups[i].Columns[k].MetaData.Type = l.node.element.Type.V
		}
	}
	return p.out.finish(p.schema, p.meta)
}

// A groupWriter encodes one row group as a Parquet file, of which it passes on
// the row group alone.
type groupWriter struct {
	body   groupBody
	writer *parquet.Writer
	rows   int
	bytes  int64
}

// A groupBody passes on what is written between the magic of a file and its
// footer, so that no encoded row group is held in memory.
type groupBody struct {
	w    io.Writer
	skip int  // bytes of the magic that are to come
	over bool // what comes is the footer
}

func (b *groupBody) Write(p []byte) (int, error) {
	n, k := len(p), min(b.skip, len(p))
	b.skip -= k
	if b.over || k == n {
		return n, nil
	}
	_, err := b.w.Write(p[k:])
	return n, err
}

func newGroupWriter(w io.Writer, schema *pqNode, leaves []*outLeaf) *groupWriter {
	g := &groupWriter{body: groupBody{w: w, skip: len(parquetMagic)}}
	for _, l := range leaves {
		l.pending, l.nulls = 0, 0
	}
	g.writer = parquet.NewWriter(&g.body, parquet.NewSchema(schema.element.Name, schema),
		parquet.WriteBufferSize(0), parquet.PageBufferSize(8*pageBytes), parquet.DataPageVersion(1),
		parquet.DataPageStatistics(false), parquet.DictionaryMaxBytes(dictBytes))
	return g
}

// finish returns what a footer says about the row group.
func (g *groupWriter) finish(leaves []*outLeaf) (pq.RowGroup, error) {
	if err := g.writer.Flush(); err != nil {
		return pq.RowGroup{}, err
	}
	g.body.over = true
	if err := g.writer.Close(); err != nil {
		return pq.RowGroup{}, err
	}
	groups := g.writer.File().Metadata().RowGroups
	if len(groups) != 1 {
		return pq.RowGroup{}, fmt.Errorf("format: %d row groups where one was written", len(groups))
	}
	for i, l := range leaves {
		groups[0].Columns[i].MetaData.Statistics.NullCount = l.nulls
	}
	return groups[0], nil
}
