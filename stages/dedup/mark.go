package dedup

import "sluice/stages"

// A mark removes rows, or with action "mark" writes in a column which stay.
type mark struct{ column *stages.Column }

// newMark begins with all rows staying.
func newMark(b *stages.Batch, c stages.Common) mark {
	if c.Action != "mark" {
		return mark{}
	}
	column := b.Add(c.Name)
	for i := range column.Values {
		column.Values[i] = stages.Scalar{Kind: stages.Bool, Int: 1}
	}
	return mark{column}
}

// remove takes a row out, or marks it.
func (m mark) remove(b *stages.Batch, r stages.Removal) {
	if m.column == nil {
		b.Remove(r)
		return
	}
	m.column.Values[r.Row].Int = 0
	b.Removed = append(b.Removed, r)
}
