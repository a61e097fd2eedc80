package fasttext

import "golang.org/x/sys/cpu"

//go:generate sh -c "cd asm && go run . -out ../fasttext_amd64.s"

// hasAVX2 says whether the functions in fasttext_amd64.s can be called.
var hasAVX2 = cpu.X86.HasAVX2

// The functions below add the numbers at columns 0 to 63, 31, 15 and 7 of rows of a table, stride
// bytes apart, to a sum, one row after the other. There is one row at least.

//go:noescape
func sum64AVX2(sum, table *float32, rows []uint32, stride uint64)

//go:noescape
func sum32AVX2(sum, table *float32, rows []uint32, stride uint64)

//go:noescape
func sum16AVX2(sum, table *float32, rows []uint32, stride uint64)

//go:noescape
func sum8AVX2(sum, table *float32, rows []uint32, stride uint64)

// sumTailAVX2 adds fewer than eight numbers of each row: those where mask is -1.
//
//go:noescape
func sumTailAVX2(sum, table *float32, rows []uint32, stride uint64, mask *[8]int32)

// dotsAVX2 makes out the products of a vector, of one number at least, with the rows of a block.
//
//go:noescape
func dotsAVX2(out *[blockLabels]float32, block, vector []float32)

// sumRows adds rows of a table to a sum; see sumDense.
func sumRows(sum, table []float32, cols int, rows []uint32) {
	if !hasAVX2 {
		sumDense(sum, table, cols, rows)
		return
	}
	if len(rows) == 0 {
		return
	}
	stride := uint64(4 * cols)
	for at := 0; at < cols; {
		to, from, left := &sum[at], &table[at], cols-at
		switch {
		case left >= 64:
			sum64AVX2(to, from, rows, stride)
			at += 64
		case left >= 32:
			sum32AVX2(to, from, rows, stride)
			at += 32
		case left >= 16:
			sum16AVX2(to, from, rows, stride)
			at += 16
		case left >= 8:
			sum8AVX2(to, from, rows, stride)
			at += 8
		default:
			var mask [8]int32
			for i := range left {
				mask[i] = -1
			}
			sumTailAVX2(to, from, rows, stride, &mask)
			at = cols
		}
	}
}

// dots multiplies a vector with the rows of a block; see dotsDense.
func dots(out *[blockLabels]float32, block, vector []float32) {
	if !hasAVX2 {
		dotsDense(out, block, vector)
		return
	}
	dotsAVX2(out, block, vector)
}
