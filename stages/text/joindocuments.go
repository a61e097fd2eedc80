package text

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/zeebo/xxh3"

	"sluice/stages"
)

// joinDocuments is text.join of segments that an earlier job has made.
//
// A pass notes each segment with its text. In a first round, by document, the segments are shared out to rows; in a
// second, by row, the texts of those that go are sent to the one that takes them. So the texts that
// stay where they are do not travel, and nobody but the rank that writes a row holds more than a segment of it.
type joinDocuments struct {
	table  Join
	common stages.Common
}

func (j *joinDocuments) Name() string { return j.common.Name }

// Gathers implements stages.Gatherer.
func (j *joinDocuments) Gathers() string { return "document_id_field" }

func (j *joinDocuments) Columns() stages.Columns {
	c := j.table.columns(j.common.Column)
	c.Reads = append(c.Reads, stages.Need{Name: j.table.DocumentField, Type: stages.Scalars})
	switch {
	case j.table.Drop:
		c.Drops = []string{j.table.SegmentField}
	case j.table.MaxLength > 0:
		c.Changes = append(c.Changes, j.table.SegmentField)
	}
	return c
}

// Tables: notes are segments, answers the texts that a row takes.
func (j *joinDocuments) Tables() stages.Tables {
	return stages.Tables{Notes: j.Name() + ".segments", Apply: j.Name() + ".texts"}
}

// A note about a segment begins with a number, 4 bytes, big endian. That of number 0 goes on with
//
//	XXH3's 128-bit hash of the document's id, number of the segment, length as the bits of a float64
//
// of 8 bytes each. The others, from 1, hold its text, so much of it that each fits a message of any exchange.
const (
	numberSize  = 4
	segmentNote = numberSize + 4*8
	chunkSize   = 7 << 10
)

// errSegment reports a note that passed its checksum and is none.
var errSegment = errors.New("a note about a segment is broken: this is a bug")

// A segment is what a note has of one besides its text.
type segment struct {
	high, low uint64 // of the hash of its document's id
	order     uint64 // sorts as the number does
	length    float64
}

func (s segment) appendTo(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint64(b, s.high)
	b = binary.BigEndian.AppendUint64(b, s.low)
	b = binary.BigEndian.AppendUint64(b, s.order)
	return binary.BigEndian.AppendUint64(b, math.Float64bits(s.length))
}

func takeSegment(p []byte) (s segment, err error) {
	if len(p) != segmentNote || binary.BigEndian.Uint32(p) != 0 {
		return s, errSegment
	}
	p = p[numberSize:]
	s.high, s.low = binary.BigEndian.Uint64(p), binary.BigEndian.Uint64(p[8:])
	s.order, s.length = binary.BigEndian.Uint64(p[16:]), math.Float64frombits(binary.BigEndian.Uint64(p[24:]))
	return s, nil
}

// orderOf returns what sorts as a number does, and numberOf the number.
func orderOf(number int64) uint64 { return uint64(number) ^ 1<<63 }
func numberOf(order uint64) int64 { return int64(order ^ 1<<63) }

// Note notes the segments among the rows, and their texts.
func (j *joinDocuments) Note(_ context.Context, b *stages.Batch, _ []stages.Note, note func(stages.Note)) error {
	text, documents := b.Column(j.common.Column), b.Column(j.table.DocumentField)
	var lengths *stages.Column
	if j.table.LengthField != "" {
		lengths = b.Column(j.table.LengthField)
	}
	var key, payload []byte
	for i, kept := range b.Keep {
		if !kept || isNone(documents.Values[i]) {
			continue
		}
		if !documents.Values[i].Exact() {
			return &stages.RowError{Batch: b, Row: i, Err: fmt.Errorf("column %q is a number too large to tell ids apart by\nwrite ids as strings", j.table.DocumentField)}
		}
		number, err := j.numberOf(b, i)
		if err != nil {
			return err
		}
		s := segment{order: orderOf(number)}
		if s.length, err = j.table.lengthOf(b, i, text, lengths); err != nil {
			return err
		}
		key = appendKey(key[:0], documents.Values[i])
		h := xxh3.Hash128(key)
		s.high, s.low = h.Hi, h.Lo
		payload = s.appendTo(payload[:0])
		note(stages.Note{Sample: b.ID(i), Payload: payload})
		for n, rest := uint32(1), text.Text[i]; n == 1 || len(rest) > 0; n++ {
			chunk := rest[:min(len(rest), chunkSize)]
			rest = rest[len(chunk):]
			payload = append(binary.BigEndian.AppendUint32(payload[:0], n), chunk...)
			note(stages.Note{Sample: b.ID(i), Payload: payload})
		}
	}
	return nil
}

// isNone says that a value is no id: null, or the NaN that stands for it in a column of numbers.
func isNone(v stages.Scalar) bool {
	return v.Kind == stages.Null || v.Kind == stages.Float && math.IsNaN(v.Float)
}

// appendKey appends an id so that different ones give different bytes. It is exact: [stages.Scalar.Exact].
func appendKey(dst []byte, v stages.Scalar) []byte {
	v = v.Whole()
	dst = append(dst, byte(v.Kind))
	switch v.Kind {
	case stages.String:
		return append(dst, v.Str...)
	case stages.Float:
		return binary.BigEndian.AppendUint64(dst, math.Float64bits(v.Float))
	}
	return binary.BigEndian.AppendUint64(dst, uint64(v.Int))
}

// numberOf returns the number of the segment in row i.
func (j *joinDocuments) numberOf(b *stages.Batch, i int) (int64, error) {
	v := b.Column(j.table.SegmentField).Values[i].Whole()
	if v.Kind == stages.Int {
		return v.Int, nil
	}
	is := "no whole number"
	if isNone(v) {
		is = "null"
	}
	return 0, &stages.RowError{Batch: b, Row: i, Err: fmt.Errorf("column %q is %s, and column %q says that the row is a segment\n"+
		"number the segments of a document from 0, as text.split does, or let rows that are none pass: when = \"%s != nil\"",
		j.table.SegmentField, is, j.table.DocumentField, j.table.SegmentField)}
}

// Apply gives each row the texts that it takes, and takes out those whose texts went.
func (j *joinDocuments) Apply(_ context.Context, b *stages.Batch, notes []stages.Note) error {
	for len(notes) > 0 {
		id, n := notes[0].Sample, 1
		for n < len(notes) && notes[n].Sample == id {
			n++
		}
		own := notes[:n]
		notes = notes[n:]
		i := int(id.Row() - b.First)
		switch {
		case !b.Keep[i]:
		case len(own[0].Payload) == 0:
			b.Merge(i)
		default:
			if err := j.grow(b, i, own); err != nil {
				return err
			}
		}
	}
	return nil
}

// grow makes of the first segment of a row what the notes about it say.
func (j *joinDocuments) grow(b *stages.Batch, i int, notes []stages.Note) error {
	number, length, err := takeHead(notes[0].Payload)
	if err != nil {
		return err
	}
	if j.table.MaxLength > 0 && !j.table.Drop {
		numbers := b.Column(j.table.SegmentField)
		if v := numbers.Values[i].Whole(); v.Kind != stages.Int || v.Int != number {
			numbers.Set(i, stages.Scalar{Kind: stages.Int, Int: number})
		}
	}
	if len(notes) == 1 {
		return nil
	}
	column := b.Column(j.common.Column)
	text, err := j.joined(column.Text[i], notes[1:])
	if err != nil {
		return err
	}
	column.SetText(i, text)
	if j.table.LengthField == "" {
		return nil
	}
	return b.Column(j.table.LengthField).Put(i, lengthValue(length))
}

// joined returns a new text: text, and what the notes add to it.
func (j *joinDocuments) joined(text []byte, notes []stages.Note) ([]byte, error) {
	size := len(text)
	for _, n := range notes {
		size += len(n.Payload) + len(j.table.Separator)
	}
	out := append(make([]byte, 0, size), text...)
	for _, n := range notes {
		begins, chunk, err := takeChunk(n.Payload)
		if err != nil {
			return nil, err
		}
		if begins {
			out = append(out, j.table.Separator...)
		}
		out = append(out, chunk...)
	}
	return out, nil
}
