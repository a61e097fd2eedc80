package dedup

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"sluice/stages"
)

func compareNotes(a, b stages.Note) int {
	return cmp.Or(cmp.Compare(a.Sample, b.Sample), bytes.Compare(a.Payload, b.Payload))
}

// A graph is what settling is given: samples that are ranked by order and then by
// number, and edges between them.
type graph struct {
	order  []uint64
	edges  []edge
	reps   map[int]int // samples that have the shingles of another
	keeper []int
	sizes  map[int]uint64 // of clusters, by keeper
}

// An edge says how many shingles two samples have in common, and how many in all.
type edge struct{ worse, better, common, all int }

func (g *graph) before(a, b int) bool {
	if g.order[a] != g.order[b] {
		return g.order[a] < g.order[b]
	}
	return a < b
}

// add adds an edge between two samples.
func (g *graph) add(a, b, common, all int) {
	if g.before(a, b) {
		a, b = b, a
	}
	g.edges = append(g.edges, edge{a, b, common, all})
}

// id spreads samples over three blocks, in their order.
func (g *graph) id(i int) stages.ID {
	third := len(g.order)/3 + 1
	return stages.MakeID(i/third, int64(i%third))
}

func (g *graph) number(id stages.ID) int { return id.Block()*(len(g.order)/3+1) + int(id.Row()) }

// solve finds the keepers by looking at one sample after the other in keep order.
func (g *graph) solve() {
	g.keeper = slices.Repeat([]int{-1}, len(g.order))
	lists := make([][]edge, len(g.order))
	for _, e := range g.edges {
		lists[e.worse] = append(lists[e.worse], e)
	}
	order := make([]int, len(g.order))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if g.before(a, b) {
			return -1
		}
		return 1
	})
	for _, i := range order {
		var best *edge
		for _, e := range lists[i] {
			if g.keeper[e.better] >= 0 {
				continue
			}
			if best == nil || e.common*best.all > best.common*e.all || e.common*best.all == best.common*e.all && g.before(e.better, best.better) {
				best = &e
			}
		}
		if best != nil {
			g.keeper[i] = best.better
		}
	}
	for i, r := range g.reps {
		if g.keeper[i] = r; g.keeper[r] >= 0 {
			g.keeper[i] = g.keeper[r]
		}
	}
}

// tables are those that the rounds before the settling of a wave make: edges are
// dealt out to the waves, and some come in two.
func (g *graph) tables(waves int) map[string][]stages.Note {
	tables := map[string][]stages.Note{}
	for n, e := range g.edges {
		p := appendLink(nil, g.id(e.better), g.order[e.better], g.order[e.worse])
		p = binary.AppendUvarint(binary.AppendUvarint(p, uint64(e.common)), uint64(e.all))
		name := fmt.Sprint("fuzzy.edges", 1+n%waves)
		tables[name] = append(tables[name], stages.Note{Sample: g.id(e.worse), Payload: p})
	}
	for i, r := range g.reps {
		tables["fuzzy.same"] = append(tables["fuzzy.same"], stages.Note{Sample: g.id(i), Payload: appendID(nil, g.id(r))})
	}
	for _, list := range tables {
		slices.SortFunc(list, compareNotes)
	}
	return tables
}

// settler is the last wave.
func settler(t testing.TB, wave int) *sets {
	parts, err := NewFuzzy(stages.Common{Name: "fuzzy", Column: "text"}, DefaultFuzzy())
	if err != nil {
		t.Fatal(err)
	}
	return parts[wave].(*sets)
}

// check settles the graph on one rank with room for so many bytes.
func (g *graph) check(t *testing.T, name string, wave int, room int64) {
	t.Helper()
	g.solve()
	m := &meeting{tables: g.tables(wave), room: room}
	notes, err := settler(t, wave).settle(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	list, err := read(notes)
	if err != nil {
		t.Fatal(err)
	}
	g.verify(t, name, list)
}

// size counts a keeper and those that go for its sake.
func (g *graph) size(keeper int) uint64 {
	if g.sizes == nil {
		g.sizes = map[int]uint64{}
		for _, k := range g.keeper {
			g.sizes[k]++
		}
	}
	return 1 + g.sizes[keeper]
}

// verify holds verdicts against the keepers that were found.
func (g *graph) verify(t *testing.T, name string, verdicts []stages.Note) {
	t.Helper()
	got, told, sizes := slices.Repeat([]int{-1}, len(g.order)), map[int]bool{}, map[int]uint64{}
	for i, n := range verdicts {
		if i > 0 && compareNotes(verdicts[i-1], n) >= 0 {
			t.Fatalf("%s: verdict %v comes after %v", name, n, verdicts[i-1])
		}
		if v := verdict(n.Payload); !v.gone() {
			told[g.number(n.Sample)] = true
			sizes[g.number(n.Sample)] = v.size()
			continue
		}
		got[g.number(n.Sample)] = g.number(verdict(n.Payload).keeper())
		if common, all, size := verdict(n.Payload).numbers(); size != g.size(g.keeper[g.number(n.Sample)]) {
			t.Fatalf("%s: sample %d is in a cluster of %d", name, g.number(n.Sample), size)
		} else if common == 0 || all < common {
			t.Fatalf("%s: sample %d shares %d of %d", name, g.number(n.Sample), common, all)
		}
	}
	keepers := map[int]bool{}
	for _, k := range g.keeper {
		keepers[k] = true
	}
	for k := range told {
		if sizes[k] != g.size(k) {
			t.Errorf("%s: the cluster of %d has %d, want %d", name, k, sizes[k], g.size(k))
		}
		if !keepers[k] {
			t.Errorf("%s: %d was told that it is a keeper", name, k)
		}
	}
	wrong := 0
	for i, k := range g.keeper {
		if got[i] != k {
			if wrong++; wrong < 5 {
				t.Errorf("%s: the keeper of %d is %d, want %d", name, i, got[i], k)
			}
		}
		if k >= 0 && !told[k] {
			t.Errorf("%s: %d was not told that it is a keeper", name, k)
		}
	}
}

// A few samples, and chance.
func randomGraph(r *rand.Rand, n, edges int) *graph {
	g := &graph{reps: map[int]int{}}
	for range n {
		g.order = append(g.order, r.Uint64N(1+uint64(n/2)))
	}
	seen := map[[2]int]bool{}
	for range edges {
		a, b := r.IntN(n), r.IntN(n)
		if a == b || seen[[2]int{a, b}] || seen[[2]int{b, a}] {
			continue
		}
		seen[[2]int{a, b}] = true
		all := 1 + r.IntN(4)
		g.add(a, b, 1+r.IntN(all), all)
	}
	// Some samples have no edge of their own, but the shingles of one that may have.
	for i := range n {
		if r.IntN(5) == 0 && !slices.ContainsFunc(g.edges, func(e edge) bool { return e.worse == i || e.better == i }) {
			if k := r.IntN(n); g.reps[k] == 0 && k != i && k > 0 && g.before(k, i) {
				if _, also := g.reps[k]; !also {
					g.reps[i] = k
				}
			}
		}
	}
	for i := range g.reps { // who stands for others stands for itself
		delete(g.reps, g.reps[i])
	}
	return g
}

// With no room all is settled in steps; with some, one rank finishes after as many
// steps as it takes; with much, at once. All give the same.
func TestSettleRandomGraphs(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 7))
		n := 2 + r.IntN(90)
		g := randomGraph(r, n, r.IntN(3*n))
		for _, room := range []int64{0, perEdge, 5 * perEdge, 20 * perEdge, 60 * perEdge, 1 << 30} {
			g.check(t, fmt.Sprintf("seed %d, room %d", seed, room), 1+int(seed%3), room)
		}
	}
}

func TestSettleShapes(t *testing.T) {
	shapes := map[string]*graph{}
	for name, build := range map[string]func(g *graph){
		"chain": func(g *graph) {
			for i := range 99 {
				g.add(i, i+1, 9, 10)
			}
		},
		"star around the best": func(g *graph) {
			for i := range 99 {
				g.add(0, i+1, 9, 10)
			}
		},
		"star around the worst": func(g *graph) {
			for i := range 99 {
				g.add(99, i, 1+i%9, 10)
			}
		},
		"two stars that share their leaves": func(g *graph) {
			for i := 2; i < 100; i++ {
				g.add(0, i, 8, 10)
				g.add(1, i, 9, 10)
			}
		},
		"clique": func(g *graph) {
			for i := range 40 {
				for j := range i {
					g.add(i, j, 1+(i*j)%9, 10)
				}
			}
		},
		"circle": func(g *graph) {
			for i := range 100 {
				g.add(i, (i+1)%100, 4, 5)
			}
		},
		"nothing": func(*graph) {},
	} {
		g := &graph{order: make([]uint64, 100)}
		build(g)
		shapes[name] = g
		down := &graph{} // the same, the other way round
		for i := range 100 {
			down.order = append(down.order, uint64(100-i))
		}
		build(down)
		shapes[name+", turned"] = down
	}
	for name, g := range shapes {
		for _, room := range []int64{0, 3 * perEdge, 50 * perEdge, 1 << 30} {
			for wave := 1; wave <= maxWaves; wave++ {
				g.check(t, fmt.Sprintf("%s, room %d, wave %d", name, room, wave), wave, room)
			}
		}
	}
}

// A chain of 100,000: every other sample stays.
func TestSettleLongChain(t *testing.T) {
	n := 100_000
	if UnderRace {
		n = 10_000
	}
	g := &graph{order: make([]uint64, n)}
	for i := range n - 1 {
		g.add(i, i+1, 9, 10)
	}
	g.check(t, "chain", 1, 1<<30)
	for i, k := range g.keeper {
		if want := []int{-1, i - 1}[i%2]; k != want {
			t.Fatalf("the keeper of %d is %d", i, k)
		}
	}
	// Some steps before one rank finishes.
	g.check(t, "chain, little room", 1, int64(n-10)*perEdge)
}

func FuzzVerdict(f *testing.F) {
	f.Add(uint64(5), uint64(3), uint64(9), uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, aOrder, own, common, all uint64) {
		shares := binary.AppendUvarint(binary.AppendUvarint(nil, common), all)
		l := link(append(appendLink(nil, stages.ID(a), aOrder, own), shares...))
		if l.to() != stages.ID(a) || l.toOrder() != aOrder || l.ownOrder() != own {
			t.Errorf("%x is a link to %v, %d, %d", []byte(l), l.to(), l.toOrder(), l.ownOrder())
		}
		v := verdict(appendVerdict(nil, l.to(), l[linkSize:]))
		v = binary.AppendUvarint(v, own)
		if c, n, size := v.numbers(); !v.gone() || v.keeper() != stages.ID(a) || c != common || n != all || size != own {
			t.Errorf("%x is a verdict for %v, %d of %d, in a cluster of %d", []byte(v), v.keeper(), c, n, size)
		}
	})
}
