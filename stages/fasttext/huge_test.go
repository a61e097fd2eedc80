package fasttext

import (
	"slices"
	"testing"
)

// A matrix in pages of its own gives the sums of one in the collector's memory, and is given back.
func TestHugeFloats(t *testing.T) {
	const rows, cols = 1 << 17, 16 // 8 MiB
	list, free := hugeFloats(rows * cols)
	m := matrix{rows: rows, cols: cols, dense: list, free: free}
	plain := make([]float32, rows*cols)
	for i := range plain {
		plain[i] = float32(i%1009) / 7
	}
	if copy(m.dense, plain) != len(plain) {
		t.Fatalf("room for %d numbers, want %d", len(m.dense), len(plain))
	}
	var at []uint32
	for i := range uint32(500) {
		at = append(at, i*7919%rows)
	}
	at = append(at, 0, rows-1)
	got, want := make([]float32, cols), make([]float32, cols)
	m.sum(got, at)
	sumDense(want, plain, cols, at)
	if !slices.Equal(got, want) {
		t.Errorf("sum %v, want %v", got, want)
	}
	if err := m.close(); err != nil {
		t.Error(err)
	}
	for _, n := range []int64{0, 1, 1000} {
		if list, free := hugeFloats(n); int64(len(list)) != n || free() != nil {
			t.Errorf("%d numbers, want %d", len(list), n)
		}
	}
}
