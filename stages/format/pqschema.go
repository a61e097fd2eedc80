package format

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding"
	pq "github.com/parquet-go/parquet-go/format"
)

// A pqNode is one element of a Parquet schema. It is also the node that a
// Parquet writer is given, with nothing but the physical type: what the
// values mean stands in the schema elements, which are passed on as they are.
type pqNode struct {
	element  pq.SchemaElement
	children []*pqNode
	path     []string // below the root
	rep, def int      // levels of a value that is there
	leaf     int      // the first leaf in or below the node
	leaves   int      // number of leaves in or below the node

	encoding encoding.Encoding // of a leaf to write
	codec    compress.Codec
}

// newSchema makes a tree of the elements of a footer, which it checks.
func newSchema(elements []pq.SchemaElement) (*pqNode, error) {
	if len(elements) == 0 {
		return nil, fmt.Errorf("a schema without elements")
	}
	rest := elements
	root, err := takeNode(&rest, 0)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d elements of the schema belong to nothing", len(rest))
	}
	if err != nil {
		return nil, err
	}
	root.number(nil, 0, 0, 0)
	return root, nil
}

func takeNode(rest *[]pq.SchemaElement, depth int) (*pqNode, error) {
	if len(*rest) == 0 || depth > 100 {
		return nil, fmt.Errorf("a schema that ends early or is too deep")
	}
	n := &pqNode{element: (*rest)[0]}
	*rest = (*rest)[1:]
	if n.Leaf() {
		return n, nil
	}
	for range n.element.NumChildren.V {
		c, err := takeNode(rest, depth+1)
		if err != nil {
			return nil, err
		}
		n.children = append(n.children, c)
	}
	return n, nil
}

// number fills in paths, levels and leaf numbers, and returns the number of
// the next leaf. It is called again after the tree was changed.
func (n *pqNode) number(path []string, rep, def, leaf int) int {
	switch {
	case path == nil && n.path == nil && rep == 0 && def == 0 && leaf == 0 && !n.element.RepetitionType.Valid:
	case n.Repeated():
		rep, def = rep+1, def+1
	case n.Optional():
		def++
	}
	n.path, n.rep, n.def, n.leaf = path, rep, def, leaf
	if n.Leaf() {
		n.leaves = 1
		return leaf + 1
	}
	for _, c := range n.children {
		leaf = c.number(append(slices.Clip(path), c.element.Name), rep, def, leaf)
	}
	n.leaves = leaf - n.leaf
	return leaf
}

// clone copies the tree.
func (n *pqNode) clone() *pqNode {
	c := *n
	c.children = nil
	for _, child := range n.children {
		c.children = append(c.children, child.clone())
	}
	return &c
}

// elements returns the tree as it stands in a footer.
func (n *pqNode) elements(to []pq.SchemaElement) []pq.SchemaElement {
	e := n.element
	if !n.Leaf() {
		e.NumChildren.Set(int32(len(n.children)))
	}
	to = append(to, e)
	for _, c := range n.children {
		to = c.elements(to)
	}
	return to
}

// walk calls f for every leaf.
func (n *pqNode) walk(f func(*pqNode)) {
	if n.Leaf() {
		f(n)
		return
	}
	for _, c := range n.children {
		c.walk(f)
	}
}

// find returns the node of a dotted path, or nil: nested names, or a name with
// dots in it.
func (n *pqNode) find(path string) *pqNode {
	for _, c := range n.children {
		if c.element.Name == path {
			return c
		}
		if rest, ok := strings.CutPrefix(path, c.element.Name+"."); ok && !c.Leaf() {
			if found := c.find(rest); found != nil {
				return found
			}
		}
	}
	return nil
}

// kind is the physical type of a leaf.
func (n *pqNode) kind() parquet.Kind { return parquet.Kind(n.element.Type.V) }

// The methods that make a pqNode a parquet.Field.

func (n *pqNode) ID() int                           { return 0 }
func (n *pqNode) String() string                    { return strings.Join(n.path, ".") }
func (n *pqNode) Name() string                      { return n.element.Name }
func (n *pqNode) Leaf() bool                        { return n.element.Type.Valid }
func (n *pqNode) Encoding() encoding.Encoding       { return n.encoding }
func (n *pqNode) Compression() compress.Codec       { return n.codec }
func (n *pqNode) GoType() reflect.Type              { return reflect.TypeFor[any]() }
func (n *pqNode) Value(reflect.Value) reflect.Value { return reflect.Value{} }
func (n *pqNode) Required() bool                    { return !n.Optional() && !n.Repeated() }

func (n *pqNode) Optional() bool {
	return n.element.RepetitionType.Valid && n.element.RepetitionType.V == pq.Optional
}

func (n *pqNode) Repeated() bool {
	return n.element.RepetitionType.Valid && n.element.RepetitionType.V == pq.Repeated
}

func (n *pqNode) Fields() []parquet.Field {
	fields := make([]parquet.Field, len(n.children))
	for i, c := range n.children {
		fields[i] = c
	}
	return fields
}

func (n *pqNode) Type() parquet.Type {
	if !n.Leaf() {
		return parquet.Group{}.Type()
	}
	switch n.kind() {
	case parquet.Boolean:
		return parquet.BooleanType
	case parquet.Int32:
		return parquet.Int32Type
	case parquet.Int64:
		return parquet.Int64Type
	case parquet.Int96:
		return parquet.Int96Type
	case parquet.Float:
		return parquet.FloatType
	case parquet.Double:
		return parquet.DoubleType
	case parquet.FixedLenByteArray:
		return parquet.FixedLenByteArrayType(int(n.element.TypeLength.V))
	}
	return parquet.ByteArrayType
}

// isText says whether a leaf holds one string a row.
func (n *pqNode) isText() bool { return n.Leaf() && n.rep == 0 && n.kind() == parquet.ByteArray }

// describe names a column and its type for messages.
func (n *pqNode) describe() string {
	if !n.Leaf() {
		return n.element.Name + " (group)"
	}
	s := strings.ToLower(n.kind().String())
	if n.kind() == parquet.ByteArray {
		s = "string"
	}
	return n.element.Name + " (" + s + ")"
}

func (n *pqNode) describeChildren() []string {
	var s []string
	for _, c := range n.children {
		s = append(s, c.describe())
	}
	return s
}

// hasConverted says whether the element is annotated as t.
func (n *pqNode) hasConverted(t deprecated.ConvertedType) bool {
	return n.element.ConvertedType.Valid && n.element.ConvertedType.V == t
}
