package round

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"sluice/mpi"
	"sluice/stages"
)

// compareRows is the order of rows that were moved.
func compareRows(a, b Row) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Order, b.Order), cmp.Compare(a.Sample, b.Sample), cmp.Compare(a.Copy, b.Copy))
}

// all takes all rows.
func all(next func() (Row, error)) (rows []Row, err error) {
	for {
		row, err := next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		row.Bytes = slices.Clone(row.Bytes)
		rows = append(rows, row)
	}
}

// Rows of any length, many of one place but for the copy, come whole and in order to the rank they are
// sent to, with next to no memory, whoever sends them.
func TestMove(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	var rows []Row
	for i := range 400 {
		row := Row{Key: uint64(r.IntN(7)), Order: uint64(r.IntN(3)), Sample: stages.ID(r.IntN(5)), Copy: uint32(i)}
		n := size(r, 3*message)
		if i%100 == 0 {
			n = 40 * message
		}
		row.Bytes = payload(r, n)
		rows = append(rows, row)
	}
	rows = append(rows, Row{Key: 3, Copy: 1000}) // without bytes
	for _, ranks := range []int{1, 2, 5} {
		w := newWorld(t, ranks, 3)
		got := make([][]Row, ranks)
		w.well(func(ctx context.Context, m *Meeting) error {
			return m.Move(ctx, func(send func(int, Row) error) error {
				for i, row := range rows {
					if i%ranks == m.Comm.Rank() {
						if err := send(int(row.Key)%ranks, row); err != nil {
							return err
						}
					}
				}
				return nil
			}, func(next func() (Row, error)) (err error) {
				got[m.Comm.Rank()], err = all(next)
				return err
			})
		})
		for rank, have := range got {
			var want []Row
			for _, row := range rows {
				if int(row.Key)%ranks == rank {
					want = append(want, row)
				}
			}
			slices.SortFunc(want, compareRows)
			if !slices.EqualFunc(have, want, func(a, b Row) bool { return compareRows(a, b) == 0 && slices.Equal(a.Bytes, b.Bytes) }) {
				t.Errorf("%d ranks: %d rows came to rank %d, want %d, or others", ranks, len(have), rank, len(want))
			}
		}
	}
}

// Whoever fails, on whatever rank and side, all ranks learn of it.
func TestMoveFails(t *testing.T) {
	bad := errors.New("bad")
	for _, side := range []string{"send", "take", "panic", "stop"} {
		w := newWorld(t, 3, 3)
		if side == "stop" {
			w.stopping = func(rank int) bool { return rank == 1 }
		}
		fails := func(m *Meeting, at string) error {
			if m.Comm.Rank() != 1 {
				return nil
			}
			switch side {
			case at:
				return bad
			case "panic":
				panic("broken")
			}
			return nil
		}
		for rank, err := range w.meet(func(ctx context.Context, m *Meeting) error {
			return m.Move(ctx, func(send func(int, Row) error) error {
				for i := range 2000 {
					if err := send(i%3, Row{Key: 1, Sample: stages.ID(i), Bytes: []byte(fmt.Sprint(i))}); err != nil {
						return err
					}
				}
				return fails(m, "send")
			}, func(next func() (Row, error)) error {
				if _, err := all(next); err != nil {
					return err
				}
				return fails(m, "take")
			})
		}) {
			if err == nil || side == "stop" && !errors.Is(err, mpi.ErrStopped) || (side == "send" || side == "take") && rank == 1 && !errors.Is(err, bad) {
				t.Errorf("%s: rank %d ends with %v", side, rank, err)
			}
		}
	}
}
