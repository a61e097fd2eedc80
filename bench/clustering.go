package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"sluice/stages/format"
)

// A Clustering is what a dedup found: documents in groups of two and more, and
// which of them it removes in favour of which.
type Clustering struct {
	Of   map[int]int // document -> a number of its cluster; alone where it is missing
	Kept map[int]int // removed document -> the document that stays for it
	// Similarity of a removed document to the kept one, as the dedup says; nil
	// where it does not say.
	Similarity map[int]float64
}

// ReadClustering reads an OUT folder of sluice, or a file of lines "id TAB
// cluster". Of a cluster in a file the document with the smallest id stays.
func ReadClustering(path string) (*Clustering, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return readOut(path)
	}
	members := map[string][]int{}
	seen := map[int]bool{}
	err = eachRow(path, 2, func(f []string) error {
		id, err := parseID(f[0])
		if err != nil {
			return err
		}
		if seen[id] {
			return fmt.Errorf("document %d is there twice", id)
		}
		seen[id] = true
		members[f[1]] = append(members[f[1]], id)
		return nil
	})
	if err != nil {
		return nil, err
	}
	c := &Clustering{Of: map[int]int{}, Kept: map[int]int{}}
	for _, m := range members {
		c.add(m)
	}
	return c, nil
}

// add notes a cluster whose first document by id stays.
func (c *Clustering) add(members []int) {
	if len(members) < 2 {
		return
	}
	kept := slices.Min(members)
	for _, id := range members {
		c.Of[id] = kept
		if id != kept {
			c.Kept[id] = kept
		}
	}
}

// readOut reads the list of duplicates of an OUT folder. All that hangs
// together by removed documents and their keepers is one cluster.
func readOut(out string) (*Clustering, error) {
	if _, err := os.Stat(filepath.Join(out, "report.json")); err != nil {
		return nil, fmt.Errorf("%w\nscore an OUT folder of a job that is done, or a file of lines: id, tab, cluster", err)
	}
	files, err := filepath.Glob(filepath.Join(out, "duplicates", "*.parquet"))
	if err != nil {
		return nil, err
	}
	c := &Clustering{Of: map[int]int{}, Kept: map[int]int{}, Similarity: map[int]float64{}}
	sets := disjoint{}
	for _, path := range files {
		for d, err := range format.ReadTable(path) {
			if err != nil {
				return nil, err
			}
			id, keeper, err := twoIDs([]string{d.ID, d.KeeperID})
			if err != nil {
				return nil, fmt.Errorf("%s: %w\nthe job needs [read] id = \"id\"", path, err)
			}
			c.Kept[id] = keeper
			if d.Similarity != nil {
				c.Similarity[id] = float64(*d.Similarity)
			}
			sets.join(id, keeper)
		}
	}
	for id := range sets {
		c.Of[id] = sets.find(id)
	}
	return c, nil
}

// disjoint is a union-find: the smallest member of a set stands for it. What
// is not in it is alone.
type disjoint map[int]int

func (s disjoint) find(x int) int {
	for {
		up, ok := s[x]
		if !ok || up == x {
			return x
		}
		if above, ok := s[up]; ok {
			s[x] = above
		}
		x = up
	}
}

// join makes one set of two, and says whether they were two.
func (s disjoint) join(a, b int) bool {
	a, b = s.find(a), s.find(b)
	if a == b {
		return false
	}
	s[a], s[b] = min(a, b), min(a, b)
	return true
}
