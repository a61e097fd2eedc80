package sketch

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestAgreeing(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	for _, n := range []int{0, 1, 7, 15, 16, 17, 31, 32, 33, 64, 100, 128, 256, 1000, 3000} {
		for range 50 {
			a, b, want := make([]uint16, n), make([]uint16, n), 0
			for i, share := 0, rng.Float64(); i < n; i++ {
				a[i] = uint16(rng.Uint32())
				if b[i] = a[i]; rng.Float64() < share {
					b[i] ^= 1 << rng.IntN(16)
				} else {
					want++
				}
			}
			if got := Agreeing(a, b); got != want {
				t.Fatalf("%d of %d agree, want %d", got, n, want)
			}
		}
	}
	for _, n := range []int{256, 70000} {
		if got := Agreeing(make([]uint16, n), make([]uint16, n)); got != n {
			t.Errorf("%d of %d agree", got, n)
		}
	}
}

func TestEstimate(t *testing.T) {
	for _, v := range []struct {
		agreeing, coordinates int
		want                  float64
	}{{0, 256, 0}, {256, 256, 1}, {128, 128, 1}, {128, 256, (0.5 - 1.0/65536) / (1 - 1.0/65536)}} {
		if got := Estimate(v.agreeing, v.coordinates); math.Abs(got-v.want) > 1e-15 {
			t.Errorf("%d of %d: %v, want %v", v.agreeing, v.coordinates, got, v.want)
		}
	}
}

// The exact lower tail of the binomial distribution, which Chernoff's bound is
// above, is within the promised error too.
func TestMinAgreeing(t *testing.T) {
	if got := MinAgreeing(0.8, 256); got != 169 {
		t.Errorf("0.8 of 256: %d, want 169", got)
	}
	for _, k := range []int{128, 256} {
		for _, threshold := range []float64{0, 0.1, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1} {
			n := MinAgreeing(threshold, k)
			if tail := below(n, k, threshold); tail > rejectError {
				t.Errorf("%v of %d: %d rejects %g of the pairs at the threshold", threshold, k, n, tail)
			}
			if float64(n) > threshold*float64(k)+1 {
				t.Errorf("%v of %d: %d is above the threshold", threshold, k, n)
			}
		}
	}
}

// below returns the probability that fewer than n of k coins show heads.
func below(n, k int, p float64) (sum float64) {
	if p == 0 || p == 1 {
		return 0 // all coins are as expected
	}
	lg := func(x int) float64 { v, _ := math.Lgamma(float64(x + 1)); return v }
	for i := range n {
		sum += math.Exp(lg(k) - lg(i) - lg(k-i) + float64(i)*math.Log(p) + float64(k-i)*math.Log1p(-p))
	}
	return sum
}
