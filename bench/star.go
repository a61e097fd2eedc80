package bench

import (
	"maps"
	"slices"
)

// star compares what was removed with what the exact star removes.
func (s *Score) star(t *Truth, c *Clustering) {
	earlier := map[int][]int{} // document -> those before it that are like it
	for _, p := range t.Pairs {
		if p.J >= s.Threshold && p.A != p.B {
			earlier[max(p.A, p.B)] = append(earlier[max(p.A, p.B)], min(p.A, p.B))
		}
	}
	gone := map[int]bool{}
	for _, id := range slices.Sorted(maps.Keys(earlier)) {
		gone[id] = slices.ContainsFunc(earlier[id], func(e int) bool { return !gone[e] })
		if !gone[id] {
			continue
		}
		s.Star++
		if _, ok := c.Kept[id]; !ok {
			s.Missed++
		}
	}
	for id := range c.Kept {
		if !gone[id] {
			s.Extra++
		}
	}
	stays := func(id int) bool { _, removed := c.Kept[id]; return !removed }
	for id, before := range earlier {
		if stays(id) && slices.ContainsFunc(before, stays) {
			s.Left++
		}
	}
}
