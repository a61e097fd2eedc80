//go:build !amd64

package scan

const hasAVX2 = false

func splitAVX2(*byte, *uint32, []byte, int, int) (int, int) { panic("scan: no AVX2") }
func hashWordsBMI2(*uint64, *byte, *uint32, int)            { panic("scan: no BMI2") }
func widenAVX2(*uint64, []byte) int                         { panic("scan: no AVX2") }
func windowsAVX2(_, _, _ *uint64, _ int, _, _, _ uint64) uint64 {
	panic("scan: no BMI2")
}

func classifyAVX2(*byteBlock, *byteCounts, []byte) { panic("scan: no AVX2") }
func indexPairAVX2([]byte, int, byte, byte) int    { panic("scan: no AVX2") }
func lowerAVX2(*byte, []byte)                      { panic("scan: no AVX2") }
