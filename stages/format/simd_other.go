//go:build !amd64

package format

const hasAVX2 = false

func scanAVX2([]byte) (int, uint32)                 { panic("format: no AVX2") }
func asciiAVX2([]byte) int                          { panic("format: no AVX2") }
func unescapeAVX2(*byte, []byte) (int, int, uint32) { panic("format: no AVX2") }
