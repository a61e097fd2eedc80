package fasttext

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// A cursor takes values off the front of a model, little endian. After the first
// error it gives zeros.
type cursor struct {
	data []byte
	at   int
	part string // what is read, for messages
	err  error
}

// fail keeps the first error.
func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// take returns the next n bytes, which belong to the file.
func (c *cursor) take(n int64) []byte {
	if c.err != nil {
		return nil
	}
	if n < 0 || n > int64(len(c.data)-c.at) {
		c.fail("the file ends in %s: it has %d bytes, and %d are wanted from byte %d on\n"+
			"it was cut off or is damaged; get it again", c.part, len(c.data), n, c.at)
		return nil
	}
	p := c.data[c.at : c.at+int(n)]
	c.at += int(n)
	return p
}

// zeros is what is read after an error.
var zeros [8]byte

func (c *cursor) fixed(n int64) []byte {
	if p := c.take(n); c.err == nil {
		return p
	}
	return zeros[:n]
}

func (c *cursor) int32() int32     { return int32(binary.LittleEndian.Uint32(c.fixed(4))) }
func (c *cursor) int64() int64     { return int64(binary.LittleEndian.Uint64(c.fixed(8))) }
func (c *cursor) float64() float64 { return math.Float64frombits(uint64(c.int64())) }
func (c *cursor) uint8() uint8     { return c.fixed(1)[0] }

func (c *cursor) bool() bool {
	b := c.uint8()
	if b > 1 {
		c.fail("%s is damaged: %d where 0 or 1 is wanted\nget the file again", c.part, b)
	}
	return b == 1
}

// word returns what stands before the next zero byte.
func (c *cursor) word() []byte {
	if c.err != nil {
		return nil
	}
	n := bytes.IndexByte(c.data[c.at:], 0)
	if n < 0 {
		c.fail("the file ends in %s\nit was cut off or is damaged; get it again", c.part)
		return nil
	}
	w := c.data[c.at : c.at+n]
	c.at += n + 1
	return w
}

// floats returns a copy of the next n numbers.
func (c *cursor) floats(n int64) []float32 {
	if n < 0 || n > math.MaxInt64/4 {
		n = math.MaxInt64 / 4
	}
	p := c.take(4 * n)
	if c.err != nil {
		return nil
	}
	list := make([]float32, n)
	for i := range list {
		list[i] = math.Float32frombits(binary.LittleEndian.Uint32(p[4*i:]))
	}
	return list
}

var errNoModel = errors.New("this is no fastText model\nname a .bin or .ftz file that \"fasttext supervised\" or \"fasttext quantize\" wrote")

const (
	magic      = 793712314
	newest     = 12
	supervised = 3
)

// The losses, by their number in the file.
const (
	hierarchical = 1
	negative     = 2
	softmax      = 3
	oneVsAll     = 4
)

// parse reads a model. A dense input matrix of more than held bytes stays in the data, and keep is
// returned as true; else the model does not refer to them. No more is allocated than
// a small multiple of their size and 64 MiB.
func parse(data []byte, held int64) (m *Model, keep bool, err error) {
	c := &cursor{data: data, part: "the header"}
	if len(data) < 8 || c.int32() != magic {
		return nil, false, errNoModel
	}
	version := c.int32()
	if version > newest || version < 1 {
		return nil, false, fmt.Errorf("the model has version %d; versions up to %d are known", version, newest)
	}
	m = &Model{dim: int(c.int32())}
	c.take(4 * 4) // window, epochs, least count, negatives
	wordNGrams, lossName, kind, bucket := c.int32(), c.int32(), c.int32(), c.int32()
	m.grams = grams{bucket: newBuckets(uint32(bucket)), least: int(c.int32()), most: int(c.int32()), words: int(wordNGrams)}
	c.int32()
	c.float64()
	if version == 11 {
		m.grams.most = 0 // supervised models had no n-grams of characters
	}
	switch {
	case c.err != nil:
		return nil, false, c.err
	case kind != supervised:
		return nil, false, errors.New("the model holds word vectors and does not classify\nname one that \"fasttext supervised\" trained")
	case m.dim < 1 || m.dim > 1<<20:
		return nil, false, damaged("vectors of %d numbers", m.dim)
	case m.grams.most > 1000 || m.grams.words > 1000:
		return nil, false, damaged("n-grams of up to %d letters and %d words", m.grams.most, m.grams.words)
	case m.grams.needed() && bucket < 1:
		return nil, false, damaged("%d buckets for n-grams", bucket)
	}
	pairs := m.dict.parse(c)
	m.grams.first = uint32(m.dict.words())
	m.grams.parsePruned(c, pairs)

	c.part = "the input matrix"
	quantised := c.bool()
	m.input = parseMatrix(c, quantised, m.dim, held)
	read := m
	defer func() {
		if err != nil {
			_ = read.Close()
		}
	}()
	rows := int64(m.dict.words())
	switch {
	case c.err != nil:
		return nil, false, c.err
	case m.grams.pruned != nil && !quantised:
		return nil, false, errors.New("the model is pruned and not quantised, as versions of fastText before 2017-12 wrote them\ntrain or get it again")
	case m.grams.pruned != nil:
		rows += m.grams.pruned.rows
	case pairs < 0 && m.grams.needed():
		rows += int64(bucket)
	}
	if int64(m.input.rows) < rows {
		return nil, false, damaged("an input matrix of %d rows where words and n-grams are %d", m.input.rows, rows)
	}
	m.input.expand()

	c.part = "the output matrix"
	m.output = parseMatrix(c, c.bool() && quantised, m.dim, math.MaxInt64)
	output := &m.output
	if c.err == nil && output.rows < len(m.dict.labels) {
		c.err = damaged("an output matrix of %d rows for %d labels", output.rows, len(m.dict.labels))
	}
	if c.err == nil {
		m.loss, c.err = newLoss(lossName, output, m.dict.counts)
	}
	if lossName != hierarchical { // the loss has a copy
		_ = output.close()
		*output = matrix{}
	}
	return m, m.input.mapped, c.err
}

// damaged says that a file holds what no model has.
func damaged(format string, args ...any) error {
	return fmt.Errorf("the model is damaged: it has "+format+"\nget it again", args...)
}
