package corpus

import (
	"fmt"
	"math"
	"math/big"
	"strconv"

	"sluice/stages"
)

// Blend takes rows of each [[source]] by its weight. Of n rows, a source of weight w out of W in all gives
// ceil(n*w/W): its first ones if it has more, and all of them again and again, in their order, if it has
// fewer. That is the blend of NeMo Curator (nemo_curator.utils.blend_datasets).
type Blend struct {
	Samples int64 `toml:"samples" doc:"rows of the output; 0 = as many as are left of the sources"`
	Shuffle bool  `toml:"shuffle" doc:"mix the sources, in an order that seed decides; false = one source after the other"`
}

// DefaultBlend returns the table of an empty [[stage]].
func DefaultBlend() Blend { return Blend{Shuffle: true} }

// NewBlend returns the stage.
func NewBlend(c stages.Common, x Blend) ([]stages.Stage, error) {
	var err error
	if x.Samples < 0 {
		err = fmt.Errorf("samples = %d is negative", x.Samples)
	}
	return []stages.Stage{&blend{c, x}}, err
}

type blend struct {
	common stages.Common
	Blend
}

func (s *blend) Name() string            { return s.common.Name }
func (s *blend) Columns() stages.Columns { return stages.Columns{} }
func (s *blend) Weighs()                 {}

// A portion is what a source gives.
type portion struct {
	source string
	rows   int64 // that it has
	bytes  int64 // of them
	gives  int64
	first  int64 // place of its first row, where sources follow each other
}

// portions says what each source gives.
func (s *blend) portions(left stages.Left) ([]portion, map[string]int, error) {
	index := map[string]int{}
	all := make([]portion, len(left.Weights))
	sum := new(big.Rat)
	for i, w := range left.Weights {
		index[w.Source] = i
		all[i].source = w.Source
		sum.Add(sum, exact(w.Weight))
	}
	for b, rows := range left.Rows {
		if i, ok := index[left.Shards[left.Blocks[b].Shard].Source]; ok {
			all[i].rows += rows
			all[i].bytes += left.Bytes[b]
		}
	}
	samples := s.Samples
	if samples == 0 {
		samples = left.Sum(left.Rows)
	}
	var first int64
	for i := range all {
		p := &all[i]
		share := exact(left.Weights[i].Weight)
		share.Mul(share, new(big.Rat).SetInt64(samples))
		share.Quo(share, sum)
		gives := new(big.Int).Add(share.Num(), new(big.Int).Sub(share.Denom(), big.NewInt(1)))
		gives.Quo(gives, share.Denom())
		p.gives, p.first = gives.Int64(), first
		if first += p.gives; !gives.IsInt64() || first < 0 {
			return nil, nil, fmt.Errorf("samples = %d are more than can be counted", samples)
		}
		if p.gives > 0 && p.rows == 0 {
			return nil, nil, fmt.Errorf("source %q is to give %d rows, and has none left\ngive it weight = 0, or see what took its rows", p.source, p.gives)
		}
		if p.gives > 0 && p.gives/p.rows >= math.MaxUint32 {
			return nil, nil, fmt.Errorf("source %q is to give %d rows, and has %d\ngive it a lower weight, or take fewer samples", p.source, p.gives, p.rows)
		}
	}
	return all, index, nil
}

// exact returns a weight as the decimal number that stands in the job file.
func exact(weight float64) *big.Rat {
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(weight, 'g', -1, 64))
	if !ok {
		return new(big.Rat) // infinite or none: no job file has it
	}
	return r
}

// Arrange gives each copy of a row a place of its own: by a hash, or by its number.
func (s *blend) Arrange(left stages.Left) (stages.Arrangement, error) {
	all, index, err := s.portions(left)
	if err != nil {
		return stages.Arrangement{}, err
	}
	a := stages.Arrangement{}
	bytes := new(big.Int)
	for _, p := range all {
		a.Rows += p.gives
		a.Sources = append(a.Sources, stages.Portion{Source: p.source, Left: p.rows, Given: p.gives})
		if p.rows > 0 {
			n := new(big.Int).Mul(big.NewInt(p.bytes), big.NewInt(p.gives))
			bytes.Add(bytes, n.Quo(n, big.NewInt(p.rows)))
		}
	}
	if !bytes.IsInt64() {
		return a, fmt.Errorf("%d rows are more bytes than can be counted", a.Rows)
	}
	a.Outputs = numbered("blended", left, count(left, bytes.Int64()))
	bases := make([]int64, len(left.Rows)) // rows of the source before the block
	seen := make([]int64, len(all))
	for b, rows := range left.Rows {
		if i, ok := index[left.Shards[left.Blocks[b].Shard].Source]; ok {
			bases[b] = seen[i]
			seen[i] += rows
		}
	}
	base := seeded(s.common.Seed)
	a.Places = func(block int) func(stages.ID, int, func(stages.Place) error) error {
		i, ok := index[left.Shards[left.Blocks[block].Shard].Source]
		row := bases[block] - 1
		return func(id stages.ID, _ int, put func(stages.Place) error) error {
			if row++; !ok {
				return nil
			}
			p := &all[i]
			copies := p.gives / p.rows
			if row < p.gives%p.rows {
				copies++
			}
			for k := range copies {
				place := stages.Place{Copy: uint32(k)}
				if s.Shuffle {
					place.Order = random(base, id, place.Copy)
					place.Output = scale(place.Order, len(a.Outputs))
				} else {
					at := p.first + k*p.rows + row
					place.Order = uint64(at)
					place.Output = int(share(int64(len(a.Outputs)), at, a.Rows))
				}
				if err := put(place); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return a, nil
}
