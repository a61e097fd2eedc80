package dedup

import "sluice/stages"

// A mark removes rows, or with action "mark" writes in columns what became of
// them, and leaves them all.
type mark struct {
	stays         *stages.Column
	cluster, size *stages.Column
	keeper        *stages.Column
}

// markColumns lists the columns of a dedup that marks, NAME being that of the stage:
// NAME says whether the row stays; NAME_cluster is the number of its cluster, the
// same for all rows of it, NAME_size their number, and NAME_keeper the id of the one
// that stays: the user's, or SHARD:ROW. Rows without a duplicate have no cluster.
func markColumns(c stages.Common) []string {
	return []string{c.Name, c.Name + "_cluster", c.Name + "_size", c.Name + "_keeper"}
}

// markKinds are the kinds of markColumns.
func markKinds(c stages.Common) map[string]stages.Kind {
	kinds := map[string]stages.Kind{}
	for i, name := range markColumns(c) {
		kinds[name] = []stages.Kind{stages.Bool, stages.Int, stages.Int, stages.String}[i]
	}
	return kinds
}

// newMark adds the first or all of markColumns, and begins with all rows staying.
func newMark(b *stages.Batch, c stages.Common, columns int) mark {
	var m mark
	if c.Action != "mark" {
		return m
	}
	names := markColumns(c)[:columns]
	for _, name := range names {
		b.Add(name)
	}
	m.stays = b.Column(names[0])
	if columns > 1 {
		m.cluster, m.size, m.keeper = b.Column(names[1]), b.Column(names[2]), b.Column(names[3])
	}
	for i := range m.stays.Values {
		m.stays.Values[i] = stages.Scalar{Kind: stages.Bool, Int: 1}
	}
	return m
}

// in says that a row is in the cluster of a keeper, whose id is name, or SHARD:ROW if
// that is empty.
func (m mark) in(b *stages.Batch, row int, keeper stages.ID, name []byte, size uint64) {
	if m.cluster != nil {
		if len(name) == 0 && b.Name != nil {
			name = []byte(b.Name(keeper))
		}
		m.keeper.Values[row] = stages.Scalar{Kind: stages.String, Str: name}
		m.cluster.Values[row] = stages.Scalar{Kind: stages.Int, Int: int64(keeper)}
		m.size.Values[row] = stages.Scalar{Kind: stages.Int, Int: int64(size)}
	}
}

// remove takes a row out, or marks it.
func (m mark) remove(b *stages.Batch, r stages.Removal) {
	if m.stays == nil {
		b.Remove(r)
		return
	}
	m.stays.Values[r.Row].Int = 0
	b.Removed = append(b.Removed, r)
}
