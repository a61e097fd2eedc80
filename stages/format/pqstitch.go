package format

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	pq "github.com/parquet-go/parquet-go/format"
)

// A stitcher writes a Parquet file of row groups that were encoded elsewhere:
// it copies their bytes and writes a footer of its own. The footer has no
// statistics but numbers of nulls, no page indexes and no bloom filters: what
// orders values stands in types that we pass on without knowing all of them.
//
// Source of the layout: the Apache Parquet format specification, "File
// Format" and "Metadata".
type stitcher struct {
	w      io.Writer
	at     int64
	groups []pq.RowGroup
	rows   int64
}

const parquetMagic = "PAR1"

func newStitcher(w io.Writer) (*stitcher, error) {
	s := &stitcher{w: w}
	_, err := io.WriteString(s, parquetMagic)
	return s, err
}

func (s *stitcher) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.at += int64(n)
	return n, err
}

// add notes row groups whose bytes were written shifted by this many bytes.
func (s *stitcher) add(groups []pq.RowGroup, shift int64) error {
	for _, g := range groups {
		if len(s.groups) > math.MaxInt16 {
			return fmt.Errorf("a Parquet file of more than %d row groups", math.MaxInt16)
		}
		g.Ordinal = int16(len(s.groups))
		g.FileOffset += shift
		columns := make([]pq.ColumnChunk, len(g.Columns))
		for i, c := range g.Columns {
			m := c.MetaData
			m.DataPageOffset += shift
			if m.DictionaryPageOffset != 0 {
				m.DictionaryPageOffset += shift
			}
			m.Statistics = pq.Statistics{NullCount: m.Statistics.NullCount}
			m.BloomFilterOffset, m.BloomFilterLength = 0, 0
			columns[i] = pq.ColumnChunk{MetaData: m}
		}
		g.Columns = columns
		s.groups = append(s.groups, g)
		s.rows += g.NumRows
	}
	return nil
}

// finish writes the footer.
func (s *stitcher) finish(schema *pqNode, meta []keyValue) error {
	f := pq.FileMetaData{
		Version:   1,
		Schema:    schema.elements(nil),
		NumRows:   s.rows,
		RowGroups: s.groups,
		CreatedBy: "sluice version 1",
	}
	for _, kv := range meta {
		f.KeyValueMetadata = append(f.KeyValueMetadata, pq.KeyValue{Key: kv.key, Value: kv.value})
	}
	p, err := thrift.Marshal(new(thrift.CompactProtocol), &f)
	if err != nil {
		return err
	}
	if len(p) > math.MaxInt32 {
		return fmt.Errorf("a Parquet footer of %d bytes", len(p))
	}
	p = binary.LittleEndian.AppendUint32(p, uint32(len(p)))
	_, err = s.Write(append(p, parquetMagic...))
	return err
}

// A parquetPiece is a finished piece that is to be joined.
type finishedPiece struct {
	r      *io.SectionReader
	meta   pq.FileMetaData
	schema *pqNode
	end    int64 // of the row groups
}

func readPiece(r *io.SectionReader) (*finishedPiece, error) {
	if err := checkFooter(r, r.Size()); err != nil {
		return nil, err
	}
	var tail [4]byte
	if _, err := r.ReadAt(tail[:], r.Size()-8); err != nil {
		return nil, err
	}
	p := &finishedPiece{r: r, end: r.Size() - 8 - int64(le32(tail[:]))}
	footer := make([]byte, le32(tail[:]))
	if _, err := r.ReadAt(footer, p.end); err != nil {
		return nil, err
	}
	if err := thrift.Unmarshal(new(thrift.CompactProtocol), footer, &p.meta); err != nil {
		return nil, err
	}
	var err error
	p.schema, err = newSchema(p.meta.Schema)
	return p, err
}

// joinParquet writes one file of the row groups of several, without decoding
// them. Memory is that of the footers.
func joinParquet(w io.Writer, pieces []*io.SectionReader) error {
	if len(pieces) == 1 {
		_, err := io.Copy(w, io.NewSectionReader(pieces[0], 0, pieces[0].Size()))
		return err
	}
	s, err := newStitcher(w)
	if err != nil {
		return err
	}
	var schema *pqNode
	var meta []keyValue
	for i, r := range pieces {
		p, err := readPiece(r)
		if err != nil {
			return fmt.Errorf("piece %d: %w", i, err)
		}
		if len(p.schema.children) == 0 {
			continue // of a block that could not be read
		}
		if schema == nil {
			schema = p.schema
			for _, kv := range p.meta.KeyValueMetadata {
				meta = append(meta, keyValue{kv.Key, kv.Value})
			}
		}
		if err := unify(schema, s.groups, p); err != nil {
			return fmt.Errorf("piece %d: %w", i, err)
		}
		shift := s.at - int64(len(parquetMagic))
		if _, err := io.Copy(s, io.NewSectionReader(r, int64(len(parquetMagic)), p.end-int64(len(parquetMagic)))); err != nil {
			return err
		}
		if err := s.add(p.meta.RowGroups, shift); err != nil {
			return err
		}
	}
	if schema == nil {
		schema = emptySchema()
	}
	return s.finish(schema, meta)
}

// unify makes the types of added columns agree. A column that is null in all
// rows of a piece has the same bytes whatever its type, so it takes that of
// the others.
func unify(schema *pqNode, groups []pq.RowGroup, p *finishedPiece) error {
	var ours, theirs []*pqNode
	schema.walk(func(n *pqNode) { ours = append(ours, n) })
	p.schema.walk(func(n *pqNode) { theirs = append(theirs, n) })
	if len(ours) != len(theirs) {
		return fmt.Errorf("the pieces of a shard have %d and %d columns", len(ours), len(theirs))
	}
	for i, a := range ours {
		b := theirs[i]
		if sameType(a, b) {
			continue
		}
		switch {
		case allNull(p.meta.RowGroups, i):
			retype(p.meta.RowGroups, i, a)
		case allNull(groups, i):
			a.element = b.element
			retype(groups, i, a)
		default:
			return fmt.Errorf("column %q is %s in one block of the shard and %s in another", a, a.describe(), b.describe())
		}
	}
	return nil
}

func sameType(a, b *pqNode) bool {
	return a.String() == b.String() && a.element.Type == b.element.Type &&
		a.element.ConvertedType == b.element.ConvertedType && a.element.RepetitionType == b.element.RepetitionType
}

func allNull(groups []pq.RowGroup, leaf int) bool {
	for _, g := range groups {
		if m := &g.Columns[leaf].MetaData; m.Statistics.NullCount != m.NumValues {
			return false
		}
	}
	return true
}

func retype(groups []pq.RowGroup, leaf int, n *pqNode) {
	for _, g := range groups {
		g.Columns[leaf].MetaData.Type = n.element.Type.V
	}
}

func emptySchema() *pqNode {
	root := &pqNode{element: pq.SchemaElement{Name: "schema"}}
	root.element.NumChildren.Set(0)
	return root
}
