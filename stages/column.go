package stages

import (
	"fmt"
	"math"
)

// A Column is one named value per row of a [Batch].
type Column struct {
	Name string
	Type Type
	// Text holds the rows of a Text column as UTF-8, nil where the value is
	// missing, null or not a string. It is valid until the batch is released.
	Text [][]byte
	// Values holds the rows of a Scalar column.
	Values []Scalar
	// Changed says which rows a stage has set; nil means none. A sink writes
	// a row with no changed value as the bytes that were read.
	Changed []bool
	// Added is set for a column that a stage made: it is written for every row.
	Added bool
	// Absent says that the shard has no such column, and it is null in all rows.
	Absent bool
}

// Type is what a stage wants to find in a column.
type Type uint8

const (
	// Text columns hold strings.
	Text Type = iota
	// Scalar columns hold strings, numbers, booleans and nulls.
	Scalars
)

// Kind is the type of a [Scalar].
type Kind uint8

// Null stands for a missing value too, and for objects and arrays.
const (
	Null Kind = iota
	Bool
	Int
	Float
	String
)

// A Scalar is one value of a column that may hold any simple type.
type Scalar struct {
	Kind  Kind
	Int   int64 // Int; Bool: 0 or 1
	Float float64
	Str   []byte // String: UTF-8, valid until the batch is released
}

// Whole returns a float that is a whole number as Int, however it was written, and any other value as it is.
func (v Scalar) Whole() Scalar {
	if v.Kind == Float && v.Float == math.Trunc(v.Float) && math.Abs(v.Float) < 1<<63 {
		return Scalar{Kind: Int, Int: int64(v.Float)}
	}
	return v
}

// Exact says that no other number may have been read as v: of integers beyond 64 bits, and of those written as
// floats, near ones are one float, and those beyond all floats an infinity.
func (v Scalar) Exact() bool { return v.Kind != Float || !(math.Abs(v.Float) >= 1<<53) }

// A Need is a column that a stage reads.
type Need struct {
	Name string // dots for nested values ("meta.body")
	Type Type
	// Optional says that a shard may lack the column, which is null there.
	Optional bool
}

// SetText changes a row of a text column.
func (c *Column) SetText(i int, v []byte) {
	c.touch(i, len(c.Text))
	c.Text[i] = v
	if c.Values != nil { // some stage reads it as scalars, too
		if c.Values[i] = (Scalar{}); v != nil {
			c.Values[i] = Scalar{Kind: String, Str: v}
		}
	}
}

// Set changes a row of a scalar column.
func (c *Column) Set(i int, v Scalar) {
	c.touch(i, len(c.Values))
	c.Values[i] = v
}

// Put changes a row of a column of either type. The error is for people: a column that stages
// read as text takes strings and nulls alone.
func (c *Column) Put(i int, v Scalar) error {
	switch {
	case c.Type == Scalars:
		c.Set(i, v)
	case v.Kind == String:
		c.SetText(i, v.Str)
	case v.Kind == Null:
		c.SetText(i, nil)
	default:
		return fmt.Errorf("column %q is read as text, and would become a number or mark", c.Name)
	}
	return nil
}

func (c *Column) touch(i, n int) {
	if c.Changed == nil {
		c.Changed = make([]bool, n)
	}
	c.Changed[i] = true
}
