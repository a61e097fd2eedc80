package format

import (
	"fmt"
	"reflect"
	"slices"

	pq "github.com/parquet-go/parquet-go/format"
)

// unite adds the columns of another head to those of p.
func (p *finishedPiece) unite(o *finishedPiece) error {
	ours, theirs := p.meta.RowGroups[0].Columns, o.meta.RowGroups[0].Columns
	var all []pq.ColumnChunk
	for _, top := range p.schema.children {
		own := ours[top.leaf : top.leaf+top.leaves]
		if other := o.schema.top(top.element.Name); other == nil {
			top.makeOptional()
		} else if err := top.uniteColumn(own, other, theirs[other.leaf:other.leaf+other.leaves]); err != nil {
			return err
		}
		all = append(all, own...)
	}
	for _, other := range o.schema.children {
		if p.schema.top(other.element.Name) == nil {
			top := other.clone()
			top.makeOptional()
			p.schema.children = append(p.schema.children, top)
			all = append(all, theirs[other.leaf:other.leaf+other.leaves]...)
		}
	}
	p.schema.path = nil
	p.schema.number(nil, 0, 0, 0)
	p.meta.RowGroups[0].Columns = all
	p.meta.KeyValueMetadata = slices.DeleteFunc(p.meta.KeyValueMetadata, func(kv pq.KeyValue) bool {
		return !slices.Contains(o.meta.KeyValueMetadata, kv)
	})
	return nil
}

// top returns the column of that name, or nil.
func (n *pqNode) top(name string) *pqNode {
	for _, c := range n.children {
		if c.element.Name == name {
			return c
		}
	}
	return nil
}

// makeOptional allows nulls in a column.
func (n *pqNode) makeOptional() {
	if n.Required() {
		n.element.RepetitionType.Set(pq.Optional)
	}
}

// uniteColumn makes column n hold what column o holds, too. The chunks say what is in
// them; a column that is null in all rows takes the type of the other.
func (n *pqNode) uniteColumn(own []pq.ColumnChunk, o *pqNode, others []pq.ColumnChunk) error {
	if !o.Required() {
		n.makeOptional()
	}
	if n.Leaf() && o.Leaf() && n.Repeated() == o.Repeated() {
		a, b := &own[0].MetaData, &others[0].MetaData
		switch {
		case n.sameValues(o) || b.NumValues == b.Statistics.NullCount:
		case a.NumValues == a.Statistics.NullCount:
			optional := n.element.RepetitionType
			n.element = o.element
			n.element.RepetitionType = optional
			a.Type, a.Codec, a.Encoding = b.Type, b.Codec, b.Encoding
		default:
			return fmt.Errorf("column %q is %s in one and %s in the other", n, n.describe(), o.describe())
		}
	} else if n.Repeated() != o.Repeated() || !n.sameBelow(o) {
		return fmt.Errorf("column %q is built of other parts in one than in the other", n)
	}
	for k := range own {
		a, b := &own[k].MetaData, &others[k].MetaData
		if a.NumValues == 0 {
			a.Codec, a.Encoding = b.Codec, b.Encoding
		}
		a.NumValues += b.NumValues
		a.Statistics.NullCount += b.Statistics.NullCount
	}
	return nil
}

// sameValues says that two leaves hold the same kind of values.
func (n *pqNode) sameValues(o *pqNode) bool {
	return n.element.Type == o.element.Type && n.element.TypeLength == o.element.TypeLength && n.element.ConvertedType == o.element.ConvertedType &&
		n.element.Scale == o.element.Scale && n.element.Precision == o.element.Precision &&
		(n.element.ConvertedType.Valid || reflect.DeepEqual(n.element.LogicalType, o.element.LogicalType))
}

// sameBelow says that two nodes have the same nodes below them.
func (n *pqNode) sameBelow(o *pqNode) bool {
	if n.Leaf() || o.Leaf() {
		return n.Leaf() && o.Leaf() && n.sameValues(o)
	}
	return slices.EqualFunc(n.children, o.children, func(a, b *pqNode) bool {
		return a.element.Name == b.element.Name && a.element.RepetitionType == b.element.RepetitionType && a.sameBelow(b)
	})
}
