package format

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	pq "github.com/parquet-go/parquet-go/format"

	"sluice/stages"
)

// parquetCarrier carries rows as the values of all leaves, in the order of leaves:
//
//	| uvarint number of values, if the leaf is repeated |
//	| repetition level, if it is repeated | definition level, if it may be null | value, if it is there |
//
// Levels are one byte. Numbers are little endian, byte arrays have their length before
// them. A head is the footer of a Parquet file with one row group that stands for all
// of a piece: codecs, encodings, and how many values are null.
type parquetCarrier struct {
	sink    *parquetSink
	options Options
}

// maxLevel is how deep lists and groups may be nested in rows that move.
const maxLevel = math.MaxUint8

func (c *parquetCarrier) Head(_ *stages.Shard, piece *io.SectionReader) ([]byte, error) {
	p, err := readPiece(piece)
	if err != nil {
		return nil, err
	}
	if len(p.schema.children) == 0 {
		return nil, nil // of a block that could not be read
	}
	var leaves []*pqNode
	p.schema.walk(func(n *pqNode) { leaves = append(leaves, n) })
	all := pq.RowGroup{Columns: make([]pq.ColumnChunk, len(leaves))}
	for k, n := range leaves {
		if n.rep > maxLevel || n.def > maxLevel {
			return nil, fmt.Errorf("column %q is nested deeper than %d levels", n, maxLevel)
		}
		m := &all.Columns[k].MetaData
		m.Type = n.element.Type.V
		for i, g := range p.meta.RowGroups {
			from := &g.Columns[k].MetaData
			if i == 0 {
				m.Codec = from.Codec
			}
			if slices.ContainsFunc(from.Encoding, isDictionary) {
				m.Encoding = []pq.Encoding{pq.RLEDictionary}
			}
			m.NumValues += from.NumValues
			m.Statistics.NullCount += from.Statistics.NullCount
		}
	}
	p.meta.RowGroups = []pq.RowGroup{all}
	return thrift.Marshal(new(thrift.CompactProtocol), &p.meta)
}

// decodeHead decodes a head.
func decodeHead(head []byte) (*finishedPiece, error) {
	p := &finishedPiece{}
	if err := thrift.Unmarshal(new(thrift.CompactProtocol), head, &p.meta); err != nil {
		return nil, err
	}
	var err error
	if p.schema, err = newSchema(p.meta.Schema); err != nil {
		return nil, err
	}
	if len(p.meta.RowGroups) != 1 || len(p.meta.RowGroups[0].Columns) != p.schema.leaves {
		return nil, errors.New("a head of a Parquet file that is none: this is a bug")
	}
	return p, nil
}

// Unite lists the columns of all pieces, in the order in which they come up, each with the codec and
// encoding of the first piece that has it. A column that some pieces lack is null there.
// Key-value pairs that are not the same in all pieces are left out.
func (c *parquetCarrier) Unite(heads [][]byte) ([]byte, error) {
	var first *finishedPiece
	for i, head := range heads {
		if len(head) == 0 {
			continue
		}
		p, err := decodeHead(head)
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = p
		} else if err := first.unite(p); err != nil {
			return nil, &UniteError{i, err}
		}
	}
	if first == nil {
		return nil, nil
	}
	first.meta.Schema = first.schema.elements(nil)
	return thrift.Marshal(new(thrift.CompactProtocol), &first.meta)
}

func (c *parquetCarrier) Rows(_ *stages.Shard, head []byte, piece *io.SectionReader) (CarriedRows, error) {
	r := &carriedValues{options: c.options, rows: &pqRows{}}
	r.file.at, r.file.cached = piece, true
	if err := r.file.open(piece.Size(), c.options); err != nil {
		return nil, err
	}
	r.layout.schema = r.file.schema
	r.file.schema.walk(func(n *pqNode) { r.layout.leaves = append(r.layout.leaves, n) })
	r.rows.reset(&r.layout)
	h, err := decodeHead(head)
	if err != nil {
		return nil, err
	}
	h.schema.walk(func(n *pqNode) {
		to := target{node: n, from: -1}
		for k, own := range r.layout.leaves {
			if slices.Equal(own.path, n.path) {
				to.from, to.shift = k, n.def-own.def
			}
		}
		r.targets = append(r.targets, to)
	})
	return r, nil
}

// A target is a leaf of the output and the leaf of the piece that it comes from, -1 for none. Where
// its column may be null in the output alone, levels of values are shifted by one.
type target struct {
	node        *pqNode
	from, shift int
}

// carriedValues are the rows of a piece.
type carriedValues struct {
	options Options
	file    pqFile
	layout  layout
	group   int   // row groups that are open or behind us
	left    int64 // rows of the open one that are not read
	run     int   // rows that are read at a time
	leaves  []*leafReader
	rows    *pqRows
	targets []target
	at      int // of rows, the next
	buf     []byte
}

func (r *carriedValues) Next() (row []byte, err error) {
	err = guard(func() error {
		for r.at == r.rows.rows {
			if err := r.read(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.buf = r.buf[:0]
	for _, to := range r.targets {
		values := []parquet.Value{{}} // null, at level 0
		if to.from >= 0 {
			values = r.rows.leaves[to.from].row(r.at)
		}
		r.buf = to.append(r.buf, values)
	}
	r.at++
	return r.buf, nil
}

// read reads the next rows.
func (r *carriedValues) read() error {
	for r.left == 0 {
		if err := r.close(); err != nil {
			return err
		}
		groups := r.file.groups()
		if r.group == len(groups) {
			return io.EOF
		}
		g := &groups[r.group]
		r.left = g.NumRows
		r.run = int(min(max(1, int64(r.options.BatchBytes)/max(1, g.TotalByteSize/max(1, g.NumRows))), 1<<14))
		for _, n := range r.layout.leaves {
			leaf, err := r.file.leaf(r.group, n)
			if err != nil {
				return err
			}
			r.leaves = append(r.leaves, leaf)
		}
		r.group++
	}
	n := int(min(int64(r.run), r.left))
	r.rows.reset(&r.layout)
	for k, leaf := range r.leaves {
		if err := leaf.read(n, &r.rows.leaves[k], r.rows); err != nil {
			return err
		}
	}
	r.rows.rows, r.at = n, 0
	r.left -= int64(n)
	return nil
}

func (r *carriedValues) close() error {
	err := closeLeaves(r.leaves)
	r.leaves = r.leaves[:0]
	return err
}

// Close gives pages back; what was read is read.
func (r *carriedValues) Close() { _ = guard(r.close) }

// append appends the values of a row.
func (t *target) append(dst []byte, values []parquet.Value) []byte {
	n := t.node
	if n.rep > 0 {
		dst = binary.AppendUvarint(dst, uint64(len(values)))
	}
	for _, v := range values {
		if n.rep > 0 {
			dst = append(dst, byte(v.RepetitionLevel()))
		}
		if n.def > 0 {
			def := v.DefinitionLevel() + t.shift
			dst = append(dst, byte(def))
			if def < n.def {
				continue
			}
		}
		switch n.kind() {
		case parquet.Boolean:
			b := byte(0)
			if v.Boolean() {
				b = 1
			}
			dst = append(dst, b)
		case parquet.Int32:
			dst = binary.LittleEndian.AppendUint32(dst, uint32(v.Int32()))
		case parquet.Int64:
			dst = binary.LittleEndian.AppendUint64(dst, uint64(v.Int64()))
		case parquet.Int96:
			for _, w := range v.Int96() {
				dst = binary.LittleEndian.AppendUint32(dst, w)
			}
		case parquet.Float:
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v.Float()))
		case parquet.Double:
			dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.Double()))
		default:
			dst = binary.AppendUvarint(dst, uint64(len(v.ByteArray())))
			dst = append(dst, v.ByteArray()...)
		}
	}
	return dst
}

// A valueReader takes values from the front of a row.
type valueReader struct {
	p     []byte
	short bool
}

func (r *valueReader) take(n uint64) []byte {
	if n > uint64(len(r.p)) {
		r.short, r.p = true, nil
		return make([]byte, 12) // as much as any value of one size has
	}
	p := r.p[:n]
	r.p = r.p[n:]
	return p
}

func (r *valueReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.p)
	if n <= 0 {
		r.short, r.p = true, nil
		return 0
	}
	r.p = r.p[n:]
	return v
}

// value takes the value of leaf n; bytes are kept in t.
func (r *valueReader) value(n *pqNode, t *pqRows) parquet.Value {
	rep, def := 0, n.def
	if n.rep > 0 {
		rep = int(r.take(1)[0])
	}
	if n.def > 0 {
		if def = int(r.take(1)[0]); def < n.def {
			return parquet.NullValue().Level(rep, def, n.leaf)
		}
	}
	var v parquet.Value
	switch n.kind() {
	case parquet.Boolean:
		v = parquet.BooleanValue(r.take(1)[0] != 0)
	case parquet.Int32:
		v = parquet.Int32Value(int32(binary.LittleEndian.Uint32(r.take(4))))
	case parquet.Int64:
		v = parquet.Int64Value(int64(binary.LittleEndian.Uint64(r.take(8))))
	case parquet.Int96:
		p := r.take(12)
		v = parquet.Int96Value(deprecated.Int96{binary.LittleEndian.Uint32(p), binary.LittleEndian.Uint32(p[4:]), binary.LittleEndian.Uint32(p[8:])})
	case parquet.Float:
		v = parquet.FloatValue(math.Float32frombits(binary.LittleEndian.Uint32(r.take(4))))
	case parquet.Double:
		v = parquet.DoubleValue(math.Float64frombits(binary.LittleEndian.Uint64(r.take(8))))
	case parquet.FixedLenByteArray:
		v = parquet.FixedLenByteArrayValue(t.keep(r.take(r.uvarint())))
	default:
		v = parquet.ByteArrayValue(t.keep(r.take(r.uvarint())))
	}
	return v.Level(rep, def, n.leaf)
}

func (c *parquetCarrier) Shard(_ *stages.Shard, head []byte, w io.Writer) (CarriedShard, error) {
	st, err := newStitcher(w)
	if err != nil {
		return nil, err
	}
	s := &carriedParquet{piece: parquetPiece{sink: c.sink, out: st}, rows: &pqRows{}, batch: c.options.BatchBytes}
	if len(head) == 0 {
		return s, nil
	}
	h, err := decodeHead(head)
	if err != nil {
		return nil, err
	}
	p := &s.piece
	p.schema = h.schema
	h.schema.walk(func(n *pqNode) {
		m := &h.meta.RowGroups[0].Columns[n.leaf].MetaData
		n.codec, n.encoding = c.sink.codec(int32(m.Codec)), &parquet.Plain
		if len(m.Encoding) > 0 {
			n.encoding = &parquet.RLEDictionary
		}
		p.leaves = append(p.leaves, &outLeaf{node: n, from: n.leaf, name: n.String()})
		s.layout.leaves = append(s.layout.leaves, n)
	})
	for _, kv := range h.meta.KeyValueMetadata {
		p.meta = append(p.meta, keyValue{kv.Key, kv.Value})
	}
	s.rows.reset(&s.layout)
	return s, nil
}

// carriedParquet writes rows, many at a time.
type carriedParquet struct {
	piece  parquetPiece
	layout layout
	rows   *pqRows
	index  []int // 0 and so on, of the rows that wait
	batch  int
	bytes  int
}

var errRow = errors.New("a row that does not fit the columns of its shard came: this is a bug")

func (s *carriedParquet) Write(row []byte) error {
	r := valueReader{p: row}
	for k, n := range s.layout.leaves {
		c := &s.rows.leaves[k]
		values := uint64(1)
		if n.rep > 0 {
			values = r.uvarint()
			c.starts = append(c.starts, len(c.values))
		}
		for ; values > 0 && !r.short; values-- {
			c.values = append(c.values, r.value(n, s.rows))
		}
	}
	if r.short || len(r.p) > 0 {
		return errRow
	}
	s.index = append(s.index, len(s.index))
	if s.bytes += len(row); s.bytes < s.batch {
		return nil
	}
	return s.flush()
}

func (s *carriedParquet) flush() error {
	err := s.piece.write(new(stages.Batch), s.rows, s.index)
	s.rows.reset(&s.layout)
	s.index, s.bytes = s.index[:0], 0
	return err
}

func (s *carriedParquet) Close() error {
	if err := s.flush(); err != nil {
		return err
	}
	return s.piece.Close()
}
