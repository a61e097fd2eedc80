package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"sluice/mpi"
	"sluice/stages"
)

// A span is a run of consecutive blocks of one shard: what a rank takes at a
// time, and writes into one part file.
type span struct {
	first, end int // blocks
	bytes      int64
}

// spans cuts the blocks still to do of each home into spans: large ones first,
// then smaller and smaller down to a block, so that what is left at the end
// can be shared by all.
func spans(blocks []stages.Block, homes []int, todo func(block int) bool, streams int) [][]span {
	all := make([][]span, len(homes)-1)
	for k := range all {
		var left int64
		var list []int
		for b := homes[k]; b < homes[k+1]; b++ {
			if todo(b) {
				list = append(list, b)
				left += blocks[b].Bytes
			}
		}
		for i := 0; i < len(list); {
			s := span{first: list[i], end: list[i], bytes: 0}
			target := left / int64(4*streams)
			for i < len(list) && list[i] == s.end && blocks[list[i]].Shard == blocks[s.first].Shard &&
				(s.end == s.first || s.bytes+blocks[list[i]].Bytes <= target) {
				s.bytes += blocks[list[i]].Bytes
				s.end++
				i++
			}
			left -= s.bytes
			all[k] = append(all[k], s)
		}
		slices.SortStableFunc(all[k], func(a, b span) int { return cmp.Compare(b.bytes, a.bytes) })
	}
	return all
}

// warnScratch says that scratch is memory, where the input is so large that
// the sorters may need scratch.
func (r *run) warnScratch() {
	var bytes int64
	for _, b := range r.blocks {
		bytes += b.Bytes
	}
	if w := r.job.ScratchWarning(); w != "" && bytes > r.budget.Sort*int64(r.comm.Size()) {
		r.notice("%s", w)
	}
}

// work hands out the spans of a pass: first those of this rank's own home,
// then those that other ranks have not come to.
type work struct {
	comm  mpi.Comm
	name  string
	spans [][]span

	mu     sync.Mutex
	victim int // how far from this rank the home is that it takes from
}

// next returns a span, or false when all have been taken.
func (w *work) next(ctx context.Context) (span, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ; w.victim < w.comm.Size(); w.victim++ {
		home := (w.comm.Rank() + w.victim) % w.comm.Size()
		if len(w.spans[home]) == 0 {
			continue
		}
		i, err := w.comm.Next(ctx, fmt.Sprintf("%s/%d", w.name, home), 1)
		if err != nil {
			return span{}, false, err
		}
		if i < int64(len(w.spans[home])) {
			return w.spans[home][i], true, nil
		}
	}
	return span{}, false, nil
}
