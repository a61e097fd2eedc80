//go:build !amd64

package sketch

const hasAVX2 = false

type (
	heldValues = [maxCoordinates]uint64
	binSet     = [maxCoordinates / 64]uint64
)

func throwAVX2(*uint64, *uint32, []uint64, *uint32, uint64, uint64, uint64) { panic(noAVX2) }
func lowerAVX2(*heldValues, *uint64, *uint32, uint64)                       { panic(noAVX2) }
func lowerWordsAVX2(*heldValues, *uint32, *uint32, uint64, uint64, uint64)  { panic(noAVX2) }
func vacantAVX2(*heldValues, *binSet)                                       { panic(noAVX2) }
func directAVX2(_, _, _, _ *uint32, _ uint64, _ []uint64)                   { panic(noAVX2) }
func coordinatesAVX2([]uint16, *heldValues)                                 { panic(noAVX2) }
func agreeingAVX2(_, _ []uint16) int                                        { panic(noAVX2) }
func permuteAVX2(_, _, _ *uint32, _ uint64, _ []uint32)                     { panic(noAVX2) }
func sieveAVX2(_, _ *uint32, _ []uint64, _ *binSet, _, _ uint32, _ uint64) uint64 {
	panic(noAVX2)
}

func murmurWordsAVX2(*uint32, *byte, uint64, uint32)              { panic(noAVX2) }
func murmurWindowsAVX2(_, _, _ *uint32, _, _ uint64, _, _ uint32) { panic(noAVX2) }

func permute64AVX2(_, _, _ *uint64, _ uint64, _ []uint64) { panic(noAVX2) }

const noAVX2 = "sketch: no AVX2"
