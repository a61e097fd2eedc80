package mpi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// A RankError is the failure of one rank, as every rank reports it.
type RankError struct {
	Rank, Size int
	Host       string
	Text       string // the error of the rank that failed
	Err        error  `json:"-"` // the same as a value, on the rank itself; nil elsewhere
}

func (e *RankError) Error() string {
	if e.Size <= 1 {
		return e.Text
	}
	return fmt.Sprintf("%s\nrank %d of %d on %s failed; the others stopped with it", e.Text, e.Rank, e.Size, e.Host)
}

func (e *RankError) Unwrap() error { return e.Err }

// Agree returns nil if err is nil on all ranks. Otherwise all ranks get the
// *[RankError] of the lowest rank that failed, or ErrStopped if no rank failed and
// some rank passed ErrStopped. An error that ranks have agreed on before stays as
// it is. It is collective: before entering a
// collective that another rank may not reach, agree that all are well.
func Agree(ctx context.Context, c Comm, err error) error {
	const stopped, fine = 1 << 32, 1 << 33
	v := []uint64{fine}
	switch {
	case errors.Is(err, ErrStopped):
		v[0] = stopped
	case err != nil:
		v[0] = uint64(c.Rank())
	}
	if e := c.AllReduce(ctx, v, Min); e != nil {
		return e
	}
	switch v[0] {
	case fine:
		return nil
	case stopped:
		return ErrStopped
	}
	root := int(v[0])
	own, agreed := errors.AsType[*RankError](err)
	if !agreed {
		who := c
		if l, ok := c.(*lane); ok {
			who = l.parent
		}
		own = &RankError{Rank: who.Rank(), Size: who.Size(), Host: c.Host(), Err: err}
		if err != nil {
			own.Text = err.Error()
		}
	}
	p, e := json.Marshal(own)
	if e != nil {
		return e
	}
	if p, e = c.Bcast(ctx, p, root); e != nil {
		return e
	}
	if c.Rank() == root || agreed {
		return own
	}
	their := new(RankError)
	if e := json.Unmarshal(p, their); e != nil {
		return fmt.Errorf("mpi: broken report from rank %d: %w", root, e)
	}
	return their
}
