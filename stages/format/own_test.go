package format

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"sluice/stages"
)

// ownText is the [read] of a source that calls the text otherwise than the stages.
func ownText(own string) stages.Read {
	r := stages.DefaultRead()
	r.Own = own
	return r
}

// changeSecond checks the texts of a batch, and changes that of its second row.
func changeSecond(t *testing.T, want ...string) func(*stages.Batch) {
	return func(b *stages.Batch) {
		t.Helper()
		var got []string
		for _, text := range b.Column("text").Text {
			got = append(got, string(text))
		}
		if !slices.Equal(got, want) || len(b.Damaged) > 0 {
			t.Errorf("texts are %q, want %q; damaged: %v", got, want, b.Damaged)
		}
		b.Column("text").SetText(1, []byte("B\n"))
		if string(Text(b, 0)) != want[0] || string(Text(b, 1)) != "B\n" {
			t.Errorf("Text finds %q, %q", Text(b, 0), Text(b, 1))
		}
	}
}

// The text is read from the source's own column and written back there; another column
// that has the name by which stages know the text is none of theirs.
func TestOwnTextOfJSONL(t *testing.T) {
	in := `{"text":"x","article":"a\u0041","n":1}` + "\n" + `{"article":"b","text":"y","n":2}` + "\n"
	nested := `{"meta":{"article":"a","k":1},"text":"x"}` + "\n" + `{"meta":{"k":1,"article":"b"}}` + "\n"
	for _, c := range []struct {
		name, own, in, want string
		change              func(*stages.Read, *stages.Write)
	}{
		{"as it is", "article", in, `{"text":"x","article":"a\u0041","n":1}` + "\n" + `{"article":"B\n","text":"y","n":2}` + "\n", nil},
		{"nested", "meta.article", nested, strings.Replace(nested, `"b"`, `"B\n"`, 1), nil},
		{"write.columns", "article", in, `{"article":"a\u0041"}` + "\n" + `{"article":"B\n"}` + "\n",
			func(_ *stages.Read, w *stages.Write) { w.Columns = []string{"text"} }},
		{"write.drop", "article", in, `{"text":"x","n":1}` + "\n" + `{"text":"y","n":2}` + "\n",
			func(_ *stages.Read, w *stages.Write) { w.Drop = []string{"text"} }},
		{"read.columns", "article", in, `{"article":"a\u0041","n":1}` + "\n" + `{"article":"B\n","n":2}` + "\n",
			func(r *stages.Read, _ *stages.Write) { r.Columns = []string{"n"} }},
		{"read.rename", "body", in, `{"text":"x","body":"a\u0041","n":1}` + "\n" + `{"body":"B\n","text":"y","n":2}` + "\n",
			func(r *stages.Read, _ *stages.Write) { r.Rename = map[string]string{"article": "body"} }},
		{"nested in one that read.rename renames", "mm.article", nested, strings.NewReplacer(`"b"`, `"B\n"`, "meta", "mm").Replace(nested),
			func(r *stages.Read, _ *stages.Write) { r.Rename = map[string]string{"meta": "mm"} }},
	} {
		r, w := ownText(c.own), stages.DefaultWrite()
		if c.change != nil {
			c.change(&r, &w)
		}
		for _, writes := range [][]string{nil, {"text"}} { // where the source knows what stages change, and not
			src, sink := ends(t, r, w, nil, Options{Writes: writes})
			texts := []string{"aA", "b"}
			if c.in == nested {
				texts[0] = "a"
			}
			pieces, err := readBlocks(t, src, sink, shardOf(t, "a.jsonl", []byte(c.in)), 1<<20, changeSecond(t, texts...))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(join(t, sink, pieces)); got != c.want {
				t.Errorf("%s: got %s\nwant %s", c.name, got, c.want)
			}
		}
	}
	// Rows whose texts are not looked for by the pass, as of a keeper.
	src, sink := ends(t, ownText("article"), stages.DefaultWrite(), nil, Options{Checked: true})
	_, err := readBlocks(t, src, sink, shardOf(t, "a.jsonl", []byte(in)), 1<<20, func(b *stages.Batch) {
		if b.Column("text") != nil || string(Text(b, 1)) != "b" {
			t.Errorf("Text finds %q", Text(b, 1))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOwnTextOfParquet(t *testing.T) {
	type row struct {
		Text    string `parquet:"text"`
		Article string `parquet:"article"`
		N       int64  `parquet:"n"`
	}
	var b bytes.Buffer
	if err := parquet.Write(&b, []row{{"x", "a", 1}, {"y", "b", 2}}); err != nil {
		t.Fatal(err)
	}
	shard := shardOf(t, "a.parquet", b.Bytes())
	src, sink := parquetEnds(t, ownText("article"), stages.DefaultWrite(), nil, Options{})
	pieces, err := readBlocks(t, src, sink, shard, 1<<20, changeSecond(t, "a", "b"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(readNested[row](t, join(t, sink, pieces))); got != "[{x a 1} {y B\n 2}]" {
		t.Errorf("got %q", got)
	}
	w := stages.DefaultWrite()
	w.Format = "jsonl"
	src, sink = parquetEnds(t, ownText("article"), w, nil, Options{})
	if pieces, err = readBlocks(t, src, sink, shard, 1<<20, changeSecond(t, "a", "b")); err != nil {
		t.Fatal(err)
	}
	want := `{"text":"x","article":"a","n":1}` + "\n" + `{"text":"y","article":"B\n","n":2}` + "\n"
	if got := string(join(t, sink, pieces)); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	w = stages.DefaultWrite()
	w.Columns = []string{"text", "n"}
	src, sink = parquetEnds(t, ownText("article"), w, nil, Options{})
	if pieces, err = readBlocks(t, src, sink, shard, 1<<20, changeSecond(t, "a", "b")); err != nil {
		t.Fatal(err)
	}
	if got := openSchema(t, join(t, sink, pieces)).Schema().Columns(); fmt.Sprint(got) != "[[article] [n]]" {
		t.Errorf("columns %v", got)
	}
}

// A mark of the order of bytes is no part of a document.
func TestMarkedDocument(t *testing.T) {
	shard := shardOf(t, "a.jsonl", []byte("\xef\xbb\xbfone\xef\xbb\xbf"))
	shard.Format, shard.Path, shard.Files = "files", strings.TrimSuffix(shard.Path, "/a.jsonl"), []stages.File{{Name: "a.jsonl", Size: 9}}
	src, err := NewSource("files", stages.DefaultRead(), nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	sink, err := NewSink(stages.DefaultWrite(), stages.DefaultRead(), Options{Format: "jsonl"})
	if err != nil {
		t.Fatal(err)
	}
	pieces, err := readBlocks(t, src, sink, shard, 1<<20, func(*stages.Batch) {})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(join(t, sink, pieces)), "{\"id\":\"a.jsonl\",\"text\":\"one\xef\xbb\xbf\"}\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Documents have their text as "text", whatever stages call it.
func TestOwnTextOfFiles(t *testing.T) {
	shard := shardOf(t, "a.jsonl", []byte("one"))
	shard.Format, shard.Path, shard.Files = "files", strings.TrimSuffix(shard.Path, "/a.jsonl"), []stages.File{{Name: "a.jsonl", Size: 3}}
	r := ownText("text")
	r.Text = "body"
	src, err := NewSource("files", r, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	sink, err := NewSink(stages.DefaultWrite(), r, Options{Format: "jsonl"})
	if err != nil {
		t.Fatal(err)
	}
	pieces, err := readBlocks(t, src, sink, shard, 1<<20, func(b *stages.Batch) { b.Column("body").SetText(0, []byte("two")) })
	if err != nil {
		t.Fatal(err)
	}
	if got := string(join(t, sink, pieces)); got != `{"id":"a.jsonl","text":"two"}`+"\n" {
		t.Errorf("got %s", got)
	}
}

func TestOwnTextIsMissing(t *testing.T) {
	shard := shardOf(t, "a.jsonl", []byte(`{"text":"x"}`+"\n"))
	shard.Source = "wiki"
	src, sink := ends(t, ownText("article"), stages.DefaultWrite(), nil, Options{})
	_, err := readBlocks(t, src, sink, shard, 1<<20, func(b *stages.Batch) {
		if len(b.Damaged) != 1 || b.Damaged[0].Error != `column "article" is missing` {
			t.Errorf("damaged: %v", b.Damaged)
		}
		missing, _ := Missing(b)
		if e := Lacks(shard, ownText("article"), missing[0]); e.Error() != shard.Path+` of source "wiki": no column "article"` {
			t.Error(e)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := parquet.Write(&b, []struct{ Text string }{{"x"}}); err != nil {
		t.Fatal(err)
	}
	shard = shardOf(t, "a.parquet", b.Bytes())
	shard.Source = "wiki"
	src, _ = parquetEnds(t, ownText("article"), stages.DefaultWrite(), nil, Options{})
	_, err = src.Open(t.Context(), shard, &stages.Block{Length: 1})
	if _, ok := errors.AsType[*MissingColumn](err); !ok || !strings.Contains(err.Error(), `source "wiki": no column "article"`) {
		t.Error(err)
	}
	_, err = NewSource("jsonl", ownText("article"), []stages.Need{{Name: "article", Type: stages.Scalars}}, Options{})
	if err == nil || !strings.Contains(err.Error(), `the job knows as "text"`) {
		t.Error(err)
	}
}
