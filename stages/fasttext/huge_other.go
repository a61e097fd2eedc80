//go:build !linux

package fasttext

// hugeFloats returns room for n numbers. free gives it back.
func hugeFloats(n int64) (list []float32, free func() error) {
	return make([]float32, n), func() error { return nil }
}
