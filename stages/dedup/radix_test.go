package dedup

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSortUint64s(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 63, 64, 65, 1000, 5000, 100_000} {
		for _, spread := range []uint64{1, 2, 1 << 20, 1 << 31, 1 << 40} {
			v := make([]uint64, n)
			for i := range v {
				v[i] = r.Uint64N(spread)
			}
			want := slices.Sorted(slices.Values(v))
			if sortUint64s(v, 40); !slices.Equal(v, want) {
				t.Errorf("%d values below %d are not sorted", n, spread)
			}
		}
	}
}

func BenchmarkSortUint64s(b *testing.B) {
	for _, n := range []int{40, 650, 10_000} {
		values := make([]uint64, n)
		for i := range values {
			values[i] = rand.Uint64() >> 24
		}
		v := make([]uint64, n)
		for name, sort := range map[string]func([]uint64){"radix": func(v []uint64) { sortUint64s(v, 40) }, "slices": slices.Sort[[]uint64]} {
			b.Run(fmt.Sprint(n, "/", name), func(b *testing.B) {
				for b.Loop() {
					copy(v, values)
					sort(v)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/value")
			})
		}
	}
}
