package fasttext

import (
	"math"
	"unsafe"
)

// A matrix has rows of numbers: dense, or as codes of a product quantiser (Jégou et al. 2011,
// https://doi.org/10.1109/TPAMI.2010.57).
type matrix struct {
	rows, cols int
	dense      []float32    // of a matrix that is not quantised; then the rest is not there
	mapped     bool         // dense lies in the file, at any address
	free       func() error // of dense; may be nil

	codes     []byte // for each row, one for each part
	parts     int
	width     int // of a part; the last one may be narrower
	centroids []float32
	norms     []float32 // of the rows; nil where all are 1
}

const (
	codewords    = 256       // of a part
	mostHeld     = 256 << 20 // bytes of a dense matrix that is copied from its file
	mostExpanded = 64 << 20  // bytes of a matrix of codes that is made dense
)

// parseMatrix reads a matrix of that many columns.
func parseMatrix(c *cursor, quantised bool, cols int, held int64) matrix {
	var hasNorms bool
	if quantised {
		hasNorms = c.bool()
	}
	rows, n := c.int64(), c.int64()
	if c.err == nil && (rows < 0 || rows > math.MaxInt32 || n != int64(cols)) {
		c.err = damaged("a matrix of %d rows of %d numbers, in %s, where %d are wanted", rows, n, c.part, cols)
	}
	m := matrix{rows: int(rows), cols: cols}
	if c.err != nil {
		return m
	}
	if !quantised {
		m.parseDense(c, held)
		return m
	}
	size := c.int32()
	m.codes = c.take(int64(size))
	m.parseCentroids(c)
	if c.err == nil && int64(len(m.codes)) != rows*int64(m.parts) {
		c.err = damaged("%d codes for %d rows of %d parts", size, rows, m.parts)
	}
	if hasNorms {
		m.parseNorms(c)
	}
	if c.err == nil {
		m.codes = append([]byte(nil), m.codes...)
	}
	return m
}

// parseDense reads the numbers of a matrix that is not quantised.
func (m *matrix) parseDense(c *cursor, held int64) {
	n := int64(m.rows) * int64(m.cols)
	p := c.take(4 * n)
	switch {
	case c.err != nil:
		return
	case 4*n > held:
		m.dense, m.mapped = unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(p))), n), true
	default:
		m.dense, m.free = hugeFloats(n)
		if n > 0 { // in the order of the machine's bytes, like what is mapped
			copy(unsafe.Slice((*byte)(unsafe.Pointer(&m.dense[0])), 4*n), p)
		}
	}
	// This also fetches what is mapped, from front to back.
	if !finite(m.dense) {
		c.err = damaged("numbers in %s that are none (NaN) or infinite", c.part)
	}
}

// finite says that there is no NaN and no infinity.
func finite(list []float32) bool {
	for len(list) >= 4 {
		// Exponents of all ones overflow into the sign.
		var over uint32
		for _, f := range list[:4] {
			over |= math.Float32bits(f)&0x7fffffff + 0x00800000
		}
		if over>>31 != 0 {
			return false
		}
		list = list[4:]
	}
	for _, f := range list {
		if f-f != 0 {
			return false
		}
	}
	return true
}

// parseCentroids reads the product quantiser of the rows.
func (m *matrix) parseCentroids(c *cursor) {
	cols, parts, width, last := int64(c.int32()), int64(c.int32()), int64(c.int32()), int64(c.int32())
	if c.err == nil && (cols != int64(m.cols) || parts < 1 || width < 1 || last < 1 || last > width || (parts-1)*width+last != cols) {
		c.err = damaged("a quantiser of %d parts of %d numbers, the last of %d, for %d", parts, width, last, m.cols)
	}
	m.parts, m.width = int(parts), int(width)
	m.centroids = c.floats(cols * codewords)
	if c.err == nil && !finite(m.centroids) {
		c.err = damaged("centroids in %s that are no numbers", c.part)
	}
}

// parseNorms reads the norms of the rows.
func (m *matrix) parseNorms(c *cursor) {
	codes := c.take(int64(m.rows))
	one := matrix{cols: 1}
	one.parseCentroids(c)
	if c.err != nil {
		return
	}
	m.norms = make([]float32, m.rows)
	for i, code := range codes {
		m.norms[i] = one.centroids[code]
	}
}

// centroid returns part i of a row.
func (m *matrix) centroid(row, i int) []float32 {
	code := int(m.codes[row*m.parts+i])
	width := min(m.width, m.cols-i*m.width)
	at := i*codewords*m.width + code*width
	return m.centroids[at : at+width]
}

// norm returns the norm of a row.
func (m *matrix) norm(row int) float32 {
	if m.norms == nil {
		return 1
	}
	return m.norms[row]
}

// expand makes a matrix of codes dense if that is small. What a row adds to a sum stays the same to the bit.
func (m *matrix) expand() {
	n := m.rows * m.cols
	if m.dense != nil || 4*n > mostExpanded {
		return
	}
	dense, free := hugeFloats(int64(n))
	for row := range m.rows {
		m.add(dense[row*m.cols:(row+1)*m.cols], row)
	}
	*m = matrix{rows: m.rows, cols: m.cols, dense: dense, free: free}
}

// bytes returns how much memory a matrix takes that is not mapped.
func (m *matrix) bytes() int64 {
	if m.mapped {
		return 0
	}
	return int64(4*(len(m.dense)+len(m.centroids)+len(m.norms)) + len(m.codes))
}

// close gives back the memory of a matrix.
func (m *matrix) close() error {
	if m.free == nil {
		return nil
	}
	return m.free()
}

// add adds a row of a quantised matrix to a sum.
func (m *matrix) add(sum []float32, row int) {
	norm := m.norm(row)
	for i := range m.parts {
		part := sum[i*m.width:]
		for j, v := range m.centroid(row, i) {
			part[j] += float32(norm * v) // rounded, where the machine could do without
		}
	}
}

// sum adds rows to a sum, which has room for a multiple of eight numbers, one row after the other.
func (m *matrix) sum(sum []float32, rows []uint32) {
	if m.dense == nil {
		for _, row := range rows {
			m.add(sum, int(row))
		}
		return
	}
	sumRows(sum, m.dense, m.cols, rows)
}

// sumDense is the contract of sumRows.
func sumDense(sum, table []float32, cols int, rows []uint32) {
	for _, row := range rows {
		for j, v := range table[int(row)*cols:][:cols] {
			sum[j] += v
		}
	}
}

// dot returns the product of a row with a vector. Its terms are added one after the other.
func (m *matrix) dot(vector []float32, row int) float32 {
	var d float32
	if m.dense != nil {
		for j, v := range m.dense[row*m.cols:][:m.cols] {
			d += float32(v * vector[j])
		}
		return d
	}
	for i := range m.parts {
		part := vector[i*m.width:]
		for j, v := range m.centroid(row, i) {
			d += float32(part[j] * v)
		}
	}
	return float32(d * m.norm(row))
}
