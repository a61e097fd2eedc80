package format

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/stages"
)

func TestColumnsOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	text := `{"b": 1, "a": {"x": {"y": {"z": 1}}}}` + "\n\nnot JSON\n" + `{"c": null, "a": [1]}` + "\n"
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	s := &stages.Shard{Path: path, Format: "jsonl", Size: int64(len(text))}
	if got := strings.Join(ColumnsOf(context.Background(), s), " "); got != "a a.x a.x.y b c" {
		t.Errorf("got %s", got)
	}
	s.Path += ".gone"
	if got := ColumnsOf(context.Background(), s); got != nil {
		t.Errorf("of a file that is gone: %s", got)
	}
}
