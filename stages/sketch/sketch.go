// Package sketch turns sets of shingles into short sketches whose agreeing
// coordinates estimate the Jaccard similarity of the sets, and sketches into
// keys of bands by which similar sets find each other. Start with [NewFast];
// [Agreeing] and [Estimate] compare two sketches, [BandsFor] says how to cut
// them. [Curator] makes the signatures of NeMo Curator instead, bit for bit.
//
// Sketches are saved and compared across machines and versions: every bit that
// this package returns is pinned by its tests.
package sketch

import "fmt"

// maxCoordinates is the size of the larger of the two sketches.
const maxCoordinates = 256

// Fast makes sketches by Fast Similarity Sketching: about as good as k
// independent minima, or better, for a cost of O(n + k log k) instead of n*k.
// A *Fast holds scratch and belongs to one goroutine.
//
// Source: Dahlgaard, Knudsen, Thorup, Fast Similarity Sketching, FOCS 2017, in
// 32-bit lanes. Random round i = 0 to 15 throws each shingle into bin q >> 24
// (q >> 25 of 128) with the value (p, q & 0xffff), where p, q = mix(shingle, i);
// a bin that was empty keeps its smallest value. The rounds end with the first
// that leaves no bin empty. What is empty after the last of them takes the
// smallest value over all shingles at i = 16 + bin. A coordinate is the low 16
// bits of what its bin holds.
type Fast struct {
	bins    bins
	vectors *vectors // nil: plain Go
}

// NewFast returns a sketcher of 128 or 256 coordinates.
func NewFast(coordinates int) (*Fast, error) {
	if coordinates != 128 && coordinates != maxCoordinates {
		return nil, fmt.Errorf("coordinates = %d; have 128, 256", coordinates)
	}
	f := &Fast{bins: newBins(coordinates)}
	if hasAVX2 {
		f.vectors = &vectors{salts: salts}
	}
	return f, nil
}

// Coordinates returns the number of coordinates of a sketch.
func (f *Fast) Coordinates() int { return f.bins.count }

// Sketch writes the sketch of a set of shingles, of which there is at least
// one, into dst, which has one element for each coordinate. Shingles are hashes
// of 64 bits in any order; one that comes twice counts once. It keeps neither
// slice.
func (f *Fast) Sketch(dst []uint16, shingles []uint64) {
	if len(dst) != f.bins.count || len(shingles) == 0 {
		panic(fmt.Sprintf("sketch: %d shingles for %d of %d coordinates", len(shingles), len(dst), f.bins.count))
	}
	if f.vectors != nil {
		f.vectors.sketch(&f.bins, dst, shingles)
	} else {
		f.bins.sketch(dst, shingles)
	}
}
