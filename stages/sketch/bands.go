package sketch

import "math"

// found is how surely a pair at the threshold must meet in some band.
const found = 0.995

// Bands says how sketches are cut: into Bands bands of Rows coordinates each.
// Coordinates that are left over belong to no band.
type Bands struct{ Bands, Rows int }

// BandsFor returns the bands for pairs at or above a threshold of Jaccard
// similarity, 0 to 1: the most rows with which a pair at the threshold is found
// with a probability of 0.995 or more, and then as many bands as there are
// coordinates for. Where no number of rows is enough it is one.
func BandsFor(threshold float64, coordinates int) Bands {
	for rows := coordinates; rows > 1; rows-- {
		if b := (Bands{coordinates / rows, rows}); b.Found(threshold) >= found {
			return b
		}
	}
	return Bands{coordinates, 1}
}

// Found returns the probability that a pair of Jaccard similarity j agrees in
// all rows of some band: 1 - (1 - j^rows)^bands.
func (b Bands) Found(j float64) float64 {
	all := math.Pow(j, float64(b.Rows))
	return -math.Expm1(float64(b.Bands) * math.Log1p(-all))
}

// Key returns a key of 64 well mixed bits for a band of a sketch. Sketches that
// agree in the band have the same key; others, and other bands, have different
// ones but for a chance of 2^-64.
//
// The rows are hashed four at a time, little end first, each time through
// SplitMix64; keys are saved with sketches, so that their bits are pinned.
func (b Bands) Key(sketch []uint16, band int) uint64 {
	rows := sketch[band*b.Rows:][:b.Rows]
	h := splitMix(uint64(b.Rows)<<32 | uint64(band)<<1 | 1)
	for ; len(rows) >= 4; rows = rows[4:] {
		h = splitMix(h ^ (uint64(rows[0]) | uint64(rows[1])<<16 | uint64(rows[2])<<32 | uint64(rows[3])<<48))
	}
	if len(rows) == 0 {
		return h
	}
	last := uint64(0)
	for i, x := range rows {
		last |= uint64(x) << (16 * i)
	}
	return splitMix(h ^ last)
}
