package dedup

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"sluice/stages"
	"sluice/stages/scan"
	"sluice/stages/sketch"
)

// A doc is a text of a test, with the number that keep = max:n looks at.
type doc struct {
	text string
	n    any
}

// A truth is what dedup.fuzzy is to make of some texts, found by comparing all
// with all.
type truth struct {
	options Fuzzy
	num     uint64 // the threshold is num/1000
	docs    []doc
	sets    []map[uint64]bool
	rank    []int    // of each text in keep order
	order   []int    // texts in keep order
	like    []string // the shingles in text order, or the normalised text; equal ones are one text
	keys    [][]uint64
	sketch  [][]uint16
	keeper  []int // of each text that goes; -1 = it stays
}

func newTruth(t testing.TB, o Fuzzy, num uint64, docs []doc) *truth {
	t.Helper()
	w := &truth{options: o, num: num, docs: docs}
	normalize, err := scan.NewNormalizer(o.Normalize)
	if err != nil {
		t.Fatal(err)
	}
	shingles, err := scan.ParseShingles(o.Shingle, o.Word, normalize)
	if err != nil {
		t.Fatal(err)
	}
	fast, err := sketch.NewFast(int(o.Coordinates))
	if err != nil {
		t.Fatal(err)
	}
	bands := sketch.BandsFor(o.Threshold, int(o.Coordinates))
	if o.Bands > 0 {
		bands = sketch.Bands{Bands: int(o.Bands), Rows: int(o.Rows)}
	}
	for i, d := range docs {
		list := shingles.New().Append(nil, []byte(d.text))
		set, like := map[uint64]bool{}, fmt.Sprint(list)
		for _, s := range list {
			set[s] = true
		}
		var keys []uint64
		var coordinates []uint16
		if len(list) == 0 {
			like = "no shingle: " + strings.Join(strings.Fields(strings.ToLower(d.text)), " ")
		} else {
			coordinates = make([]uint16, o.Coordinates)
			fast.Sketch(coordinates, list)
			for b := range bands.Bands {
				keys = append(keys, bands.Key(coordinates, b))
			}
		}
		w.sets, w.like, w.keys = append(w.sets, set), append(w.like, like), append(w.keys, keys)
		w.sketch = append(w.sketch, coordinates)
		w.order, w.keeper = append(w.order, i), append(w.keeper, -1)
	}
	slices.SortStableFunc(w.order, func(a, b int) int { return w.prefer(a, b) })
	w.rank = make([]int, len(docs))
	for r, i := range w.order {
		w.rank[i] = r
	}
	return w
}

// prefer compares two texts as keep does; equal ones stay in their order.
func (w *truth) prefer(a, b int) int {
	number := func(i int) float64 {
		switch n := w.docs[i].n.(type) {
		case int:
			return float64(n)
		case float64:
			if !math.IsNaN(n) {
				return n
			}
		}
		return -1e300
	}
	switch w.options.Keep {
	case "last":
		return cmp.Compare(b, a)
	case "longest":
		return cmp.Compare(utf8.RuneCountInString(w.docs[b].text), utf8.RuneCountInString(w.docs[a].text))
	case "max:n":
		return cmp.Compare(number(b), number(a))
	}
	return cmp.Compare(a, b)
}

// shared returns how many shingles two texts have in common, and how many in all.
func (w *truth) shared(a, b int) (common, all uint64) {
	if w.like[a] == w.like[b] {
		return 1, 1
	}
	if w.options.Verify == "sketch" {
		return w.estimated(a, b)
	}
	for s := range w.sets[a] {
		if w.sets[b][s] {
			common++
		}
	}
	return common, uint64(len(w.sets[a])+len(w.sets[b])) - common
}

// estimated is what two sketches say of shared, in 65535ths of a coordinate: of 65536
// that differ one agrees by chance.
func (w *truth) estimated(a, b int) (common, all uint64) {
	if len(w.sketch[a]) == 0 || len(w.sketch[b]) == 0 {
		return 0, 1
	}
	equal := int64(0)
	for j, c := range w.sketch[a] {
		if c == w.sketch[b][j] {
			equal += 65536
		}
	}
	return uint64(max(0, equal-w.options.Coordinates)), uint64(65535 * w.options.Coordinates)
}

func (w *truth) similar(a, b int) bool {
	common, all := w.shared(a, b)
	return common > 0 && common*1000 >= w.num*all
}

// solve finds who goes, for whose sake. meet says which pairs, the better first, are compared
// at all; those of texts that others with the same shingles do not stand for.
func (w *truth) solve(meet func(better, worse int) bool) {
	first := map[string]int{}
	var kept []int
	for _, i := range w.order {
		if f, ok := first[w.like[i]]; ok {
			// It goes with the first of its kind, and for the same sake.
			if w.keeper[i] = f; w.keeper[f] >= 0 {
				w.keeper[i] = w.keeper[f]
			}
			continue
		}
		first[w.like[i]] = i
		best := -1
		var bc, ba uint64
		for _, k := range kept {
			if !meet(k, i) || !w.similar(k, i) {
				continue
			}
			if c, a := w.shared(k, i); best < 0 || c*ba > bc*a {
				best, bc, ba = k, c, a
			}
		}
		if w.keeper[i] = best; best < 0 {
			kept = append(kept, i)
		}
	}
}

// alone says that the first wave compares all texts with all that agree with them in a
// band: the buckets are small, and nobody has many partners.
func (w *truth) alone() bool {
	buckets, seen := map[uint64]int{}, map[string]bool{}
	var before []int
	for _, i := range w.order {
		if seen[w.like[i]] {
			continue
		}
		seen[w.like[i]] = true
		for _, k := range w.keys[i] {
			if buckets[k]++; buckets[k] > hubs(1)+1 {
				return false
			}
		}
		n := 0
		for _, k := range before {
			if w.inABand(k, i) {
				n++
			}
		}
		if n > (&fuzzy{}).partners(1) {
			return false
		}
		before = append(before, i)
	}
	return true
}

// missed counts the pairs of texts that stay, agree in a band and are similar, and all
// similar pairs that agree in a band, with the better one first.
func (w *truth) missed(keeper []int) (missed, pairs int) {
	for i := range w.docs {
		for k := range w.docs {
			if w.rank[k] < w.rank[i] && w.inABand(k, i) && w.similar(k, i) {
				pairs++
				if keeper[i] < 0 && keeper[k] < 0 {
					missed++
				}
			}
		}
	}
	return missed, pairs
}

// inABand says that two texts agree in a band.
func (w *truth) inABand(a, b int) bool {
	for i, k := range w.keys[a] {
		if i < len(w.keys[b]) && w.keys[b][i] == k {
			return true
		}
	}
	return false
}

// sound checks what holds whatever pairs the sketches miss: who goes is at or
// above the threshold with a text that stays and is preferred, and the similarity that is
// listed is theirs.
func (w *truth) sound(keeper []int, similarity []float32) error {
	for i, k := range keeper {
		if k < 0 {
			continue
		}
		common, all := w.shared(i, k)
		switch {
		case keeper[k] >= 0:
			return fmt.Errorf("text %d goes for the sake of %d, which goes", i, k)
		case w.rank[k] >= w.rank[i]:
			return fmt.Errorf("text %d goes for the sake of %d, which is not preferred", i, k)
		case !w.similar(i, k):
			return fmt.Errorf("text %d goes for the sake of %d, and they share %d of %d", i, k, common, all)
		case similarity[i] != float32(float64(common)/float64(all)):
			return fmt.Errorf("text %d and %d share %d of %d, listed as %v", i, k, common, all, similarity[i])
		}
	}
	return nil
}

// found returns which pairs, the better first, the tables of edges hold, and
// whether each is as all compared with all find it.
func (w *truth) found(m *meeting, first int64) (map[[2]int]bool, error) {
	pairs := map[[2]int]bool{}
	for wave := 1; wave <= maxWaves; wave++ {
		for _, n := range m.tables[fmt.Sprint("fuzzy.edges", wave)] {
			pair := [2]int{int(link(n.Payload).to().Row() - first), int(n.Sample.Row() - first)}
			common, all := shared(n.Payload[linkSize:])
			c, a := w.shared(pair[0], pair[1])
			if c != common || a != all || !w.similar(pair[0], pair[1]) || w.rank[pair[0]] >= w.rank[pair[1]] {
				return nil, fmt.Errorf("wave %d has an edge between texts %v with %d of %d, which share %d of %d", wave, pair, common, all, c, a)
			}
			if pairs[pair] {
				return nil, fmt.Errorf("wave %d has an edge between texts %v, which was found before", wave, pair)
			}
			pairs[pair] = true
		}
	}
	return pairs, nil
}

// recall returns how many texts go of those that would if all were compared with all.
func (w *truth) recall(keeper []int) float64 {
	all := *w
	all.keeper = slices.Repeat([]int{-1}, len(w.docs))
	all.solve(func(int, int) bool { return true })
	goes := func(list []int) (n float64) {
		for _, k := range list {
			if k >= 0 {
				n++
			}
		}
		return n
	}
	return goes(keeper) / max(1, goes(all.keeper))
}

// batchOf returns docs as rows 10 and on of a block.
func batchOf(docs []doc) *stages.Batch {
	var list []string
	var numbers []any
	for _, d := range docs {
		list = append(list, d.text)
		numbers = append(numbers, d.n)
	}
	return scalars(texts(list...), "n", numbers...)
}

// runFuzzy runs dedup.fuzzy on one rank in memory, and returns for each text its
// keeper, or -1, and the similarity.
func runFuzzy(t *testing.T, o Fuzzy, docs []doc) (keeper []int, similarity []float32, m *meeting) {
	t.Helper()
	b := batchOf(docs)
	m = &meeting{tables: map[string][]stages.Note{}, samples: int64(b.Len()), room: 10 * perEdge}
	apply(t, o, b, m)
	keeper, similarity = slices.Repeat([]int{-1}, len(docs)), make([]float32, len(docs))
	var keepers []int
	for _, r := range b.Removed {
		keeper[r.Row], similarity[r.Row] = int(r.Keeper.Row()-b.First), r.Similarity
		if r.Group != r.Keeper {
			t.Errorf("row %d is of group %v", r.Row, r.Group)
		}
		keepers = append(keepers, keeper[r.Row])
	}
	for i, kept := range b.Keep {
		if kept != (keeper[i] < 0) {
			t.Errorf("row %d is kept: %v, and its keeper is %d", i, kept, keeper[i])
		}
	}
	slices.Sort(keepers)
	if !slices.Equal(slices.Compact(keepers), b.Keepers) {
		t.Errorf("the keepers are %v, told were %v", keepers, b.Keepers)
	}
	return keeper, similarity, m
}

// apply runs all parts of dedup.fuzzy over one batch.
func apply(t *testing.T, o Fuzzy, b *stages.Batch, m *meeting) {
	t.Helper()
	parts, err := NewFuzzy(stages.Common{Name: "fuzzy", Column: "text"}, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		s := part.(stages.Shuffler)
		m.pass(t, s, b)
		if table := s.Tables().Apply; table != "" {
			if err := s.Apply(t.Context(), b, m.tables[table]); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A maker makes texts that resemble each other, by chance.
type maker struct{ *rand.Rand }

func (r maker) words(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("w%d", r.IntN(800))
	}
	return list
}

// mutate changes some words.
func (r maker) mutate(words []string) []string {
	words = slices.Clone(words)
	for range 1 + r.IntN(max(1, len(words)/8)) {
		i := r.IntN(len(words))
		switch r.IntN(4) {
		case 0:
			words[i] = fmt.Sprintf("w%d", r.IntN(800))
		case 1:
			if len(words) > 2 {
				words = slices.Delete(words, i, i+1)
			}
		case 2:
			words = slices.Insert(words, i, r.words(1+r.IntN(3))...)
		case 3:
			words = append(words, r.words(2)...)
		}
	}
	return words
}

// corpus makes n texts out of families of at most family members each: mutations
// of mutations, copies, texts in other letters, texts without words, turned ones.
func (r maker) corpus(n, family int) (docs []doc) {
	add := func(text string) {
		var number any
		switch r.IntN(4) {
		case 0:
			number = r.IntN(5)
		case 1:
			number = float64(r.IntN(5)) - 0.5
		case 2:
			number = math.NaN()
		}
		docs = append(docs, doc{text, number})
	}
	for len(docs) < n {
		members := [][]string{r.words(3 + r.IntN(90))}
		for range r.IntN(family) {
			w := members[r.IntN(len(members))]
			switch r.IntN(8) {
			case 0: // a copy
			case 1: // the same set of single words, other runs
				w = slices.Clone(w)
				r.Shuffle(len(w), func(i, j int) { w[i], w[j] = w[j], w[i] })
			default:
				w = r.mutate(w)
			}
			members = append(members, w)
		}
		for _, w := range members {
			text := strings.Join(w, " ")
			switch r.IntN(6) {
			case 0:
				text = strings.ToUpper(text)
			case 1:
				text = "  " + strings.ReplaceAll(text, " ", ",\n")
			}
			add(text)
		}
		switch r.IntN(4) {
		case 0:
			add([]string{"", " ", "\n \t", "!!! ?", "!!!  ? ", "…", "w1", "w2", "w1 w2", "W1  W2"}[r.IntN(10)])
		case 1: // a turn of the same circle has the same shingles
			circle := strings.Repeat(fmt.Sprintf("a b c d%d ", r.IntN(3)), 6)
			at := 2 * r.IntN(4)
			add(circle[at:] + circle[:at])
		}
	}
	r.Shuffle(len(docs), func(i, j int) { docs[i], docs[j] = docs[j], docs[i] })
	return docs
}
