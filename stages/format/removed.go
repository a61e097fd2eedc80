package format

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"sluice/stages"
)

// A Reason says why a row was removed.
type Reason struct {
	Stage  string
	Score  float64 // NaN: none
	Keeper string  // SHARD:ROW of the sample that stays in its place; "" = none
	Part   int64   // of the row, from 1, where a stage has split it; 0 = the whole row
}

// Because returns why a stage dropped row i of b.
func Because(b *stages.Batch, i int, stage string, score float64, keeper string) Reason {
	why := Reason{Stage: stage, Score: score, Keeper: keeper}
	if n, is := b.Segment(i); is {
		why.Part = n + 1
	}
	return why
}

// reasonKeys are the keys of a reason, in order. A row that has a member of such a name
// keeps it, and the reason stands under removed_NAME.
var reasonKeys = [...]string{"stage", "score", "keeper", "segment"}

// AppendRemoved appends row i of b as it was read, whatever stages made of it, as a line of
// JSON with the reason behind its last member. A part of a row is appended as stages have made it, with the
// number of the segment, from 0: many copies of the whole are more than a disk holds. Of a row of JSONL the bytes are those that were
// read; other rows are written as they are where write.format is jsonl.
func AppendRemoved(dst []byte, b *stages.Batch, i int, why Reason) ([]byte, error) {
	if o, ok := b.Origin.(origin); ok {
		if why.Part > 0 {
			return o.appendPart(dst, b, i, why)
		}
		return o.appendRemoved(dst, i, why)
	}
	return dst, fmt.Errorf("format: cannot write a removed row of %T", b.Origin)
}

// AppendRemovedID appends a line of JSON that says which row was removed.
func AppendRemovedID(dst, id []byte, shard string, row int64, why Reason) []byte {
	o := object{dst: append(dst, '{')}
	o.key("id")
	o.dst = appendString(o.dst, id)
	o.key("shard")
	o.dst = appendString(o.dst, []byte(shard))
	o.key("row")
	o.dst = appendScalar(o.dst, stages.Scalar{Kind: stages.Int, Int: row})
	o.reason(why, func(int) bool { return false })
	return append(o.dst, "}\n"...)
}

// reason appends a reason; taken says which of its keys the object has.
func (o *object) reason(why Reason, taken func(key int) bool) {
	for k, name := range reasonKeys {
		if name == "keeper" && why.Keeper == "" || name == "segment" && why.Part == 0 {
			continue
		}
		if taken(k) {
			name = "removed_" + name
		}
		o.key(name)
		switch k {
		case 0:
			o.dst = appendString(o.dst, []byte(why.Stage))
		case 1:
			o.dst = appendFloat(o.dst, why.Score, 64)
		case 2:
			o.dst = appendString(o.dst, []byte(why.Keeper))
		default:
			o.dst = strconv.AppendInt(o.dst, why.Part-1, 10)
		}
	}
}

func (o *rows) appendRemoved(dst []byte, i int, why Reason) ([]byte, error) {
	return o.reasons.append(dst, bytes.TrimSuffix(o.row(i), newline), why)
}

func (o *rows) appendPart(dst []byte, b *stages.Batch, i int, why Reason) ([]byte, error) {
	o.splicer.reset(b, o, nil)
	var err error
	if o.reasons.line, err = o.splicer.append(o.reasons.line[:0], i); err != nil {
		return dst, err
	}
	return o.reasons.append(dst, bytes.TrimSuffix(o.reasons.line, newline), why)
}

func (t *pqRows) appendPart(dst []byte, b *stages.Batch, i int, why Reason) ([]byte, error) {
	return t.parts.appendWritten(dst, t, b, i, why)
}

func (d *docs) appendPart(dst []byte, b *stages.Batch, i int, why Reason) ([]byte, error) {
	return d.parts.appendWritten(dst, d, b, i, why)
}

// A reasoning puts reasons into rows of JSON.
type reasoning struct {
	scan *scanner // of what a row has that is named like a reason; nil until it is asked for
	line []byte
}

// appendWritten appends row i of b as it is written as JSON, with the reason.
func (r *reasoning) appendWritten(dst []byte, o rowWriter, b *stages.Batch, i int, why Reason) ([]byte, error) {
	r.line = o.appendRow(r.line[:0], b, i, nil)
	return r.append(dst, bytes.TrimSuffix(r.line, newline), why)
}

// append appends a row of JSON without its line end, with the reason.
func (r *reasoning) append(dst, row []byte, why Reason) ([]byte, error) {
	if r.scan == nil {
		var fields []field
		for _, name := range reasonKeys {
			fields = append(fields, field{name: name, path: name})
		}
		r.scan = newScanner(fields)
	}
	r.scan.arena.used = 0
	if err := r.scan.row(row); err != nil {
		return dst, err
	}
	from := 0
	if bytes.Contains(row[:r.scan.open], byteOrderMark) {
		from = r.scan.open
	}
	dst = append(dst, row[from:r.scan.close]...)
	out := object{dst: dst, any: row[lastByte(row, r.scan.close)] != '{'}
	out.reason(why, func(key int) bool { return r.scan.values[key].end > 0 })
	return append(append(out.dst, row[r.scan.close:]...), '\n'), nil
}

// lastByte returns the place of the last byte before p[end] that is not white space.
func lastByte(p []byte, end int) int {
	for end--; space(p[end:end+1], 0) > 0; end-- {
	}
	return end
}

func (t *pqRows) appendRemoved(dst []byte, i int, why Reason) ([]byte, error) {
	o := object{dst: append(dst, '{')}
	r := rowJSON{table: t, batch: new(stages.Batch), row: i} // no column of it is changed
	var taken [len(reasonKeys)]bool
	for _, top := range t.layout.schema.children {
		if !t.layout.whole(top) {
			continue
		}
		for k, name := range reasonKeys {
			taken[k] = taken[k] || top.element.Name == name
		}
		o.key(top.element.Name)
		values := make([][]parquet.Value, top.leaves)
		for k := range values {
			values[k] = t.leaves[top.leaf+k].row(i)
		}
		o.dst = r.append(o.dst, top, "", values)
	}
	o.reason(why, func(key int) bool { return taken[key] })
	return append(o.dst, "}\n"...), nil
}

// whole says that all leaves of a column are read.
func (l *layout) whole(top *pqNode) bool {
	for i := range top.leaves {
		if !l.read[top.leaf+i] {
			return false
		}
	}
	return true
}

func (d *docs) appendRemoved(dst []byte, i int, why Reason) ([]byte, error) {
	o := object{dst: append(dst, '{')}
	o.key("id")
	o.dst = appendString(o.dst, d.ids[i])
	o.key("text")
	o.dst = appendString(o.dst, d.texts[i])
	o.reason(why, func(int) bool { return false })
	return append(o.dst, "}\n"...), nil
}

// RemovedSink names and writes the files of removed rows, which are JSONL, and packs
// those rows while they wait for it. Its methods may be called by several goroutines.
type RemovedSink struct {
	*jsonlSink
	pack   *zstd.Encoder
	unpack *zstd.Decoder
}

// NewRemovedSink returns the sink of a job with such a [write] table, whose formats and
// columns do not matter.
func NewRemovedSink(w stages.Write, o Options) (*RemovedSink, error) {
	o = o.filled()
	lines, err := newJSONLSink(stages.Write{Compress: w.Compress, Level: w.Level}, nil, o)
	if err != nil {
		return nil, err
	}
	pack, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(o.Threads), zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(frameBytes), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, err
	}
	unpack, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(math.MaxInt64))
	if err != nil {
		return nil, err
	}
	return &RemovedSink{jsonlSink: lines.(*jsonlSink), pack: pack, unpack: unpack}, nil
}

// Pack appends lines of a shard to dst, compressed if its file will be.
func (s *RemovedSink) Pack(dst, lines []byte, shard *stages.Shard) []byte {
	if s.compression(shard) == "none" {
		return append(dst, lines...)
	}
	return s.pack.EncodeAll(lines, dst)
}

// Unpack returns what Pack was given, size bytes, in the memory of dst or as packed.
func (s *RemovedSink) Unpack(dst, packed []byte, size int64, shard *stages.Shard) ([]byte, error) {
	if s.compression(shard) != "none" {
		var err error
		if packed, err = s.unpack.DecodeAll(packed, dst[:0]); err != nil {
			return nil, err
		}
	}
	if int64(len(packed)) != size {
		return nil, errors.New("packed rows are of another size")
	}
	return packed, nil
}

// Lines starts a file of a shard on w. Closing it does not close w.
func (s *RemovedSink) Lines(shard *stages.Shard, w io.Writer) (io.WriteCloser, error) {
	p, err := s.Piece(shard, w)
	if err != nil {
		return nil, err
	}
	piece := p.(*jsonlPiece)
	return removedLines{piece.w, piece}, nil
}

type removedLines struct {
	*bufio.Writer
	piece *jsonlPiece
}

func (l removedLines) Close() error { return l.piece.Close() }
