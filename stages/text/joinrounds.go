package text

import (
	"context"
	"encoding/binary"
	"iter"
	"math"

	"sluice/stages"
)

// rowsTable is the table that the first round makes. It has a note about each segment of which something is to become:
//
//	goes, the ID of the segment whose row takes it, and its place in the row, from 1, or
//	takes, the number of its row in the document, and the length of it
//
// one byte, and twice 8, big endian.
func (j *joinDocuments) rowsTable() string { return j.Name() + ".rows" }

const (
	goes = iota
	takes
	rowNote = 1 + 2*8
)

// Rounds are two: by document, and by the row that takes texts.
func (j *joinDocuments) Rounds() []stages.Round {
	t := j.Tables()
	return []stages.Round{
		{Name: j.Name() + ": documents", Makes: j.rowsTable(), Given: []string{t.Notes}, Run: j.share},
		{Name: j.Name() + ": texts", Makes: t.Apply, Given: []string{j.rowsTable()}, Run: j.send},
	}
}

// renumbers says that the numbers of segments become those of rows.
func (j *joinDocuments) renumbers() bool { return j.table.MaxLength > 0 && !j.table.Drop }

// share shares out the segments of each document to rows. It asks under the high half of the hash of the document's id, in
// the order of the numbers; the payload is the low half, and the length.
func (j *joinDocuments) share(ctx context.Context, m stages.Meeting) (stages.Notes, error) {
	var payload []byte
	ask := func(ask func(stages.Question) error) error {
		return m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
			s, err := takeSegment(notes[0][0].Payload)
			if err != nil {
				return err
			}
			payload = appendPair(payload[:0], s.low, math.Float64bits(s.length))
			return ask(stages.Question{Key: s.high, Order: s.order, Sample: id, Payload: payload})
		}, j.Tables().Notes)
	}
	return m.ByKey(ctx, stages.ByKey{Ask: ask, Judge: j.judge, Shared: !j.renumbers()})
}

func appendPair(b []byte, x, y uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, x), y)
}

func pair(p []byte) (x, y uint64) { return binary.BigEndian.Uint64(p), binary.BigEndian.Uint64(p[8:]) }

// A row is one of a document, the last so far.
type row struct {
	document uint64 // low half of the hash of its id
	first    stages.ID
	order    uint64 // of the first
	segments uint64
	number   int64 // among the rows of the document
	length   float64
}

// judge fills one row of each document after the other.
func (j *joinDocuments) judge(_ context.Context, _ uint64, questions iter.Seq[stages.Question], answer func(stages.Note) error) error {
	var rows []row // more than one only where 64 bits collide
	for q := range questions {
		document, bits := pair(q.Payload)
		length := math.Float64frombits(bits)
		fresh := row{document: document, first: q.Sample, order: q.Order, segments: 1, length: length}
		r := rowOf(rows, document)
		if r == nil {
			rows = append(rows, fresh)
			continue
		}
		if sum, fits := j.table.with(r.length, length); fits {
			note := appendPair([]byte{goes}, uint64(r.first), r.segments)
			if err := answer(stages.Note{Sample: q.Sample, Payload: note}); err != nil {
				return err
			}
			r.length = sum
			r.segments++
			continue
		}
		if err := j.end(r, answer); err != nil {
			return err
		}
		fresh.number = r.number + 1
		*r = fresh
	}
	for i := range rows {
		if err := j.end(&rows[i], answer); err != nil {
			return err
		}
	}
	return nil
}

// rowOf returns the row of a document, nil if it has none yet.
func rowOf(rows []row, document uint64) *row {
	for i := range rows {
		if rows[i].document == document {
			return &rows[i]
		}
	}
	return nil
}

// end tells the first segment of a row what becomes of it. One that stays as it is hears nothing.
func (j *joinDocuments) end(r *row, answer func(stages.Note) error) error {
	if r.segments == 1 && !(j.renumbers() && numberOf(r.order) != r.number) {
		return nil
	}
	note := appendPair([]byte{takes}, uint64(r.number), math.Float64bits(r.length))
	return answer(stages.Note{Sample: r.first, Payload: note})
}

// send sends the texts of segments that go to those whose rows take them. It asks under the ID of these: they themselves first, then
// each part of the text of each segment, in the order of their places. Payloads of the others are notes with parts of a text.
func (j *joinDocuments) send(ctx context.Context, m stages.Meeting) (stages.Notes, error) {
	ask := func(ask func(stages.Question) error) error {
		return m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
			if len(notes[0]) == 0 {
				return nil
			}
			p := notes[0][0].Payload
			if len(p) != rowNote || len(notes[1]) < 2 {
				return errSegment
			}
			if p[0] == takes {
				return ask(stages.Question{Key: stages.Mix64(uint64(id)), Sample: id, Payload: p[1:]})
			}
			to, place := pair(p[1:])
			for _, n := range notes[1][1:] {
				if err := ask(stages.Question{Key: stages.Mix64(to), Order: place, Sample: id, Payload: n.Payload}); err != nil {
					return err
				}
			}
			return nil
		}, j.rowsTable(), j.Tables().Notes)
	}
	return m.ByKey(ctx, stages.ByKey{Ask: ask, Judge: pass})
}

// Answers about the row that takes texts begin with a number, 8 bytes, big endian. That of number 0 goes on with the number and the
// length of the row, 8 bytes each. The others hold parts of texts: a byte which is 1 where a segment begins, and
// bytes of it. The answer to a segment that goes is empty.
const (
	headAnswer  = 3 * 8
	chunkAnswer = 8 + 1
)

// pass passes the texts on that the questions bring. Its first question is of the segment that takes them:
// Mix64 gives no two IDs one key.
func pass(_ context.Context, _ uint64, questions iter.Seq[stages.Question], answer func(stages.Note) error) error {
	var to stages.ID
	var payload []byte
	n := uint64(0)
	for q := range questions {
		payload = binary.BigEndian.AppendUint64(payload[:0], n)
		n++
		if q.Order == 0 {
			to = q.Sample
			payload = append(payload, q.Payload...)
		} else {
			begins := byte(0)
			if binary.BigEndian.Uint32(q.Payload) == 1 {
				begins = 1
				if err := answer(stages.Note{Sample: q.Sample}); err != nil {
					return err
				}
			}
			payload = append(append(payload, begins), q.Payload[numberSize:]...)
		}
		if err := answer(stages.Note{Sample: to, Payload: payload}); err != nil {
			return err
		}
	}
	return nil
}

// takeHead reads the answer with the number and the length of a row.
func takeHead(p []byte) (number int64, length float64, err error) {
	if len(p) != headAnswer || binary.BigEndian.Uint64(p) != 0 {
		return 0, 0, errSegment
	}
	n, bits := pair(p[8:])
	return int64(n), math.Float64frombits(bits), nil
}

// takeChunk reads an answer with a part of a text.
func takeChunk(p []byte) (begins bool, chunk []byte, err error) {
	if len(p) < chunkAnswer {
		return false, nil, errSegment
	}
	return p[8] == 1, p[chunkAnswer:], nil
}
