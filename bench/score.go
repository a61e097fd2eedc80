package bench

// A Score says how well a clustering fits the truth at a threshold.
type Score struct {
	Threshold float64
	Clustered int // documents in a cluster
	Clusters  int
	Largest   int // documents of the largest cluster
	Removed   int // documents
	Ideal     int // documents that go if each component of the true pairs keeps one

	// PairRecall is the share of true pairs that are in one cluster. It counts
	// whole bins of J: those that begin at the threshold or above it.
	PairRecall float64
	Precision  float64 // of clustered documents: share with a true partner in their cluster
	Recall     float64 // of documents with a true partner: share that is clustered
	F1         float64 // of the two

	// How many removed documents have no partner in their cluster whose J is
	// at least the threshold, 0.7, and 0.5.
	Alone, Below07, Below05 int
	// BelowKept is how many removed documents have J below the threshold to
	// the very document that stays for them.
	BelowKept int
	// Star is how many documents the exact star removes: in the order of ids,
	// each that has J of at least the threshold to an earlier one that stays. It
	// is what dedup.fuzzy aims at with keep = "first", ids being in the order of
	// rows. Missed of them were not removed; Extra others were.
	Star, Missed, Extra int
	// Left is how many documents stay although they have J of at least the
	// threshold to an earlier one that stays: what was not found, and nothing
	// that follows from it.
	Left int
	// Misstated is how many similarities the dedup gave that are off by more
	// than the truth is rounded to; of Stated, which it gave for true pairs.
	Misstated, Stated int

	Bins    []Found // true pairs by J
	Planted []Found // planted documents by kind and parameter
}

// Score compares a clustering with the truth.
func (t *Truth) Score(c *Clustering, threshold float64) *Score {
	s := &Score{Threshold: threshold, Clustered: len(c.Of), Removed: len(c.Kept)}
	sizes := map[int]int{}
	for _, cluster := range c.Of {
		sizes[cluster]++
		s.Largest = max(s.Largest, sizes[cluster])
	}
	s.Clusters = len(sizes)
	s.partners(t, c)
	s.star(t, c)
	s.Planted = t.planted(c)
	return s
}

// partners scores all that follows from the true pairs.
func (s *Score) partners(t *Truth, c *Clustering) {
	best, kept := map[int]float64{}, map[int]float64{} // J in the cluster, J to the one that stays
	wanted := map[int]bool{}
	sets := disjoint{}
	s.Bins = make([]Found, len(binEdges)-1)
	for _, p := range t.Pairs {
		bin := &s.Bins[binOf(p.J)]
		bin.Of++
		if p.J >= s.Threshold {
			wanted[p.A], wanted[p.B] = true, true
			if sets.join(p.A, p.B) {
				s.Ideal++
			}
		}
		if !c.together(p.A, p.B) {
			continue
		}
		bin.Found++
		for _, d := range [][2]int{{p.A, p.B}, {p.B, p.A}} {
			best[d[0]] = max(best[d[0]], p.J)
			if k, ok := c.Kept[d[0]]; ok && k == d[1] {
				kept[d[0]] = max(kept[d[0]], p.J)
			}
		}
	}
	s.rates(c, wanted, best)
	for id, keeper := range c.Kept {
		s.Alone += less(best[id], s.Threshold)
		s.Below07 += less(best[id], 0.7)
		s.Below05 += less(best[id], 0.5)
		s.BelowKept += less(kept[id], s.Threshold)
		if said, ok := c.Similarity[id]; ok && keeper != id && kept[id] > 0 {
			s.Stated++
			s.Misstated += less(0.000051, max(said-kept[id], kept[id]-said))
		}
	}
}

// rates fills in recall of pairs, precision and recall of documents.
func (s *Score) rates(c *Clustering, wanted map[int]bool, best map[int]float64) {
	var pairs, right, reached Found
	for i := range s.Bins {
		s.Bins[i].Name = binName(i)
		if binEdges[i] >= s.Threshold {
			pairs.Found += s.Bins[i].Found
			pairs.Of += s.Bins[i].Of
		}
	}
	for id := range c.Of {
		if best[id] >= s.Threshold {
			right.Found++
		}
	}
	for id := range wanted {
		if _, ok := c.Of[id]; ok {
			reached.Found++
		}
	}
	right.Of, reached.Of = len(c.Of), len(wanted)
	s.PairRecall, s.Precision, s.Recall = pairs.Share(), right.Share(), reached.Share()
	s.F1 = 2 * s.Precision * s.Recall / max(1e-9, s.Precision+s.Recall)
}

// together says whether two documents are in one cluster.
func (c *Clustering) together(a, b int) bool {
	x, ok := c.Of[a]
	y, also := c.Of[b]
	return ok && also && x == y
}

// less is 1 if a < b, else 0.
func less(a, b float64) int {
	if a < b {
		return 1
	}
	return 0
}
