package format

import (
	"bytes"
	"context"
	"testing"

	"sluice/stages"
)

// Rows that an earlier pass has checked are written as those that nobody knows
// yet, in every format, whether an id is wanted or not.
func TestCheckedRowsAreTheSame(t *testing.T) {
	dir := tree(t, map[string]string{"a.txt": "one", "b/c.txt": "two"})
	documents := stages.DefaultRead()
	documents.Format = "files"
	bundle, _, err := List(context.Background(), []stages.Input{{Paths: []string{dir}, Read: documents}})
	if err != nil {
		t.Fatal(err)
	}
	for kind, shard := range map[string]*stages.Shard{
		"jsonl":   shardOf(t, "a.jsonl", []byte("{\"text\": \"a\\n\", \"id\": 7}\r\n\n{\"id\": \"x\", \"text\": \"b\"}")),
		"parquet": shardOf(t, "a.parquet", writeNested(t, makeNested(50), 20)),
		"files":   &bundle[0],
	} {
		for _, id := range []string{"", "id"} {
			r := documents
			r.Format, r.ID = "auto", id
			var want []byte
			for _, checked := range []bool{false, true} {
				src, err := NewSource(kind, r, nil, Options{Checked: checked})
				if err != nil {
					t.Fatal(err)
				}
				w := stages.DefaultWrite()
				w.Format = map[string]string{"jsonl": "jsonl", "files": "jsonl", "parquet": "parquet"}[kind]
				sink, err := NewSink(w, r, Options{})
				if err != nil {
					t.Fatal(err)
				}
				pieces, err := readBlocks(t, src, sink, shard, 1<<20, nil)
				if err != nil {
					t.Fatalf("%s, checked %v: %v", kind, checked, err)
				}
				if !checked {
					want = join(t, sink, pieces)
				} else if got := join(t, sink, pieces); !bytes.Equal(got, want) || len(got) == 0 {
					t.Errorf("%s, id %q: checked rows give %d bytes, want %d", kind, id, len(got), len(want))
				}
			}
		}
	}
}
