package format

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"sluice/stages"
)

// ColumnsOf returns the columns that the first rows of a shard of JSONL have, and those nested in
// them with dots, sorted: what a message lists for a column that is missing. It
// returns none where they cannot be read.
func ColumnsOf(ctx context.Context, s *stages.Shard) []string {
	if s.Format != "jsonl" {
		return nil
	}
	src, err := NewSource("jsonl", stages.DefaultRead(), nil, Options{Checked: true, ReadBytes: 1 << 20})
	if err != nil {
		return nil
	}
	in, err := src.Open(ctx, s, &stages.Block{Length: s.Size, Bytes: s.Size})
	if err != nil {
		return nil
	}
	defer in.Close()
	_, decode, err := in.Next(ctx)
	if err != nil {
		return nil
	}
	b, err := decode()
	if err != nil {
		return nil
	}
	defer Release(b)
	const enough = 100 // rows
	o := b.Origin.(*rows)
	found := map[string]bool{}
	for i := range min(b.Len(), enough) {
		nameKeys(found, "", o.row(i), 0)
	}
	return slices.Sorted(maps.Keys(found))
}

// nameKeys notes the keys of an object and of the objects in it.
func nameKeys(found map[string]bool, prefix string, value []byte, depth int) {
	const deepest = 3
	var object map[string]json.RawMessage
	if depth == deepest || json.Unmarshal(value, &object) != nil {
		return
	}
	for key, inner := range object {
		found[prefix+key] = true
		nameKeys(found, prefix+key+".", inner, depth+1)
	}
}
