package format

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"sluice/stages"
)

// A scoring is a stage that adds a column and drops others.
type scoring struct {
	stages.Stage
	adds  string
	drops []string
}

func (scoring) Name() string { return "s" }
func (s scoring) Columns() stages.Columns {
	return stages.Columns{Adds: []string{s.adds}, Drops: s.drops}
}

// schemaShard writes a shard with the columns id, score, text, tags and meta.url.
func schemaShard(t *testing.T) stages.Shard {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[struct {
		ID, Score int64
		Text      string
		Tags      []string `parquet:"tags,list"`
		Meta      struct{ URL *string }
	}](&b)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.parquet")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return stages.Shard{Path: path, Format: "parquet", Size: int64(b.Len())}
}

func TestColumnsOfParquet(t *testing.T) {
	s := schemaShard(t)
	if got := strings.Join(ColumnsOf(context.Background(), &s), " "); got != "ID Meta Meta.URL Score Text tags" {
		t.Errorf("got %s", got)
	}
}

// Of an input that cannot be told nothing is said; of others the first shard that holds something counts.
func TestCheckColumns(t *testing.T) {
	dir := t.TempDir()
	shard := func(source, name, text string) stages.Shard {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return stages.Shard{Path: path, Source: source, Format: "jsonl", Size: int64(len(text))}
	}
	table := schemaShard(t)
	table.Source = "p"
	shards := []stages.Shard{
		shard("a", "empty.jsonl", ""),
		shard("a", "first.jsonl", `{"text": "", "score": 1, "m": {"a": {"b": {"c": {"d": 1}}}}, "x.y": 2}`+"\n"),
		shard("a", "later.jsonl", `{"text": "", "late": 1}`+"\n"),
		shard("blank", "blank.jsonl", "\n\n"),
		shard("own", "own.jsonl", `{"body": "", "text": 1, "n": 1}`+"\n"),
		table,
	}
	read := func(change func(*stages.Read)) stages.Read {
		r := stages.DefaultRead()
		change(&r)
		return r
	}
	same := func(*stages.Read) {}
	renamed := func(to map[string]string) func(*stages.Read) { return func(r *stages.Read) { r.Rename = to } }
	for i, c := range []struct {
		source string
		read   func(*stages.Read)
		write  stages.Write
		stage  scoring
		err    string // a part; "" none
		warns  string // "" none
	}{
		{"a", same, stages.Write{}, scoring{adds: "score"}, `stage "s" would write column "score" over that of`, ""},
		{"a", same, stages.Write{}, scoring{adds: "late"}, "", ""},
		{"a", same, stages.Write{}, scoring{adds: "m.a"}, "give it another name", ""},
		{"a", same, stages.Write{}, scoring{adds: "x.y"}, `"x.y"`, ""},
		{"a", renamed(map[string]string{"score": "old"}), stages.Write{}, scoring{adds: "score"}, "", ""},
		{"a", renamed(map[string]string{"score": "old"}), stages.Write{}, scoring{adds: "old"}, `rename = {"score" = "old_old"}`, ""},
		{"a", renamed(map[string]string{"score": "m", "m": "score"}), stages.Write{}, scoring{}, "", ""},
		{"a", func(r *stages.Read) { r.Columns = []string{"m.a.b.c.d", "m.z"} }, stages.Write{}, scoring{adds: "score"}, "", `no column "m.z" (read.columns) in its first rows`},
		{"a", func(r *stages.Read) { r.AddSource = "score" }, stages.Write{}, scoring{}, `read.add_source would write`, ""},
		{"a", same, stages.Write{Columns: []string{"score", "new", "m.a"}, Drop: []string{"scroe"}}, scoring{adds: "new", drops: []string{"late"}}, "",
			`no column "scroe" (write.drop), "late" (stage "s": drop) in the first rows of the input, and no stage adds it`},
		{"blank", same, stages.Write{Columns: []string{"n"}}, scoring{adds: "score"}, "", ""},
		{"own", func(r *stages.Read) { r.Own, r.Columns = "body", []string{"text", "n"} }, stages.Write{Columns: []string{"text", "body"}}, scoring{}, "", ""},
		{"p", func(r *stages.Read) { r.Text, r.ID = "Text", "id" }, stages.Write{Drop: []string{"Meta.URL"}}, scoring{adds: "Score"}, `column "Score" over`, `no column "id" (read.id) in its first rows`},
	} {
		in := []stages.Input{{Name: c.source, Read: read(c.read)}, {Name: "against s", Against: "s", Read: read(same)}}
		_, warnings, err := CheckColumns(t.Context(), shards, in, c.write, []stages.Stage{c.stage})
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("case %d: error %v, want %q", i, err, c.err)
		}
		if got := strings.Join(warnings, "\n"); (got == "") != (c.warns == "") || !strings.Contains(got, c.warns) {
			t.Errorf("case %d: warnings %q, want %q", i, got, c.warns)
		}
	}
}

// The shard that is looked at is one of which a row can be read: of a few, an empty file that is compressed is passed over.
func TestFirstShard(t *testing.T) {
	packed := func(name, text string) *stages.Shard {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write([]byte(text)); err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		return shardOf(t, name, b.Bytes())
	}
	none, some := packed("a.jsonl.gz", ""), packed("b.jsonl.gz", `{"text": "", "n": 1}`+"\n")
	in := stages.Input{Read: stages.DefaultRead()}
	if s, has := firstShard(t.Context(), []stages.Shard{*none, *some}, in); s == nil || s.Path != some.Path || len(has) != 2 {
		t.Errorf("found %v with %v", s, has)
	}
	many := append(slices.Repeat([]stages.Shard{*none}, 8), *some)
	if s, has := firstShard(t.Context(), many, in); s == nil || s.Path != none.Path || has != nil {
		t.Errorf("behind 8 empty ones: %v with %v", s, has)
	}
	_, _, err := CheckColumns(t.Context(), []stages.Shard{*none, *some}, []stages.Input{in}, stages.Write{}, []stages.Stage{scoring{adds: "n"}})
	if err == nil || !strings.Contains(err.Error(), `would write column "n" over that of`) {
		t.Error(err)
	}
}

// A wanting is a stage that reads a column behind others.
type wanting struct {
	scoring
	reads    string
	optional bool
}

func (w wanting) Columns() stages.Columns {
	return stages.Columns{Reads: []stages.Need{{Name: w.reads, Type: stages.Scalars, Optional: w.optional}}}
}

// A column that a stage of any pass reads and that is nowhere is an error where the shard was read whole, or has a schema.
func TestCheckColumnsThatStagesRead(t *testing.T) {
	table := schemaShard(t)
	line := `{"text": "a", "n": 1}` + "\n"
	small, large := shardOf(t, "a.jsonl", []byte(line)), shardOf(t, "b.jsonl", []byte(strings.Repeat(line, 200_000)))
	for i, c := range []struct {
		shard     *stages.Shard
		text      string
		list      []stages.Stage
		err, warn string
	}{
		{small, "text", []stages.Stage{wanting{reads: "titel"}}, `no column "titel"` + "\nthe file has: n, text", ""},
		{small, "text", []stages.Stage{wanting{reads: "titel", optional: true}, wanting{reads: "n"}}, "", ""},
		{small, "text", []stages.Stage{scoring{adds: "titel"}, wanting{reads: "titel"}}, "", ""},
		{small, "body", []stages.Stage{wanting{reads: "titel"}}, "", ""}, // the first pass says so
		{large, "text", []stages.Stage{wanting{reads: "titel"}}, "", `no column "titel" in its first rows, and a stage reads it`},
		{large, "text", []stages.Stage{wanting{reads: "n"}}, "", ""},
		{&table, "Text", []stages.Stage{wanting{reads: "Meta.URI"}}, `no column "Meta.URI"`, ""},
		{&table, "Text", []stages.Stage{wanting{reads: "Meta.URL"}}, "", ""},
	} {
		in := stages.Input{Read: stages.DefaultRead()}
		in.Read.Text = c.text
		_, warnings, err := CheckColumns(t.Context(), []stages.Shard{*c.shard}, []stages.Input{in}, stages.Write{}, c.list)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("case %d: error %v, want %q", i, err, c.err)
		}
		if got := strings.Join(warnings, "\n"); (got == "") != (c.warn == "") || !strings.Contains(got, c.warn) {
			t.Errorf("case %d: warnings %q, want %q", i, got, c.warn)
		}
	}
}

// A column that stages add stands beside the input's of the name where that is renamed or left out.
func TestAddsBesideTheInputs(t *testing.T) {
	var b bytes.Buffer
	if err := parquet.Write(&b, []struct {
		Text  string `parquet:"text"`
		Score string `parquet:"score"`
		N     int64  `parquet:"n"`
	}{{"a", "mine", 1}}); err != nil {
		t.Fatal(err)
	}
	shards := map[string]*stages.Shard{
		"jsonl":   shardOf(t, "a.jsonl", []byte(`{"text":"a","score":"mine","n":1}`+"\n")),
		"parquet": shardOf(t, "a.parquet", b.Bytes()),
	}
	w := stages.DefaultWrite()
	w.Format = "jsonl"
	for want, change := range map[string]func(*stages.Read){
		`{"text":"a","old":"mine","n":1,"score":2}`: func(r *stages.Read) { r.Rename = map[string]string{"score": "old"} },
		`{"text":"a","n":1,"score":2}`:              func(r *stages.Read) { r.Columns = []string{"n"} },
	} {
		for kind, shard := range shards {
			for _, writes := range [][]string{nil, {"score"}} {
				r := stages.DefaultRead()
				change(&r)
				src, err := NewSource(kind, r, nil, Options{Writes: writes})
				if err != nil {
					t.Fatal(err)
				}
				sink, err := NewSink(w, r, Options{Writes: writes})
				if err != nil {
					t.Fatal(err)
				}
				pieces, err := readBlocks(t, src, sink, shard, 1<<20, func(b *stages.Batch) {
					b.Add("score").Values[0] = stages.Scalar{Kind: stages.Int, Int: 2}
				})
				if err != nil {
					t.Fatal(err)
				}
				if got := string(join(t, sink, pieces)); got != want+"\n" {
					t.Errorf("%s, writes %v: got %s, want %s", kind, writes, got, want)
				}
			}
		}
	}
}
