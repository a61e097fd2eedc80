package format

import (
	"fmt"

	"sluice/stages"
)

// Place returns where row i of a batch stands in its shard: in JSONL the byte at which it
// begins, decompressed, and otherwise the number of the row. It depends neither on how
// shards are cut into blocks nor on the ranks. Parts of a row stand where it does.
func Place(b *stages.Batch, i int) int64 {
	if o, ok := b.Origin.(origin); ok {
		return o.place(b.Read(i))
	}
	return b.First + int64(b.Read(i))
}

func (o *rows) place(i int) int64   { return o.at + int64(o.start(i)) }
func (t *pqRows) place(i int) int64 { return t.first + int64(i) }
func (d *docs) place(i int) int64   { return d.first + int64(i) }

// Where says for people where row i of a batch stands: its number where that is known while
// the shard is read, the byte at which a line begins, and its id.
func Where(b *stages.Batch, i int) string {
	place := Place(b, i)
	s := fmt.Sprintf("row %d", place)
	if _, lines := b.Origin.(*rows); lines {
		if s = fmt.Sprintf("the row at byte %d", place); b.Block.Offset == 0 {
			s = fmt.Sprintf("row %d, at byte %d", b.First+int64(b.Read(i)), place)
		}
	}
	if n, is := b.Segment(i); is {
		s += fmt.Sprintf(", segment %d", n)
	}
	if b.RowID != nil && b.RowID[i] != nil {
		s += fmt.Sprintf(", id %q", b.RowID[i])
	}
	return s
}
