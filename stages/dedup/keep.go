package dedup

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"sluice/stages"
	"sluice/stages/format"
	"sluice/stages/scan"
)

// keep is the policy of who stays: the sample with the smallest order, then
// the smallest ID.
type keep struct {
	rule     string   // first, last, longest, max, min
	column   string   // for max and min
	priority []string // patterns of shards, whose samples come before all others
	against  bool     // samples that are only compared with come before these
}

// maxPriority is how many patterns keep tells apart.
const maxPriority = 250

// before returns the policy in which samples of shards that match a pattern come
// first, those of the first pattern before all others; with against, samples
// that are only compared with come before these.
func (k keep) before(patterns []string, against bool) (keep, error) {
	if len(patterns) > maxPriority {
		return k, fmt.Errorf("priority has %d patterns, more than %d\njoin some", len(patterns), maxPriority)
	}
	for _, p := range patterns {
		if _, err := format.MatchName(p, ""); err != nil {
			return k, fmt.Errorf("priority: %w", err)
		}
	}
	k.priority, k.against = patterns, against
	return k, nil
}

// class returns the class of a shard: 0 if it is only compared with, otherwise one
// more than the number of the first pattern that matches it.
func (k keep) class(s *stages.Shard) uint64 {
	if s.Against != "" {
		return 0
	}
	for i, p := range k.priority {
		if match, _ := format.MatchName(p, s.Name); match {
			return uint64(i) + 1
		}
	}
	return uint64(len(k.priority)) + 1
}

// fixed says of an order that its sample is only compared with, and stays whatever
// it is similar to.
func (k keep) fixed(order uint64) bool { return k.against && order>>56 == 0 }

func parseKeep(s string) (keep, error) {
	rule, column, found := strings.Cut(s, ":")
	switch rule {
	case "first", "last", "longest":
		if !found {
			return keep{rule: rule}, nil
		}
	case "max", "min":
		if column != "" {
			return keep{rule: rule, column: column}, nil
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
// without a value come last, whether the largest or the smallest is kept, and a string or a truth value
// is an error: the rows would stay in the order in which they came. With
// priority the class takes the highest 8 bits: numbers that differ only beyond the
// 13th digit are equal then.
func (k keep) orders(b *stages.Batch, text string) ([]uint64, error) {
	orders, err := k.within(b, text)
	if err != nil || len(k.priority) == 0 && !k.against {
		return orders, err
	}
	class := k.class(b.Shard) << 56
	for i, o := range orders {
		if k.rule == "last" {
			// A block has fewer than 2^32 rows: lines are bytes.
			id := b.ID(i)
			o = math.MaxUint64 - (uint64(id.Block())<<32|uint64(min(id.Row(), math.MaxUint32)))<<8
		}
		if k.rule == "longest" {
			o <<= 8 // no text has 2^56 code points
		}
		orders[i] = class | o>>8
	}
	return orders, nil
}

// within returns the orders within a class.
func (k keep) within(b *stages.Batch, text string) ([]uint64, error) {
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
			if b.Keep[i] && (v.Kind == stages.String || v.Kind == stages.Bool) {
				return nil, k.noNumber(b, i, v)
			}
			orders[i] = numberOrder(v, k.rule == "max")
		}
	}
	return orders, nil
}

// noNumber says of row i, with value v, that it has no number to compare.
func (k keep) noNumber(b *stages.Batch, i int, v stages.Scalar) error {
	const most = 40 // bytes shown
	have := strconv.FormatBool(v.Int != 0)
	if v.Kind == stages.String {
		have = fmt.Sprintf("%.*q", most, string(v.Str))
	}
	return &stages.RowError{Batch: b, Row: i, Key: "keep", Err: fmt.Errorf("keep = \"%s:%s\" compares numbers, and the value is %s\n"+
		"make a column of numbers, as corpus.columns does with set = {day = \"int(replace(date, '-', ''))\"}", k.rule, k.column, have)}
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
