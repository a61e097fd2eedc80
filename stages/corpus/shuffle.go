package corpus

import (
	"sluice/stages"
)

// Shuffle puts the rows of all shards into one random order. The order is that of a hash of
// the seed and the sample, so it depends on the inputs and the seed alone.
type Shuffle struct{}

// DefaultShuffle returns the table of an empty [[stage]].
func DefaultShuffle() Shuffle { return Shuffle{} }

// NewShuffle returns the stage.
func NewShuffle(c stages.Common, _ Shuffle) ([]stages.Stage, error) {
	return []stages.Stage{&shuffle{common: c}}, nil
}

type shuffle struct{ common stages.Common }

func (s *shuffle) Name() string            { return s.common.Name }
func (s *shuffle) Columns() stages.Columns { return stages.Columns{} }

// Arrange cuts the numbers that hashes have into as many ranges of one length as there
// are output shards: these have about the same number of rows.
func (s *shuffle) Arrange(left stages.Left) (stages.Arrangement, error) {
	bytes := left.Sum(left.Bytes)
	outputs := numbered("shuffled", left, count(left, bytes))
	base := seeded(s.common.Seed)
	return stages.Arrangement{
		Outputs: outputs,
		Rows:    left.Sum(left.Rows),
		Places: func(int) func(stages.ID, int, func(stages.Place) error) error {
			return func(id stages.ID, _ int, put func(stages.Place) error) error {
				order := random(base, id, 0)
				return put(stages.Place{Output: scale(order, len(outputs)), Order: order})
			}
		},
	}, nil
}
