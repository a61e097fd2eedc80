package corpus

import (
	"cmp"
	"maps"
	"slices"

	"sluice/stages"
)

// Of returns what arranges the output of a job: its last stage, if that is a mover; what
// [write] shard_size asks for, if it is above 0; or nil.
func Of(list []stages.Stage, shardSize int64) stages.Mover {
	if len(list) > 0 {
		if m, ok := list[len(list)-1].(stages.Mover); ok {
			return m
		}
	}
	if shardSize > 0 {
		return NewReshard()
	}
	return nil
}

// Few returns an error if there are more labels than m may have.
func Few(m stages.Mover, labels map[string]bool) error {
	l, ok := m.(stages.Labeler)
	if !ok || len(labels) <= l.MaxLabels() {
		return nil
	}
	return l.Many(slices.Sorted(maps.Keys(labels))[:min(len(labels), 5)])
}

// Labels lists labels, of which so many rows were counted, with factor times as many.
func Labels(rows map[string]int64, factor float64) []stages.Label {
	var all []stages.Label
	for name, n := range rows {
		all = append(all, stages.Label{Name: name, Rows: int64(float64(n)*factor + 0.5)})
	}
	slices.SortFunc(all, func(x, y stages.Label) int { return cmp.Compare(x.Name, y.Name) })
	return all
}
