package format

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"sluice/stages"
)

// ColumnsOf returns the columns of a shard, and those nested in them with dots, sorted: of JSONL those
// that its first rows have, of Parquet those of its schema. It returns none where they cannot be read.
func ColumnsOf(ctx context.Context, s *stages.Shard) []string {
	switch s.Format {
	case "jsonl":
		return firstKeys(ctx, s)
	case "parquet":
		return schemaNames(ctx, s)
	case "files":
		return []string{"id", "text"}
	}
	return nil
}

// schemaNames returns the names in a schema, as far as rows have one value of each.
func schemaNames(ctx context.Context, s *stages.Shard) (names []string) {
	o := Options{}.filled()
	f, err := openParquet(ctx, s, &o)
	if err != nil {
		return nil
	}
	defer f.Close()
	var walk func(prefix string, n *pqNode)
	walk = func(prefix string, n *pqNode) {
		for _, c := range n.children {
			if c.Repeated() && prefix != "" {
				continue // elements of a list
			}
			names = append(names, prefix+c.element.Name)
			walk(prefix+c.element.Name+".", c)
		}
	}
	walk("", f.schema)
	slices.Sort(names)
	return slices.Compact(names)
}

// deepest is how many names one within the other are looked for in rows.
const deepest = 3

// firstRows is how many rows of a shard are looked at.
const firstRows = 100

// firstKeys returns the keys that the first rows of a shard of JSONL have.
func firstKeys(ctx context.Context, s *stages.Shard) []string {
	src, err := NewSource("jsonl", stages.DefaultRead(), nil, Options{Checked: true, ReadBytes: 1 << 20})
	if err != nil {
		return nil
	}
	in, b, err := Head(ctx, src, s, &stages.Block{Length: s.Size, Bytes: s.Size})
	if err != nil {
		return nil
	}
	defer in.Close()
	defer Release(b)
	o := b.Origin.(*rows)
	found := map[string]bool{}
	for i := range min(b.Len(), firstRows) {
		nameKeys(found, "", o.row(i), 0)
	}
	return slices.Sorted(maps.Keys(found))
}

// nameKeys notes the keys of an object and of the objects in it.
func nameKeys(found map[string]bool, prefix string, value []byte, depth int) {
	var object map[string]json.RawMessage
	if depth == deepest || json.Unmarshal(value, &object) != nil {
		return
	}
	for key, inner := range object {
		found[prefix+key] = true
		nameKeys(found, prefix+key+".", inner, depth+1)
	}
}
