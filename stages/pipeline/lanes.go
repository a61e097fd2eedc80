package pipeline

import (
	"context"
	"fmt"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/round"
)

// holdLanes holds a round on the lanes of this rank, each of which is a rank of it, and returns the table that
// is made, with its index. Files that lanes write have names that begin with file.
func (r *run) holdLanes(ctx context.Context, rd stages.Round, c *round.Clock, file string) (table *round.Table, index []byte, err error) {
	if err := r.agreeLanes(ctx); err != nil {
		return nil, nil, err
	}
	lanes := r.lanes
	if rd.Alone {
		lanes = 1
	}
	homes := round.Homes(r.blocks, r.comm.Size()*lanes)
	err = mpi.Lanes(r.comm, lanes, func(l mpi.Comm) error {
		m := r.meeting(rd.Name, c)
		m.Comm, m.Homes, m.Budget, m.MaxScratch = l, homes, m.Budget.Share(lanes), m.MaxScratch/int64(lanes)
		t, p, err := m.Hold(ctx, rd.Run, fmt.Sprintf("%s-%d.seg", file, l.Rank()))
		if l.Rank() == r.comm.Rank()*lanes {
			table, index = t, p // as on all others
		}
		return err
	})
	return table, index, err
}

// agreeLanes finds out how many lanes a rank has, once. It is collective.
func (r *run) agreeLanes(ctx context.Context) error {
	if r.lanes > 0 {
		return nil
	}
	own := r.opt.Lanes
	if own == 0 {
		own = r.budget.Lanes(r.job.Threads)
	}
	x := []uint64{uint64(own)}
	if err := r.comm.AllReduce(ctx, x, mpi.Min); err != nil {
		return err
	}
	r.lanes = int(x[0])
	return nil
}
