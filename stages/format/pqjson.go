package format

import (
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	pq "github.com/parquet-go/parquet-go/format"

	"sluice/stages"
)

// appendRow appends row i as a line of JSON. Lists are arrays, maps with keys of
// text are objects, other maps arrays of pairs. Dates and times are as in ISO
// 8601, decimals are numbers, UUIDs as in RFC 9562; bytes that are not text are
// in base64. NaN and infinities are null.
//
// The values of nested columns are put together as in the Dremel paper
// (Melnik et al. 2010), by repetition and definition levels.
func (t *pqRows) appendRow(dst []byte, b *stages.Batch, i int, p *projection) []byte {
	o := object{dst: append(dst, '{')}
	r, read := rowJSON{table: t, batch: b, row: i}, b.Read(i)
	for _, top := range t.layout.schema.children {
		name, ok := p.column(top.element.Name)
		if c := columnOf(b, &t.source.read, name); !ok || c != nil && c.Added {
			continue
		}
		o.key(name)
		values := make([][]parquet.Value, top.leaves)
		for k := range values {
			values[k] = t.leaves[top.leaf+k].row(read)
		}
		o.dst = r.append(o.dst, top, name, values)
	}
	o.added(b, i, p)
	return append(o.dst, "}\n"...)
}

// rowJSON writes the values of one row.
type rowJSON struct {
	table *pqRows
	batch *stages.Batch
	row   int
}

// append appends what n is in the row; values holds those of each leaf below
// n. Name is that of n in the job.
func (r *rowJSON) append(dst []byte, n *pqNode, name string, values [][]parquet.Value) []byte {
	if n.Leaf() && n.rep == 0 {
		if c := columnOf(r.batch, &r.table.source.read, name); c != nil && c.Changed != nil && c.Changed[r.row] {
			return appendValue(dst, c, r.row)
		}
	}
	switch first := values[0][0]; {
	case n.Repeated():
		return r.list(dst, n, name, values, func(dst []byte, one [][]parquet.Value) []byte {
			return r.required(dst, n, name, one)
		})
	case n.Optional() && first.DefinitionLevel() < n.def:
		return append(dst, "null"...)
	}
	return r.required(dst, n, name, values)
}

// list appends the elements of a repeated node.
func (r *rowJSON) list(dst []byte, n *pqNode, name string, values [][]parquet.Value, each func([]byte, [][]parquet.Value) []byte) []byte {
	dst = append(dst, '[')
	for k, one := range split(n, values) {
		if k > 0 {
			dst = append(dst, ',')
		}
		dst = each(dst, one)
	}
	return append(dst, ']')
}

// split cuts the values below a repeated node into its elements.
func split(n *pqNode, values [][]parquet.Value) [][][]parquet.Value {
	if values[0][0].DefinitionLevel() < n.def {
		return nil
	}
	var elements [][][]parquet.Value
	for k, leaf := range values {
		e := -1
		for from := 0; from < len(leaf); {
			to := from + 1
			for to < len(leaf) && leaf[to].RepetitionLevel() > n.rep {
				to++
			}
			if e++; k == 0 {
				elements = append(elements, make([][]parquet.Value, len(values)))
			}
			if e < len(elements) {
				elements[e][k] = leaf[from:to]
			}
			from = to
		}
	}
	return elements
}

// required appends a node that is there.
func (r *rowJSON) required(dst []byte, n *pqNode, name string, values [][]parquet.Value) []byte {
	if n.Leaf() {
		return appendParquet(dst, n, values[0][0])
	}
	if len(n.children) == 1 && n.children[0].Repeated() {
		switch child := n.children[0]; {
		case n.isList():
			element := child
			// Rules for old lists: LogicalTypes.md, "Backward-compatibility rules".
			wrapped := !child.Leaf() && len(child.children) == 1 && child.Name() != "array" && child.Name() != n.Name()+"_tuple"
			if wrapped {
				element = child.children[0]
			}
			return r.list(dst, child, name, values, func(dst []byte, one [][]parquet.Value) []byte {
				if wrapped {
					return r.append(dst, element, "", one)
				}
				return r.required(dst, element, "", one)
			})
		case n.isMap() && len(child.children) == 2:
			return r.pairs(dst, child, values)
		}
	}
	o := object{dst: append(dst, '{')}
	for _, c := range n.children {
		o.key(c.element.Name)
		from := c.leaf - n.leaf
		o.dst = r.append(o.dst, c, name+"."+c.element.Name, values[from:from+c.leaves])
	}
	return append(o.dst, '}')
}

// pairs appends a map.
func (r *rowJSON) pairs(dst []byte, n *pqNode, values [][]parquet.Value) []byte {
	key, value := n.children[0], n.children[1]
	text := key.isStringLeaf()
	braces := map[bool]string{true: "{}", false: "[]"}[text]
	dst = append(dst, braces[0])
	for k, one := range split(n, values) {
		if k > 0 {
			dst = append(dst, ',')
		}
		if !text {
			dst = append(dst, '[')
		}
		dst = r.append(dst, key, "", one[:key.leaves])
		dst = append(dst, map[bool]byte{true: ':', false: ','}[text])
		dst = r.append(dst, value, "", one[key.leaves:])
		if !text {
			dst = append(dst, ']')
		}
	}
	return append(dst, braces[1])
}

func (n *pqNode) isList() bool {
	_, ok := n.element.LogicalType.Value.(*pq.ListType)
	return ok || n.hasConverted(deprecated.List)
}

func (n *pqNode) isMap() bool {
	_, ok := n.element.LogicalType.Value.(*pq.MapType)
	return ok || n.hasConverted(deprecated.Map) || n.hasConverted(deprecated.MapKeyValue)
}

func (n *pqNode) isStringLeaf() bool {
	_, ok := n.element.LogicalType.Value.(*pq.StringType)
	return n.Leaf() && n.kind() == parquet.ByteArray && (ok || n.hasConverted(deprecated.UTF8))
}

// appendParquet appends the value of a leaf.
func appendParquet(dst []byte, n *pqNode, v parquet.Value) []byte {
	if v.IsNull() {
		return append(dst, "null"...)
	}
	switch l := n.element.LogicalType.Value.(type) {
	case *pq.DateType:
		return append(time.Unix(int64(v.Int32())*86400, 0).UTC().AppendFormat(append(dst, '"'), time.DateOnly), '"')
	case *pq.TimestampType:
		return appendTime(dst, unitTime(v.Int64(), l.Unit), l.IsAdjustedToUTC)
	case *pq.DecimalType:
		return appendDecimal(dst, v, int(l.Scale))
	case *pq.UUIDType:
		if p := v.ByteArray(); len(p) == 16 {
			h := hex.EncodeToString(p)
			return append(dst, `"`+h[:8]+"-"+h[8:12]+"-"+h[12:16]+"-"+h[16:20]+"-"+h[20:]+`"`...)
		}
	}
	switch v.Kind() {
	case parquet.Int96:
		return appendTime(dst, int96Time(v), true)
	case parquet.Float:
		return appendFloat(dst, float64(v.Float()), 32)
	case parquet.Int64:
		if n.unsigned() {
			return strconv.AppendUint(dst, v.Uint64(), 10)
		}
	case parquet.ByteArray, parquet.FixedLenByteArray:
		if p := v.ByteArray(); v.Kind() == parquet.FixedLenByteArray || !utf8.Valid(p) {
			return append(base64.StdEncoding.AppendEncode(append(dst, '"'), p), '"')
		}
	}
	return appendScalar(dst, scalarOf(n, v))
}

func unitTime(x int64, unit pq.TimeUnit) time.Time {
	switch unit.Value.(type) {
	case *pq.MilliSeconds:
		return time.UnixMilli(x)
	case *pq.MicroSeconds:
		return time.UnixMicro(x)
	}
	return time.Unix(x/1e9, x%1e9)
}

// int96Time reads the old timestamp: nanoseconds of a Julian day.
func int96Time(v parquet.Value) time.Time {
	x := v.Int96()
	const unixEpoch = 2440588
	return time.Unix((int64(x[2])-unixEpoch)*86400, int64(x[1])<<32|int64(x[0]))
}

func appendTime(dst []byte, t time.Time, utc bool) []byte {
	layout := "2006-01-02T15:04:05.999999999"
	if utc {
		layout += "Z"
	}
	return append(t.UTC().AppendFormat(append(dst, '"'), layout), '"')
}

func appendDecimal(dst []byte, v parquet.Value, scale int) []byte {
	x := new(big.Int)
	switch v.Kind() {
	case parquet.Int32:
		x.SetInt64(int64(v.Int32()))
	case parquet.Int64:
		x.SetInt64(v.Int64())
	default:
		p := v.ByteArray() // two's complement, big-endian
		if x.SetBytes(p); len(p) > 0 && p[0] >= 0x80 {
			x.Sub(x, new(big.Int).Lsh(big.NewInt(1), uint(8*len(p))))
		}
	}
	s := new(big.Int).Abs(x).String()
	for len(s) <= scale {
		s = "0" + s
	}
	if scale > 0 {
		s = s[:len(s)-scale] + "." + s[len(s)-scale:]
	}
	if x.Sign() < 0 {
		dst = append(dst, '-')
	}
	return append(dst, s...)
}
