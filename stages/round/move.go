package round

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/spill"
)

// A Row is a row on its way to an output shard. Rows are sorted by (Key, Order, Sample, Copy),
// of which no two may be equal.
type Row struct {
	Key, Order uint64
	Sample     stages.ID
	Copy       uint32
	Bytes      []byte
}

// A row travels in parts that fit a message. The payload of a part is the copy and the
// number of the part, 4 bytes each, big endian, so that parts are sorted, and then bytes of the row.
const partHeader = 8

// RowHeader is what a row takes besides its bytes, if it fits a message.
const RowHeader = HeaderSize + partHeader

// Move lets ranks send each other rows of any length. send is given the function that sends a row to
// a rank; it copies the bytes. Then take reads, on each rank, the rows that came there, in
// order; next returns io.EOF after the last, and its bytes are good until it is called again. Neither
// may wait for other ranks. What does not fit into memory goes to scratch. Move is collective.
func (m *Meeting) Move(ctx context.Context, send func(send func(to int, row Row) error) error, take func(next func() (Row, error)) error) error {
	// One sorter in the room of two.
	rows, err := m.gather(ctx, "rows", 2*m.Budget.Sort, &m.Clock.Asked, func(r *router) error {
		n := 0
		part := r.exchange.MaxMessage() - 2*questionHeader - partHeader
		var buf []byte
		return send(func(to int, row Row) error {
			if err := m.stopped(&n); err != nil {
				return err
			}
			for i, rest := uint32(0), row.Bytes; i == 0 || len(rest) > 0; i++ {
				p := rest[:min(len(rest), part)]
				rest = rest[len(p):]
				buf = binary.BigEndian.AppendUint32(buf[:0], row.Copy)
				buf = append(binary.BigEndian.AppendUint32(buf, i), p...)
				if err := r.send(ctx, to, stages.Question{Key: row.Key, Order: row.Order, Sample: row.Sample, Payload: buf}); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	defer rows.Close()
	err = guard(func() error {
		it, err := rows.Sorted()
		if err != nil {
			return err
		}
		return take((&arriving{m: m, it: it}).next)
	})
	return mpi.Agree(ctx, m.Comm, err)
}

// arriving puts rows together of their parts.
type arriving struct {
	m     *Meeting
	it    *spill.Iter
	ahead spill.Record // the first part of the next row
	begun bool
	err   error // of the record after
	n     int
	buf   []byte
}

var errParts = errors.New("a row came without all of its parts: this is a bug")

func (a *arriving) next() (row Row, err error) {
	if err := a.m.stopped(&a.n); err != nil {
		return row, err
	}
	if !a.begun {
		a.begun = true
		a.ahead, a.err = a.it.Next()
	}
	if a.err != nil {
		return row, a.err
	}
	r := a.ahead
	row = Row{Key: r.Key, Order: r.Order, Sample: stages.ID(r.Sample)}
	a.buf = a.buf[:0]
	for part := uint32(0); ; part++ {
		if len(r.Payload) < partHeader || binary.BigEndian.Uint32(r.Payload[4:]) != part {
			return row, errParts
		}
		row.Copy = binary.BigEndian.Uint32(r.Payload)
		// It is read again before the row is taken.
		a.buf = append(a.buf, r.Payload[partHeader:]...)
		a.ahead, a.err = a.it.Next()
		if a.err != nil && !errors.Is(a.err, io.EOF) {
			return row, fmt.Errorf("%s: %w", a.m.Name, a.err)
		}
		r = a.ahead
		if a.err != nil || len(r.Payload) < partHeader || binary.BigEndian.Uint32(r.Payload[4:]) == 0 {
			row.Bytes = a.buf
			a.m.Clock.Answered.add(len(a.buf)) // a sign of life
			return row, nil
		}
	}
}
