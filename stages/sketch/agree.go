package sketch

import "math"

// falseAgreement is the probability that coordinates of different shingles
// agree.
const falseAgreement = 1.0 / (1 << 16)

// Agreeing returns in how many coordinates two sketches of the same kind agree.
func Agreeing(a, b []uint16) int {
	if len(a) != len(b) {
		panic("sketch: sketches of different lengths")
	}
	n := 0
	if whole := len(a) &^ 63; hasAVX2 && 0 < whole && whole <= 1<<16 {
		n = agreeingAVX2(a[:whole], b[:whole])
		a, b = a[whole:], b[whole:]
	}
	return n + agreeingPlain(a, b)
}

func agreeingPlain(a, b []uint16) (n int) {
	for i, x := range a {
		if x == b[i] {
			n++
		}
	}
	return n
}

// Estimate returns the Jaccard similarity of two sets from the number of
// coordinates in which their sketches agree: without bias, but that it is never
// below 0.
func Estimate(agreeing, coordinates int) float64 {
	share := float64(agreeing) / float64(coordinates)
	return max(0, (share-falseAgreement)/(1-falseAgreement))
}

// rejectError bounds the probability that a pair at the threshold is rejected.
const rejectError = 1e-6

// MinAgreeing returns the fewest agreeing coordinates with which a pair may
// still be at or above the threshold: with fewer it is rejected, at an error of
// less than one in a million pairs at the threshold.
//
// Source: the bound of Chernoff and Hoeffding on the lower tail, exp(-k D), D
// the Kullback-Leibler divergence of the share from the threshold. [Fast] obeys
// such bounds although its coordinates are not independent; false agreement only
// adds to the safe side.
func MinAgreeing(threshold float64, coordinates int) int {
	k := float64(coordinates)
	n := 0
	for float64(n) < threshold*k && math.Exp(-k*divergence(float64(n)/k, threshold)) <= rejectError {
		n++
	}
	return n
}

// divergence is the Kullback-Leibler divergence of coins that show heads with
// probabilities p and q.
func divergence(p, q float64) float64 {
	term := func(p, q float64) float64 {
		if p == 0 {
			return 0
		}
		return p * math.Log(p/q)
	}
	return term(p, q) + term(1-p, 1-q)
}
