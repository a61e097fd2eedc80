//go:build !amd64

package sketch

const hasAVX2 = false

func fillAVX2(*[maxCoordinates]uint64, []uint64, uint32, uint32, uint64) { panic("sketch: no AVX2") }
func sieveAVX2(_, _ *uint32, _ []uint64, _ *[maxCoordinates / 64]uint64, _, _ uint32, _ uint64) int {
	panic("sketch: no AVX2")
}
func vacantAVX2(*[maxCoordinates]uint64, *[maxCoordinates / 64]uint64) { panic("sketch: no AVX2") }
func directAVX2(_, _, _, _ *[8]uint32, _ []uint64)                     { panic("sketch: no AVX2") }
func coordinatesAVX2([]uint16, *[maxCoordinates]uint64)                { panic("sketch: no AVX2") }
func agreeingAVX2(_, _ []uint16) int                                   { panic("sketch: no AVX2") }
func permuteAVX2(_, _, _ *uint32, _ uint64, _ []uint32)                { panic("sketch: no AVX2") }
