package format

import (
	"encoding/hex"
	"errors"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	pq "github.com/parquet-go/parquet-go/format"

	"sluice/stages"
)

// pqRows is what a batch of Parquet rows comes from: the values of every leaf
// that was read, with their levels.
type pqRows struct {
	source *parquetSource
	layout *layout
	first  int64 // row of the shard
	rows   int
	leaves []leafValues
	arena  []byte
	lost   error // why the rows cannot be read

	columns []stages.Column
	ids     [][]byte
	parts   reasoning
}

// leafValues are the values of one leaf. Where the leaf is repeated, row i
// begins at starts[i]; else each row has one value.
type leafValues struct {
	values []parquet.Value
	starts []int
}

// row returns the values of row i.
func (c *leafValues) row(i int) []parquet.Value {
	if c.starts == nil {
		return c.values[i : i+1]
	}
	if i+1 < len(c.starts) {
		return c.values[c.starts[i]:c.starts[i+1]]
	}
	return c.values[c.starts[i]:]
}

func (t *pqRows) reset(l *layout) {
	t.layout, t.rows, t.arena, t.lost = l, 0, t.arena[:0], nil
	if len(t.leaves) != len(l.leaves) {
		t.leaves = make([]leafValues, len(l.leaves))
	}
	for i := range t.leaves {
		c := &t.leaves[i]
		c.values, c.starts = c.values[:0], c.starts[:0]
		if l.leaves[i].rep == 0 {
			c.starts = nil
		}
	}
}

// lose makes n rows of nulls in place of rows that cannot be read.
func (t *pqRows) lose(n int, why error) {
	t.rows, t.lost = n, why
	for i := range t.leaves {
		c := &t.leaves[i]
		c.values = resize(c.values, n)
		if c.starts != nil {
			c.starts = resize(c.starts, n)
			for k := range c.starts {
				c.starts[k] = k
			}
		}
	}
}

// whole returns how many rows the values make up that were read before err. A repeated leaf may go on in
// the row that began last, unless there is no more of it.
func (c *leafValues) whole(err error) int {
	if c.starts == nil {
		return len(c.values)
	}
	if _, ended := errors.AsType[*fewRowsError](err); ended {
		return len(c.starts)
	}
	return max(len(c.starts)-1, 0)
}

// cut leaves the first n rows.
func (c *leafValues) cut(n int) {
	switch {
	case c.starts == nil:
		c.values = c.values[:min(n, len(c.values))]
	case n < len(c.starts):
		c.values, c.starts = c.values[:c.starts[n]], c.starts[:n]
	}
}

// keep copies p into memory that lives as long as the batch.
func (t *pqRows) keep(p []byte) []byte {
	if len(t.arena)+len(p) > cap(t.arena) {
		// What was kept before stays where it is.
		t.arena = make([]byte, 0, max(2*cap(t.arena), len(p), 64<<10))
	}
	n := len(t.arena)
	t.arena = append(t.arena, p...)
	return t.arena[n:len(t.arena):len(t.arena)]
}

func (t *pqRows) release() { t.source.pool.Put(t) }

// missing is never anything: a file without a column is not opened.
func (t *pqRows) missing() ([]string, int) { return nil, t.rows }

// batch makes a batch of what was read.
func (s *parquetSource) batch(t *pqRows, shard *stages.Shard, block *stages.Block, first, base int64, sample sampler) *stages.Batch {
	b := stages.NewBatch(shard, block, first, t.rows)
	b.Origin, t.first = t, base+first
	for i := range t.rows {
		if !sample.keeps(base + first + int64(i)) {
			b.Drop(i)
		}
	}
	if t.lost != nil {
		b.Lose(t.lost.Error())
	}
	k := 0
	for j := range s.fields {
		f, n := &s.fields[j], t.layout.columns[j]
		if f.id {
			t.ids = resize(t.ids, t.rows)
			b.RowID = t.ids
			if n != nil {
				t.fillIDs(n)
			}
		}
		if !f.text && !f.scalar {
			continue
		}
		if k == len(t.columns) {
			t.columns = append(t.columns, stages.Column{})
		}
		c := &t.columns[k]
		*c = stages.Column{Name: f.name, Type: stages.Scalars, Text: c.Text, Values: c.Values, Absent: n == nil}
		if f.text {
			c.Type, c.Text = stages.Text, resize(c.Text, t.rows)
			t.fillText(b, f, n, c.Text)
		}
		if f.scalar {
			c.Values = resize(c.Values, t.rows)
			t.fillScalars(n, c.Values)
		}
		k++
	}
	b.Columns = append(make([]stages.Column, 0, k+4), t.columns[:k]...)
	if s.read.AddSource != "" {
		addSource(b, s.read.AddSource)
	}
	return b
}

// fillText delivers a column as text, and finds rows damaged that have none or
// none that is UTF-8.
func (t *pqRows) fillText(b *stages.Batch, f *field, n *pqNode, text [][]byte) {
	if n == nil || !n.isText() {
		return // not strings: nil in every row
	}
	for i, v := range t.leaves[n.leaf].values {
		switch {
		case !b.Keep[i]:
		case v.IsNull() && f.main:
			b.Damage(i, -1, "column %q is null", ownName(t.source.read, f.name))
		case v.IsNull():
		case !validUTF8(v.ByteArray()):
			b.Damage(i, -1, "column %q is not UTF-8", ownName(t.source.read, f.name))
		default:
			text[i] = v.ByteArray()
			if text[i] == nil {
				text[i] = []byte{}
			}
		}
	}
}

func (t *pqRows) fillScalars(n *pqNode, to []stages.Scalar) {
	if n == nil || !n.Leaf() || n.rep > 0 {
		return
	}
	for i, v := range t.leaves[n.leaf].values {
		to[i] = scalarOf(n, v)
	}
}

func (t *pqRows) fillIDs(n *pqNode) {
	if !n.Leaf() || n.rep > 0 {
		return
	}
	for i, v := range t.leaves[n.leaf].values {
		switch s := scalarOf(n, v); s.Kind {
		case stages.String:
			t.ids[i] = s.Str
		case stages.Null:
		default:
			t.ids[i] = appendScalar(nil, s)
		}
	}
}

// scalarOf returns a Parquet value as a scalar. Dates, times and decimals are
// the whole numbers that stand in the file; bytes that are not text are in
// hexadecimal.
func scalarOf(n *pqNode, v parquet.Value) stages.Scalar {
	switch v.Kind() {
	case parquet.Boolean:
		s := stages.Scalar{Kind: stages.Bool}
		if v.Boolean() {
			s.Int = 1
		}
		return s
	case parquet.Int32:
		if n.unsigned() {
			return stages.Scalar{Kind: stages.Int, Int: int64(v.Uint32())}
		}
		return stages.Scalar{Kind: stages.Int, Int: int64(v.Int32())}
	case parquet.Int64:
		if n.unsigned() && v.Uint64() > math.MaxInt64 {
			return stages.Scalar{Kind: stages.Float, Float: float64(v.Uint64())}
		}
		return stages.Scalar{Kind: stages.Int, Int: v.Int64()}
	case parquet.Float:
		// The shortest decimal of the float32 is what its writer meant.
		x, _ := strconv.ParseFloat(strconv.FormatFloat(float64(v.Float()), 'g', -1, 32), 64)
		return stages.Scalar{Kind: stages.Float, Float: x}
	case parquet.Double:
		return stages.Scalar{Kind: stages.Float, Float: v.Double()}
	case parquet.ByteArray, parquet.FixedLenByteArray:
		p := v.ByteArray()
		if n.kind() == parquet.FixedLenByteArray || !utf8.Valid(p) {
			p = hex.AppendEncode(nil, p)
		}
		return stages.Scalar{Kind: stages.String, Str: p}
	}
	return stages.Scalar{}
}

// unsigned says whether a leaf of whole numbers has no negative ones.
func (n *pqNode) unsigned() bool {
	if t, ok := n.element.LogicalType.Value.(*pq.IntType); ok {
		return !t.IsSigned
	}
	return false
}

func isDictionary(e pq.Encoding) bool { return e == pq.RLEDictionary || e == pq.PlainDictionary }
