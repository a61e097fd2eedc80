package round

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sluice/mpi"
	"sluice/stages"
)

// A world is what the ranks of a test meet over.
type world struct {
	t          *testing.T
	ranks      int
	blocks     []stages.Block
	budget     stages.Budget
	maxScratch int64
	segments   string
	scratch    string
	clocks     []Clock
	stopping   func(rank int) bool
	files      atomic.Int64
}

func newWorld(t *testing.T, ranks, blocks int) *world {
	dir := t.TempDir()
	w := &world{
		t: t, ranks: ranks, segments: filepath.Join(dir, "segments"), scratch: filepath.Join(dir, "scratch"), clocks: make([]Clock, ranks),
		budget: stages.Budget{Exchange: 1, Route: 1, Sort: 1}, // the least of all
	}
	if err := os.Mkdir(w.segments, 0o777); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(uint64(ranks), uint64(blocks)))
	for b := range blocks {
		w.blocks = append(w.blocks, stages.Block{Index: b, Bytes: r.Int64N(1000)})
	}
	return w
}

// meet calls do on all ranks and returns what each returned. No rank may still
// wait after a minute.
func (w *world) meet(do func(ctx context.Context, m *Meeting) error) []error {
	w.t.Helper()
	ctx, cancel := context.WithTimeoutCause(w.t.Context(), time.Minute, fmt.Errorf("the ranks hang"))
	defer cancel()
	errs := make([]error, w.ranks)
	// Its result is one of errs.
	_ = mpi.Local(w.ranks, mpi.Config{}, func(c mpi.Comm) error {
		m := &Meeting{
			Name: "test", Comm: c, Homes: Homes(w.blocks, w.ranks), Budget: w.budget, Rows: 7, Segments: w.segments,
			Scratch: filepath.Join(w.scratch, fmt.Sprint(c.Rank())), Prefix: "job", MaxScratch: w.maxScratch,
			Tables: map[string]*Table{}, Clock: &w.clocks[c.Rank()],
		}
		if w.stopping != nil {
			m.Stopping = func() bool { return w.stopping(c.Rank()) }
		}
		errs[c.Rank()] = do(ctx, m)
		return errs[c.Rank()]
	})
	return errs
}

// well is meet where all is to go well; nothing is left on scratch.
func (w *world) well(do func(ctx context.Context, m *Meeting) error) {
	w.t.Helper()
	for r, err := range w.meet(do) {
		if err != nil {
			w.t.Fatalf("rank %d of %d: %v", r, w.ranks, err)
		}
	}
	w.clean()
}

// fails is meet where all ranks are to get the same error, that of one rank (-1 =
// of any), which says what is given. Nothing is left on scratch.
func (w *world) fails(do func(ctx context.Context, m *Meeting) error, rank int, says ...string) {
	w.t.Helper()
	for r, err := range w.meet(do) {
		e, ok := errors.AsType[*mpi.RankError](err)
		if !ok || rank >= 0 && e.Rank != rank {
			w.t.Errorf("rank %d of %d: error %v, want one of rank %d", r, w.ranks, err, rank)
			continue
		}
		for _, s := range says {
			if !strings.Contains(err.Error(), s) {
				w.t.Errorf("rank %d of %d: error %v, want one with %q", r, w.ranks, err, s)
			}
		}
	}
	w.clean()
}

// clean checks that nothing is left on scratch.
func (w *world) clean() {
	w.t.Helper()
	files, _ := filepath.Glob(filepath.Join(w.scratch, "*", "*"))
	if len(files) > 0 {
		w.t.Errorf("%d ranks left %v", w.ranks, files)
	}
}

// hold holds a round and puts what it makes among the tables of m.
func (w *world) hold(ctx context.Context, m *Meeting, table string, run func(context.Context, stages.Meeting) (stages.Notes, error)) error {
	n := w.files.Add(1)
	t, _, err := m.Hold(ctx, run, fmt.Sprintf("%s-%d-%d.seg", table, n, m.Comm.Rank()))
	if err == nil {
		m.Tables[table] = t
	}
	return err
}

// put makes a table of notes, each rank of those about its own samples.
func (w *world) put(ctx context.Context, m *Meeting, table string, notes []stages.Note) error {
	return w.hold(ctx, m, table, func(ctx context.Context, sm stages.Meeting) (stages.Notes, error) {
		s := sm.Sorter()
		for _, n := range notes {
			if HomeOf(m.Homes, n.Sample.Block()) != m.Comm.Rank() {
				continue
			}
			if err := s.Add(n); err != nil {
				return nil, err
			}
		}
		return s.Sorted()
	})
}

// table reads a table by Home.
func table(ctx context.Context, m stages.Meeting, name string) (list []stages.Note, err error) {
	err = m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
		for _, n := range notes[0] {
			list = append(list, stages.Note{Sample: id, Payload: slices.Clone(n.Payload)})
		}
		return nil
	}, name)
	return list, err
}
