package corpus

import (
	"math/bits"

	"sluice/stages"
)

// NewReshard returns what stands for the key shard_size of [write]: it cuts the rows that are left, in
// their order, into output shards of about that size. It is no stage of a job file.
func NewReshard() stages.Mover { return reshard{} }

type reshard struct{}

func (reshard) Name() string            { return "write.shard_size" }
func (reshard) Columns() stages.Columns { return stages.Columns{} }

// Arrange cuts all bytes into equal parts. A row is in the part in which it begins, as if all rows of a
// block were of one length.
func (reshard) Arrange(left stages.Left) (stages.Arrangement, error) {
	total := left.Sum(left.Bytes)
	outputs := numbered("part", left, count(left, total))
	bases := make([]int64, len(left.Bytes))
	for b := 1; b < len(bases); b++ {
		bases[b] = bases[b-1] + left.Bytes[b-1]
	}
	return stages.Arrangement{
		Outputs: outputs,
		Rows:    left.Sum(left.Rows),
		Places: func(block int) func(stages.ID, int, func(stages.Place) error) error {
			row := int64(-1)
			return func(_ stages.ID, _ int, put func(stages.Place) error) error {
				row++
				at := bases[block] + share(left.Bytes[block], row, left.Rows[block])
				return put(stages.Place{Output: int(share(int64(len(outputs)), at, total))})
			}
		},
	}, nil
}

// share returns x*a/b, rounded down, for 0 <= a < b.
func share(x, a, b int64) int64 {
	hi, lo := bits.Mul64(uint64(x), uint64(a))
	q, _ := bits.Div64(hi, lo, uint64(b))
	return int64(q)
}
