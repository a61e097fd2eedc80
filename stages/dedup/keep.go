package dedup

import (
	"fmt"
	"math"
	"strings"

	"sluice/stages"
	"sluice/stages/scan"
)

// keep is the policy of who stays: the sample with the smallest order, then
// the smallest ID.
type keep struct {
	rule   string // first, last, longest, max, min
	column string // for max and min
}

func parseKeep(s string) (keep, error) {
	rule, column, found := strings.Cut(s, ":")
	switch rule {
	case "first", "last", "longest":
		if !found {
			return keep{rule: rule}, nil
		}
	case "max", "min":
		if column != "" {
			return keep{rule, column}, nil
		}
	}
	return keep{}, fmt.Errorf("keep = %q is unknown; have first, last, longest, max:COLUMN, min:COLUMN", s)
}

// needs returns the columns that the policy reads; text is the text column.
func (k keep) needs(text string) []stages.Need {
	switch k.rule {
	case "longest":
		return []stages.Need{{Name: text, Type: stages.Text}}
	case "max", "min":
		return []stages.Need{{Name: k.column, Type: stages.Scalars}}
	}
	return nil
}

// orders returns the order of each row. Numbers compare as float64; rows
// without a number come last, whether the largest or the smallest is kept.
func (k keep) orders(b *stages.Batch, text string) []uint64 {
	orders := make([]uint64, b.Len())
	switch k.rule {
	case "last":
		for i := range orders {
			orders[i] = math.MaxUint64 - uint64(b.ID(i))
		}
	case "longest":
		for i, t := range b.Column(text).Text {
			orders[i] = math.MaxUint64 - uint64(scan.CodePoints(t))
		}
	case "max", "min":
		for i, v := range b.Column(k.column).Values {
			orders[i] = numberOrder(v, k.rule == "max")
		}
	}
	return orders
}

// numberOrder maps numbers to integers that compare as the numbers do, or
// the other way round.
func numberOrder(v stages.Scalar, descending bool) uint64 {
	var x float64
	switch v.Kind {
	case stages.Int:
		x = float64(v.Int)
	case stages.Float:
		x = v.Float
	default:
		return math.MaxUint64
	}
	if math.IsNaN(x) {
		return math.MaxUint64
	}
	if x == 0 {
		x = 0 // -0 and 0 are the same number
	}
	// IEEE 754 bits compare as integers once negative numbers are flipped.
	bits := math.Float64bits(x)
	if bits>>63 != 0 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	if descending {
		bits = ^bits
	}
	return bits
}
