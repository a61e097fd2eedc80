package format

import (
	"context"
	"slices"
	"strings"

	"sluice/stages"
)

// nested warns of the columns that a stage reads and that hold lists or objects, which count as null: in JSONL in all of the first rows that have
// the column, in Parquet by the schema. has are the columns of the shard, as the job names them. Of the text of an input nothing is
// said: its rows are damaged then.
func (c *named) nested(ctx context.Context, s *stages.Shard, r stages.Read, has []string, list []stages.Stage) {
	var names, readers []string // each column once, with the first stage that reads it
	made := []string{r.Text}
	for _, stage := range list {
		columns := stage.Columns()
		for _, n := range slices.Concat(columns.Reads, stages.Conditions(stage)) {
			written := n.Optional && slices.Contains(columns.Changes, n.Name)
			if !written && !slices.Contains(made, n.Name) && !slices.Contains(names, n.Name) {
				names, readers = append(names, n.Name), append(readers, stage.Name())
			}
		}
		made = slices.Concat(made, columns.Adds, columns.Changes)
	}
	if len(names) == 0 {
		return
	}
	var kinds []string
	switch s.Format {
	case "jsonl":
		kinds = kindsOfRows(ctx, s, r, names)
	case "parquet":
		kinds = kindsOfSchema(ctx, s, r, names)
	}
	for i, kind := range kinds {
		if kind == "" {
			continue
		}
		hint := "name a column that has one value in each row"
		if inner := inside(has, names[i]); len(inner) > 0 && kind == "an object" {
			hint = "name a column in it, with dots: " + strings.Join(inner, ", ")
		}
		c.warn("%s: column %q is %s, and counts as null where stage %q reads it\n%s", s.Path, names[i], kind, readers[i], hint)
	}
}

// inside returns a few of the columns that are nested in a column.
func inside(has []string, name string) (inner []string) {
	const enough = 5
	for _, h := range has {
		if !strings.HasPrefix(h, name+".") {
			continue
		}
		if len(inner) == enough {
			return append(inner, "...")
		}
		inner = append(inner, h)
	}
	return inner
}

// kindsOfRows says of columns whether they are "a list" or "an object" in all of the first rows of a shard of JSONL that have a
// value there; otherwise "".
func kindsOfRows(ctx context.Context, s *stages.Shard, r stages.Read, names []string) []string {
	var needs []stages.Need
	for _, name := range names {
		needs = append(needs, stages.Need{Name: name, Type: stages.Scalars, Optional: true})
	}
	src, err := NewSource(s.Format, r, needs, Options{ReadBytes: 1 << 20, Cached: true})
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
	kinds := make([]string, len(names))
	for k, name := range names {
		j := slices.IndexFunc(o.source.fields, func(f field) bool { return f.name == name })
		for i := range min(b.Len(), firstRows) {
			at := o.places[i*len(o.source.fields)+j]
			if at.end == 0 {
				continue
			}
			kind := map[byte]string{'[': "a list", '{': "an object", 'n': "null"}[o.row(i)[at.start]]
			if kind == "null" {
				continue
			}
			if kinds[k] = kind; kind == "" {
				break
			}
		}
	}
	return kinds
}

// kindsOfSchema does so for a shard of Parquet.
func kindsOfSchema(ctx context.Context, s *stages.Shard, r stages.Read, names []string) []string {
	o := Options{}.filled()
	f, err := openParquet(ctx, s, &o)
	if err != nil {
		return nil
	}
	defer f.Close()
	kinds := make([]string, len(names))
	for k, name := range names {
		path := inputName(r, name)
		if path == "" {
			continue
		}
		switch n := f.schema.find(path); {
		case n == nil:
		case n.rep > 0 || n.isList():
			kinds[k] = "a list"
		case n.isMap():
			kinds[k] = "a map"
		case !n.Leaf():
			kinds[k] = "an object"
		}
	}
	return kinds
}
