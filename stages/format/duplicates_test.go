package format

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestTable(t *testing.T) {
	similarity := float32(0.875)
	var want []Duplicate
	for i := range 2*tableRows + 5 {
		d := Duplicate{ID: fmt.Sprint("id", i), Shard: "a/b.jsonl", Row: int64(i), Stage: "near", Group: "g:1", KeeperID: "k", KeeperShard: "c.jsonl", KeeperRow: 7, Keeper: "c.jsonl:7"}
		if i%2 == 0 {
			d.Similarity = &similarity
		}
		want = append(want, d)
	}
	var files [2]bytes.Buffer
	for i := range files {
		w, err := NewTable(&files[i])
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range want {
			if err := w.Write(d); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0].Bytes(), files[1].Bytes()) {
		t.Error("the same rows gave different bytes")
	}
	path := filepath.Join(t.TempDir(), "t.parquet")
	if err := os.WriteFile(path, files[0].Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	var got []Duplicate
	for d, err := range ReadTable(path) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, d)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %d rows, wrote %d, or they differ", len(got), len(want))
	}
}
