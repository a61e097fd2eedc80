package format

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"sluice/stages"
)

// The text of a row is the same whether its column was read or not.
func TestText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	lines := `{"meta": {"body": "one\ntwo \u00e9"}, "id": 1}` + "\n\n" +
		`{"id": "x\u0041", "meta": {"body": "first", "body": "last"}}` + "\n"
	if err := os.WriteFile(path, []byte(lines), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, checked := range []bool{false, true} {
		for _, id := range []string{"", "id"} {
			src, err := NewSource("jsonl", stages.Read{Text: "meta.body", ID: id, Sample: 1}, nil, Options{Checked: checked})
			if err != nil {
				t.Fatal(err)
			}
			shard := &stages.Shard{Path: path, Size: int64(len(lines)), Format: "jsonl"}
			in, err := src.Open(context.Background(), shard, &stages.Block{Length: shard.Size})
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			_, decode, err := in.Next(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			b, err := decode()
			if err != nil {
				t.Fatal(err)
			}
			if (b.Column("meta.body") == nil) != checked {
				t.Error("the text column was read, or was not")
			}
			for i, want := range []string{"one\ntwo \u00e9", "", "last"} {
				if i == 1 {
					continue
				}
				if got := string(Text(b, i)); got != want {
					t.Errorf("row %d: %q, want %q", i, got, want)
				}
			}
			if id != "" && fmt.Sprintf("%s", b.RowID) != "[1  xA]" {
				t.Errorf("ids %q", b.RowID)
			}
		}
	}
}
