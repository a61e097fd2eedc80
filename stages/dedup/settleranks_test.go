package dedup

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/round"
)

// onRanks settles the graph on goroutine ranks that have room for so many edges.
func (g *graph) onRanks(t *testing.T, s *sets, ranks, edges int) []stages.Note {
	t.Helper()
	dir := t.TempDir()
	segments := filepath.Join(dir, "segments")
	if err := os.Mkdir(segments, 0o777); err != nil {
		t.Fatal(err)
	}
	tables := g.tables(s.wave)
	blocks := []stages.Block{{Bytes: 1}, {Bytes: 1}, {Bytes: 1}}
	parts := make([][]stages.Note, ranks)
	err := mpi.Local(ranks, mpi.Config{}, func(c mpi.Comm) error {
		m := &round.Meeting{
			Name: "settle", Comm: c, Homes: round.Homes(blocks, ranks), Budget: stages.Budget{Exchange: 1, Route: 1, Sort: int64(2 * edges * perEdge)},
			Segments: segments, Scratch: filepath.Join(dir, fmt.Sprint(c.Rank())), Prefix: "job", Tables: map[string]*round.Table{}, Clock: new(round.Clock),
		}
		hold := func(name string, run func(context.Context, stages.Meeting) (stages.Notes, error)) (err error) {
			m.Tables[name], _, err = m.Hold(t.Context(), run, fmt.Sprintf("%s-%d.seg", name, c.Rank()))
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(tables)) {
			err := hold(name, func(context.Context, stages.Meeting) (stages.Notes, error) {
				own := m.Sorter()
				for _, n := range tables[name] {
					if round.HomeOf(m.Homes, n.Sample.Block()) != c.Rank() {
						continue
					}
					if err := own.Add(n); err != nil {
						return nil, err
					}
				}
				return own.Sorted()
			})
			if err != nil {
				return err
			}
		}
		if err := hold("verdicts", s.settle); err != nil {
			return err
		}
		return m.Home(t.Context(), func(_ stages.ID, notes [][]stages.Note) error {
			for _, n := range notes[0] {
				parts[c.Rank()] = append(parts[c.Rank()], clone(n))
			}
			return nil
		}, "verdicts")
	})
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "?", "*")); len(left) > 0 {
		t.Errorf("%d ranks left %v", ranks, left)
	}
	return slices.Concat(parts...)
}

// Settling over ranks gives what one rank in memory gives, in steps and at once.
func TestSettleOnRanks(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 9))
		n := 2 + r.IntN(90)
		g := randomGraph(r, n, r.IntN(3*n))
		g.solve()
		s := settler(t, 1+int(seed%3))
		for _, ranks := range []int{1, 3, 5} {
			for _, edges := range []int{0, 10, 1000} {
				g.verify(t, fmt.Sprintf("seed %d, %d ranks, room for %d edges", seed, ranks, edges), g.onRanks(t, s, ranks, edges))
			}
		}
		s.components = true
		want := g.onRanks(t, s, 1, 1000)
		for _, ranks := range []int{2, 5} {
			if got := g.onRanks(t, s, ranks, 0); !slices.EqualFunc(got, want, func(a, b stages.Note) bool { return compareNotes(a, b) == 0 }) {
				t.Errorf("seed %d, components: %d verdicts on %d ranks differ from %d on one", seed, len(got), ranks, len(want))
			}
		}
	}
}
