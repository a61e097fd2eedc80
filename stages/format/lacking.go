package format

import (
	"context"
	"errors"
	"io"
	"slices"

	"sluice/stages"
)

// lacking returns the first column out of those that the passes of a job read that no row at the beginning of a shard has, as the
// error that the pass would end with; nil where there is none. sure says that no other row can have it: the schema says
// so, or there is no other row. Of the text column nothing is said: the first pass needs it.
func lacking(ctx context.Context, s *stages.Shard, r stages.Read, list []stages.Stage) (lost *MissingColumn, sure bool) {
	var needs []stages.Need
	for _, p := range stages.Passes(list) {
		needs = append(needs, p.Needs()...)
	}
	src, err := NewSource(s.Format, r, needs, Options{ReadBytes: 1 << 20, Cached: true})
	if err != nil {
		return nil, false
	}
	blocks, err := src.Blocks(ctx, s, stages.BlockSize([]stages.Shard{*s}))
	if err != nil || len(blocks) == 0 {
		return nil, false
	}
	in, b, err := Head(ctx, src, s, &blocks[0])
	if lost, ok := errors.AsType[*MissingColumn](err); ok {
		if lost.Column == inputName(r, r.Text) {
			return nil, false
		}
		return lost, true
	}
	if err != nil {
		return nil, false
	}
	defer in.Close()
	defer Release(b)
	names, rows := Missing(b)
	if rows == 0 || len(names) == 0 || slices.Contains(names, r.Text) {
		return nil, false
	}
	lost = Lacks(s, r, names[0])
	lost.Has = ColumnsOf(ctx, s)
	_, _, err = in.Next(ctx)
	return lost, s.Format == "files" || len(blocks) == 1 && errors.Is(err, io.EOF)
}
