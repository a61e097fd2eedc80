package pipeline

import (
	"cmp"
	"encoding/binary"
	"slices"

	"sluice/stages"
)

// labels are those of the rows of a batch that are left, end to end.
type labels struct {
	bytes []byte
	ends  []int
}

// label labels the rows of a batch that are left.
func (c *mapPass) label(b *stages.Batch) (all labels, err error) {
	all.ends = make([]int, 0, b.Live())
	for i, kept := range b.Keep {
		if !kept {
			continue
		}
		if all.bytes, err = c.labeler.Label(all.bytes, b, i); err != nil {
			return all, &stages.StageError{Stage: c.labeler, Batch: b, Err: err}
		}
		all.ends = append(all.ends, len(all.bytes))
	}
	return all, nil
}

// tags are the labels of the rows of a block: each in the list once, and for each row its place
// there.
type tags struct {
	index map[string]int
	list  []stages.Label
	rows  []byte // uvarints
}

// tag adds the labels of a batch.
func (b *blockRun) tag(l labels) error {
	t, from := &b.tags, 0
	for _, end := range l.ends {
		name := l.bytes[from:end]
		from = end
		i, ok := t.index[string(name)]
		if !ok {
			if t.index == nil {
				t.index = map[string]int{}
			}
			i = len(t.list)
			t.index[string(name)] = i
			t.list = append(t.list, stages.Label{Name: string(name)})
			if len(t.list) > b.m.labeler.MaxLabels() {
				var some []string
				for _, l := range t.list[:min(len(t.list), 5)] {
					some = append(some, l.Name)
				}
				return &JobError{b.m.labeler.Many(some)}
			}
		}
		t.list[i].Rows++
		t.rows = binary.AppendUvarint(t.rows, uint64(i))
	}
	return nil
}

// folders counts the rows that have each label.
func (r *run) folders() (all []FolderReport) {
	rows := map[string]int64{}
	for _, rec := range r.records[len(r.passes)-1] {
		if rec != nil {
			for _, l := range rec.labels {
				rows[l.Name] += l.Rows
			}
		}
	}
	for name, n := range rows {
		all = append(all, FolderReport{name, n})
	}
	slices.SortFunc(all, func(x, y FolderReport) int {
		return cmp.Or(cmp.Compare(y.Rows, x.Rows), cmp.Compare(x.Folder, y.Folder))
	})
	return all
}

// endTags writes down the labels of the block, sorted by name.
func (b *blockRun) endTags() (err error) {
	if b.m.labeler == nil {
		return nil
	}
	t := &b.tags
	order := make([]int, len(t.list))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int { return cmp.Compare(t.list[x].Name, t.list[y].Name) })
	place := make([]uint64, len(order))
	for k, i := range order {
		place[i] = uint64(k)
		b.rec.labels = append(b.rec.labels, t.list[i])
	}
	if len(order) < 2 {
		return nil // all rows have the one there is
	}
	var p []byte
	for d := (decoder{p: t.rows}); len(d.p) > 0; {
		p = binary.AppendUvarint(p, place[d.uint()])
	}
	seg, err := b.openSegment(&b.segment, "pass")
	if err != nil {
		return err
	}
	b.rec.tags, err = seg.Append(p)
	return err
}
