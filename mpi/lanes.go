package mpi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
)

// Lanes lets n goroutines of this rank work as ranks of a communicator of n times as many: lane i of rank r is its
// rank r*n+i. So what was written for ranks uses all cores of one, and messages between processes stay as few as
// they are. main runs on each lane; Lanes returns when all have returned, and all ranks call it with the same n. c
// must not be used until then. In errors that lanes agree on, ranks are those of c.
func Lanes(c Comm, n int, main func(Comm) error) error {
	if n == 1 {
		return main(c)
	}
	if _, again := c.(*lane); again {
		return errors.New("mpi: lanes of a lane")
	}
	if n < 1 || n > maxLanes {
		return fmt.Errorf("mpi: %d lanes\nat least 1, and at most %d", n, maxLanes)
	}
	g := newGroup(n, c.Host())
	errs := g.run(main, func(i int) Comm {
		return &lane{member: &member{g: g, rank: i, dog: &watchdog{Config{}, c.Abort}}, parent: c}
	})
	if g.broken != nil {
		if err := errs[g.broken.Rank]; err != nil {
			return err
		}
		return errors.New(g.broken.Text)
	}
	return agreed(errs)
}

// maxLanes is how many a frame can name.
const maxLanes = 256

// A lane is one goroutine of a rank. Its member meets the other lanes of the rank; what they
// do together with other ranks the first of them does.
type lane struct {
	*member
	parent Comm
}

func (l *lane) Rank() int      { return l.parent.Rank()*l.g.n + l.rank }
func (l *lane) Size() int      { return l.parent.Size() * l.g.n }
func (l *lane) LocalRank() int { return l.parent.LocalRank()*l.g.n + l.rank }
func (l *lane) LocalSize() int { return l.parent.LocalSize() * l.g.n }

func (l *lane) Abort(code int, reason string) {
	l.parent.Abort(code, reason)
	os.Exit(code) // it has not come back
}

func (l *lane) Next(ctx context.Context, counter string, n int64) (int64, error) {
	return l.parent.Next(ctx, counter, n)
}

// An outcome is what the first lane has got of a collective.
type outcome struct {
	v   any
	err error
}

// together hands in v, lets the first lane do what all have come for, with what each has handed in, and
// returns what that gave.
func (l *lane) together(ctx context.Context, op string, v any, do func(parts []part) (any, error)) (any, error) {
	parts, err := l.meet(ctx, op, v)
	if err != nil {
		return nil, err
	}
	var own outcome
	if l.rank == 0 {
		own.v, own.err = do(parts)
	}
	if parts, err = l.meet(ctx, "the end of "+op, own); err != nil {
		return nil, err
	}
	first := parts[0].v.(outcome)
	if first.err != nil {
		l.breakUp(first.err)
	}
	return first.v, first.err
}

func (l *lane) Barrier(ctx context.Context) error {
	_, err := l.together(ctx, "Barrier", nil, func([]part) (any, error) { return nil, l.parent.Barrier(ctx) })
	return err
}

func (l *lane) AllReduce(ctx context.Context, x []uint64, op Op) error {
	if err := op.check(); err != nil {
		return err
	}
	sum, err := l.together(ctx, "AllReduce", slices.Clone(x), func(parts []part) (any, error) {
		all := parts[0].v.([]uint64)
		for i, p := range parts[1:] {
			v := p.v.([]uint64)
			if len(v) != len(all) {
				return nil, fmt.Errorf("mpi: AllReduce of %d values on lane 0 and %d on lane %d", len(all), len(v), i+1)
			}
			op.fold(all, v)
		}
		return all, l.parent.AllReduce(ctx, all, op)
	})
	if err == nil {
		copy(x, sum.([]uint64))
	}
	return err
}

func (l *lane) Bcast(ctx context.Context, p []byte, root int) ([]byte, error) {
	if err := checkRoot(l, root); err != nil {
		return nil, err
	}
	var own []byte
	if l.Rank() == root {
		own = slices.Clone(p)
	}
	all, err := l.together(ctx, "Bcast", own, func(parts []part) (any, error) {
		return l.parent.Bcast(ctx, parts[root%l.g.n].v.([]byte), root/l.g.n)
	})
	if err != nil || l.Rank() == root {
		return p, err
	}
	return append([]byte{}, all.([]byte)...), nil
}

func (l *lane) Gather(ctx context.Context, p []byte, root int) ([][]byte, error) {
	if err := checkRoot(l, root); err != nil {
		return nil, err
	}
	all, err := l.together(ctx, "Gather", append([]byte{}, p...), func(parts []part) (any, error) {
		var frames []byte
		for i, part := range parts {
			frames = appendFrame(frames, 0, i, part.v.([]byte))
		}
		ranks, err := l.parent.Gather(ctx, frames, root/l.g.n)
		var list [][]byte
		for _, frames := range ranks {
			for len(frames) > 0 && err == nil {
				var f frame
				f, frames, err = takeFrame(frames)
				list = append(list, f.p)
			}
		}
		return list, err
	})
	if err != nil || l.Rank() != root {
		return nil, err
	}
	return all.([][]byte), nil
}
