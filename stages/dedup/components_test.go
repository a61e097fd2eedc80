package dedup

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// roots returns the first in keep order of the component of each of n members.
func roots(n int, before func(a, b int) bool, edges func(link func(a, b int))) []int {
	parent := make([]int, n)
	for i := range parent {
		parent[i] = i
	}
	find := func(i int) int {
		for parent[i] != i {
			i = parent[i]
		}
		return i
	}
	edges(func(a, b int) {
		a, b = find(a), find(b)
		if before(b, a) {
			a, b = b, a
		}
		parent[b] = a
	})
	for i := range parent {
		parent[i] = find(i)
	}
	return parent
}

// Components over random graphs, whatever the room, against plain code; and where
// the keeper was compared, the similarity is theirs.
func TestComponentsOfGraphs(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 8))
		n := 2 + r.IntN(90)
		g := randomGraph(r, n, r.IntN(2*n))
		root := roots(n, g.before, func(link func(a, b int)) {
			for _, e := range g.edges {
				link(e.worse, e.better)
			}
			for i, k := range g.reps {
				link(i, k)
			}
		})
		size := map[int]uint64{}
		for _, k := range root {
			size[k]++
		}
		wave := 1 + int(seed%3)
		s := settler(t, wave)
		s.components = true
		notes, err := s.settle(t.Context(), &meeting{tables: g.tables(wave), room: int64(seed%4) * perEdge})
		list, e := read(notes)
		if err != nil || e != nil {
			t.Fatal(err, e)
		}
		got := make([]int, n)
		for i := range got {
			got[i] = i
		}
		for _, note := range list {
			i, v := g.number(note.Sample), verdict(note.Payload)
			if !v.gone() {
				if v.size() != size[i] || size[i] < 2 {
					t.Errorf("seed %d: the cluster of %d has %d, want %d", seed, i, v.size(), size[i])
				}
				continue
			}
			got[i] = g.number(v.keeper())
			common, all, n := v.numbers()
			want := edge{}
			for _, e := range g.edges {
				if e.worse == i && e.better == got[i] {
					want = e
				}
			}
			_, stood := g.reps[i]
			if n != size[got[i]] || !stood && (int(common) != want.common || int(all) != want.all) {
				t.Errorf("seed %d: %d shares %d of %d with its keeper, in a cluster of %d; want %+v and %d", seed, i, common, all, n, want, size[got[i]])
			}
		}
		if !slices.Equal(got, root) {
			t.Errorf("seed %d: components %v, want %v", seed, got, root)
		}
	}
}

// A chain and a star are the shapes that take most steps, and most questions of one key.
func TestComponentsOfShapes(t *testing.T) {
	for name, add := range map[string]func(g *graph, i int){
		"chain": func(g *graph, i int) { g.add(i, i+1, 9, 10) },
		"star":  func(g *graph, i int) { g.add(0, i+1, 9, 10) },
		"comb":  func(g *graph, i int) { g.add(i/2*2, i+1, 9, 10) },
	} {
		g := &graph{order: make([]uint64, 3000)}
		for i := range 2999 {
			add(g, i)
		}
		s := settler(t, 1)
		s.components = true
		notes, err := s.settle(t.Context(), &meeting{tables: g.tables(1)})
		list, e := read(notes)
		if err != nil || e != nil {
			t.Fatal(err, e)
		}
		for i, n := range list {
			if v := verdict(n.Payload); i == 0 && (v.gone() || v.size() != 3000) || i > 0 && (!v.gone() || g.number(v.keeper()) != 0) {
				t.Fatalf("%s: the verdict about %v is %v", name, n.Sample, v)
			}
		}
		if len(list) != 3000 {
			t.Errorf("%s: %d verdicts", name, len(list))
		}
	}
}

// Texts, by components: all that similar pairs link is one cluster, kept by the first.
func TestFuzzyComponents(t *testing.T) {
	turn, exact := 0, 0
	for _, num := range []uint64{500, 700, 800, 900} {
		for seed := range uint64(5) {
			o := settings(turn, num)
			o.Cluster = "components"
			turn++
			docs := maker{rand.New(rand.NewPCG(num, 200+seed))}.corpus(120, []int{5, 40}[seed%2])
			w := newTruth(t, o, num, docs)
			keeper, similarity, m := runFuzzy(t, o, docs)
			found, err := w.found(m, 10)
			if err != nil {
				t.Errorf("%s: %v", name(o, seed), err)
			}
			all := w.alone()
			root := roots(len(docs), func(a, b int) bool { return w.rank[a] < w.rank[b] }, func(link func(a, b int)) {
				for i := range docs {
					for k := range docs {
						if w.like[i] == w.like[k] || found[[2]int{k, i}] || all && w.inABand(k, i) && w.similar(k, i) {
							link(k, i)
						}
					}
				}
			})
			if all {
				exact++
			}
			for i, k := range keeper {
				if k < 0 {
					k = i
				}
				if k != root[i] {
					t.Fatalf("%s: text %d is kept by %d, want %d", name(o, seed), i, k, root[i])
				}
				common, all := w.shared(i, k)
				if s := similarity[i]; k != i && s == s && s != float32(float64(common)/float64(all)) {
					t.Errorf("%s: texts %d and %d share %d of %d, listed as %v", name(o, seed), i, k, common, all, s)
				}
				if k != i && math.IsNaN(float64(similarity[i])) && found[[2]int{k, i}] {
					t.Errorf("%s: texts %d and %d were compared, and have no similarity", name(o, seed), i, k)
				}
			}
		}
	}
	if exact < 4 {
		t.Errorf("%d corpora are simple: too few", exact)
	}
}
