//go:build !amd64

package fasttext

func sumRows(sum, table []float32, cols int, rows []uint32) { sumDense(sum, table, cols, rows) }

func dots(out *[blockLabels]float32, block, vector []float32) { dotsDense(out, block, vector) }
