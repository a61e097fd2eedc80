package format

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"sluice/stages"
)

// removedOf changes the text of each row and returns it as AppendRemoved writes it.
func removedOf(t *testing.T, src stages.Source, s *stages.Shard, why Reason) string {
	t.Helper()
	blocks, err := src.Blocks(context.Background(), s, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for i := range blocks {
		err := readBlock(t, src, s, &blocks[i], func(b *stages.Batch) {
			b.Add("added")
			for i := range b.Keep {
				if !b.Keep[i] {
					continue
				}
				if c := b.Column("text"); c != nil {
					c.SetText(i, []byte("changed"))
				}
				if out, err = AppendRemoved(out, b, i, why); err != nil {
					t.Fatal(err)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(string(out)) {
		var row map[string]any
		d := json.NewDecoder(strings.NewReader(line))
		if err := d.Decode(&row); err != nil || d.More() {
			t.Errorf("%v in %s", err, line)
		}
	}
	return string(out)
}

func TestRemovedRowsOfJSONL(t *testing.T) {
	in := "\xef\xbb\xbf {\"text\" : \"a\\u0041\"}\r\n\n" +
		"\t{\"text\":\"b\", \"stage\":null , \"x\":{\"score\":1} }\n" +
		`{"sc\u006fre":1,"keeper":2,"text":"c"}`
	want := "{\"text\" : \"a\\u0041\",\"stage\":\"near\",\"score\":0.85,\"keeper\":\"s:1\"}\r\n" +
		"\t{\"text\":\"b\", \"stage\":null , \"x\":{\"score\":1} ,\"removed_stage\":\"near\",\"score\":0.85,\"keeper\":\"s:1\"}\n" +
		`{"sc\u006fre":1,"keeper":2,"text":"c","stage":"near","removed_score":0.85,"removed_keeper":"s:1"}` + "\n"
	for _, checked := range []bool{false, true} { // rows that nobody looks into are written, too
		src, _ := ends(t, stages.DefaultRead(), stages.DefaultWrite(), nil, Options{Checked: checked})
		if got := removedOf(t, src, shardOf(t, "a.jsonl", []byte(in)), Reason{Stage: "near", Score: 0.85, Keeper: "s:1"}); got != want {
			t.Errorf("checked %v: got %q\nwant %q", checked, got, want)
		}
	}
}

func TestRemovedRowsOfParquet(t *testing.T) {
	type row struct {
		Stage int64              `parquet:"stage"`
		Text  string             `parquet:"text"`
		Tags  []string           `parquet:"tags,list"`
		Meta  struct{ URL *int } `parquet:"meta"`
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b)
	if _, err := w.Write([]row{{Stage: 5, Text: "a\n\"", Tags: []string{"x", "y"}}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		columns []string
		want    string
	}{
		{nil, `{"stage":5,"text":"a\n\"","tags":["x","y"],"meta":{"URL":null},"removed_stage":"few","score":null}`},
		{[]string{"tags"}, `{"text":"a\n\"","tags":["x","y"],"stage":"few","score":null}`},
	} {
		r := stages.DefaultRead()
		r.Columns, r.Rename = c.columns, map[string]string{"tags": "labels"} // as they came: not renamed
		src, _ := parquetEnds(t, r, stages.DefaultWrite(), nil, Options{})
		if got := removedOf(t, src, shardOf(t, "a.parquet", b.Bytes()), Reason{Stage: "few", Score: math.NaN()}); got != c.want+"\n" {
			t.Errorf("got %s\nwant %s", got, c.want)
		}
	}
}

func TestRemovedDocuments(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("one\ntwo"), 0o666); err != nil {
		t.Fatal(err)
	}
	r := stages.DefaultRead()
	r.Format = "files"
	shards, _, err := List(t.Context(), []stages.Input{{Paths: []string{dir}, Read: r}})
	if err != nil {
		t.Fatal(err)
	}
	src, err := NewSource("files", r, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"a.txt","text":"one\ntwo","stage":"few","score":2}` + "\n"
	if got := removedOf(t, src, &shards[0], Reason{Stage: "few", Score: 2}); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestPackedRowsAreChecked(t *testing.T) {
	lines := bytes.Repeat([]byte("{\"text\":\"a\"}\n"), 1000)
	for _, kind := range []string{"none", "zstd", "gzip"} {
		s, err := NewRemovedSink(stages.Write{Compress: kind}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		shard := &stages.Shard{Name: "a.jsonl", Format: "jsonl"}
		packed := s.Pack([]byte("x"), lines, shard)[1:]
		if kind != "none" && len(packed) > len(lines)/10 {
			t.Errorf("%s: packed into %d bytes of %d", kind, len(packed), len(lines))
		}
		if got, err := s.Unpack(nil, packed, int64(len(lines)), shard); err != nil || !bytes.Equal(got, lines) {
			t.Errorf("%s: %d bytes, %v", kind, len(got), err)
		}
		if _, err := s.Unpack(nil, packed, int64(len(lines))-1, shard); err == nil {
			t.Errorf("%s: a wrong size is not found", kind)
		}
		if _, err := s.Unpack(nil, packed[:len(packed)-1], int64(len(lines)), shard); err == nil {
			t.Errorf("%s: a missing byte is not found", kind)
		}
	}
	if _, err := NewRemovedSink(stages.Write{Compress: "zstd", Level: 23}, Options{}); err == nil {
		t.Error("level 23 is accepted")
	}
}
