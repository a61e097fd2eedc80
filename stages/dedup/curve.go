package dedup

import (
	"fmt"
	"math"
)

// Explain says how surely the bands find pairs, and what a sketch takes.
func (s *sketches) Explain() []string {
	b, size := s.bands, s.family.size
	bytes := 2 * s.family.lanes * size
	similar, found := "J      ", "found %"
	for _, j := range []float64{0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95} {
		similar += fmt.Sprintf(" %6.2f", j)
		found += fmt.Sprintf(" %6.*f", decimals(b.Found(j)), 100*b.Found(j))
	}
	what := "be looked at"
	if s.estimates {
		what = fmt.Sprintf("be taken for similar: the error is at most %.3f, about half of all pairs at the threshold go", s.deviation())
	}
	return []string{
		fmt.Sprintf("%d bands x %d rows of %d coordinates; of pairs at the threshold of %v, %.2f %% meet in a band",
			b.Bands, b.Rows, size, s.threshold, 100*b.Found(s.threshold.value())),
		fmt.Sprintf("%d bytes a sketch, %d with its order and hash; %d coordinates of %d must agree for a pair to %s",
			bytes, bytes+sketchAt, s.least, size, what),
		similar,
		found,
	}
}

// deviation is the standard deviation of the estimate of a pair at the threshold, at most.
func (f *fuzzy) deviation() float64 {
	j := f.threshold.value()
	return math.Sqrt(j * (1 - j) / float64(f.family.size))
}

// decimals is how many decimals of a percentage say something.
func decimals(p float64) int {
	if p < 0.995 {
		return 1
	}
	return 2
}

func (f fraction) value() float64 { return float64(f.num) / float64(f.den) }
func (f fraction) String() string { return fmt.Sprint(f.value()) }
