package format

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sluice/stages"
)

func TestUnchangedRowsStayBytes(t *testing.T) {
	in := "\xef\xbb\xbf{\"text\" : \"a\"}\r\n" +
		`{"text":"b\n\u00e9","x":[1,{"y":"}"}], "n":1e5}` + " \t\n" +
		`  {"id":7,"text":"","text":"last"}` + "\n" +
		`{"text":"no newline"}`
	for _, batch := range []int{1, 30, 1 << 20} {
		src, sink := ends(t, stages.DefaultRead(), stages.DefaultWrite(), nil, Options{BatchBytes: batch, ReadBytes: 16})
		var texts []string
		pieces, err := readBlocks(t, src, sink, shardOf(t, "a.jsonl", []byte(in)), 1<<20, func(b *stages.Batch) {
			for _, d := range b.Damaged {
				t.Errorf("row %d: %s", d.Row, d.Error)
			}
			for _, s := range b.Column("text").Text {
				texts = append(texts, string(s))
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(join(t, sink, pieces)); got != in {
			t.Errorf("batch %d: got %q\nwant %q", batch, got, in)
		}
		if want := []string{"a", "b\né", "last", "no newline"}; !slices.Equal(texts, want) {
			t.Errorf("texts %q, want %q", texts, want)
		}
	}
}

func TestDamagedRows(t *testing.T) {
	cases := []struct{ row, want string }{
		{`{"text":"fine"}`, ""},
		{`{"text":"fine","x":tru}`, ""}, // nobody reads x
		{`{"text":"fine","x":"\q` + "\x01" + `"}`, ""},
		{`{"text":"fine"`, "does not close"},
		{`{"text":"fine"}}`, "after the object"},
		{`{"text":"fine`, "does not end"},
		{`{"text":"fi\qne"}`, "unknown escape"},
		{`{"text":"fi\ud800ne"}`, "surrogate"},
		{`{"text":"fi\udc00\ud800ne"}`, "surrogate"},
		{`{"text":"fi\u12"}`, "escape"},
		{"{\"text\":\"fi\tne\"}", "control"},
		{"{\"text\":\"fi\xffne\"}", "UTF-8"},
		{"{\"te\xffxt\":1,\"text\":\"x\"}", "UTF-8"},
		{`{text:"fine"}`, "key"},
		{`{"text":null}`, "null"},
		{`{"text":5}`, "not a string"},
		{`{"text":{"text":"x"}}`, "not a string"},
		{`{"texts":"x"}`, "missing"},
		{`{}`, "missing"},
		{`[]`, "not an object"},
		{`"text"`, "not an object"},
		{`{"text":"fine",}`, "key"},
		{`{"text":"a" "b":1}`, "comma"},
		{`{"x":[1,"text":"fine"}`, "does not close"},
		{"\x00", "not an object"},
	}
	var in strings.Builder
	for _, c := range cases {
		in.WriteString(c.row + "\n")
	}
	src, sink := ends(t, stages.DefaultRead(), stages.DefaultWrite(), nil, Options{BatchBytes: 100})
	got, at := map[int64]stages.Damage{}, int64(0)
	pieces, err := readBlocks(t, src, sink, shardOf(t, "a.jsonl", []byte(in.String())), 1<<20, func(b *stages.Batch) {
		for _, d := range b.Damaged {
			got[d.Row] = d
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	var fine strings.Builder
	for i, c := range cases {
		d, damaged := got[int64(i)]
		switch {
		case c.want == "":
			fine.WriteString(c.row + "\n")
			if damaged {
				t.Errorf("row %d %q is damaged: %s", i, c.row, d.Error)
			}
		case !damaged:
			t.Errorf("row %d %q is not damaged, want %q", i, c.row, c.want)
		case !strings.Contains(d.Error, c.want) || d.Offset != at:
			t.Errorf("row %d %q: %q at %d, want %q at %d", i, c.row, d.Error, d.Offset, c.want, at)
		}
		at += int64(len(c.row)) + 1
	}
	if got := string(join(t, sink, pieces)); got != fine.String() {
		t.Errorf("got %q, want %q", got, fine.String())
	}
}

func TestStrictValidatesAll(t *testing.T) {
	r := stages.DefaultRead()
	r.Strict = true
	src, sink := ends(t, r, stages.DefaultWrite(), nil, Options{})
	in := `{"text":"a","x":tru}` + "\n" + `{"text":"b","x":true}` + "\n" + "{\"text\":\"c\",\"x\":\"\xff\"}\n"
	damaged := 0
	if _, err := readBlocks(t, src, sink, shardOf(t, "a.jsonl", []byte(in)), 1, func(b *stages.Batch) { damaged += len(b.Damaged) }); err != nil {
		t.Fatal(err)
	}
	if damaged != 2 {
		t.Errorf("%d damaged rows, want 2", damaged)
	}
}

// TestBlocks cuts files at every size and reads with small slabs: the rows,
// their samples and the output are always the same.
func TestBlocks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		var in bytes.Buffer
		for i := range rng.IntN(12) {
			fmt.Fprintf(&in, `{"id":%d,"text":%q}`, i, strings.Repeat("x", rng.IntN(40)))
			in.WriteString([]string{"\n", "\r\n", "\n\n", "\n \n"}[rng.IntN(4)])
		}
		if rng.IntN(2) == 0 {
			in.WriteString(`{"id":99,"text":"end"}`)
		}
		shard := shardOf(t, "a.jsonl", in.Bytes())
		r := stages.DefaultRead()
		r.ID = "id"
		r.Sample = []float64{1, 0.5}[rng.IntN(2)]
		var want []byte
		var wantIDs []string
		for size := int64(in.Len()) + 1; size > 0; size-- {
			src, sink := ends(t, r, stages.DefaultWrite(), nil, Options{BatchBytes: 1 + rng.IntN(100), ReadBytes: 1 + rng.IntN(100)})
			var ids []string
			pieces, err := readBlocks(t, src, sink, shard, size, func(b *stages.Batch) {
				for i, kept := range b.Keep {
					if kept {
						ids = append(ids, string(b.RowID[i]))
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			got := join(t, sink, pieces)
			if want == nil {
				want, wantIDs = got, ids
			}
			if !bytes.Equal(got, want) || !slices.Equal(ids, wantIDs) {
				t.Fatalf("size %d: got %q\nwant %q", size, got, want)
			}
		}
	}
}

// TestBlocksReadLittleBehindTheirEnd: blocks of 1 MiB are cut from small
// inputs, and reading each a batch too far reads the input twice.
func TestBlocksReadLittleBehindTheirEnd(t *testing.T) {
	row := `{"text":"` + strings.Repeat("x", 5000) + "\"}\n"
	shard := shardOf(t, "a.jsonl", bytes.Repeat([]byte(row), 800))
	src, _ := ends(t, stages.DefaultRead(), stages.DefaultWrite(), nil, Options{BatchBytes: 1 << 20})
	blocks, err := src.Blocks(context.Background(), shard, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var read int64
	for i := range blocks {
		r, err := src.Open(t.Context(), shard, &blocks[i])
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, _, err = r.Next(t.Context())
		}
		if err != io.EOF {
			t.Fatal(err)
		}
		read += r.BytesRead()
		r.Close()
	}
	if most := shard.Size + shard.Size/20; len(blocks) < 3 || read > most {
		t.Errorf("%d blocks of %d bytes took %d from the disk; want at most %d", len(blocks), shard.Size, read, most)
	}
}

func TestColumns(t *testing.T) {
	r := stages.DefaultRead()
	r.Text, r.ID, r.AddSource = "meta.body", "key", "from"
	needs := []stages.Need{{Name: "n", Type: stages.Scalars}, {Name: "meta.lang", Type: stages.Text}, {Name: "nowhere", Type: stages.Scalars}}
	in := `{"key":1e2,"n":12,"meta":{"lang":"en","body":"one"}}
{"key":"k\u0032","n":9223372036854775808,"meta":{"x":[{}],"body":"two","lang":null}}
{"key":true,"n":-0,"meta.body":"three","n":"s"}
{"key":null,"meta":{"body":"x"},"meta":{"body":"four"},"from":"before"}
`
	src, sink := ends(t, r, stages.DefaultWrite(), needs, Options{})
	shard := shardOf(t, "a.jsonl", []byte(in))
	shard.Source = "wiki"
	pieces, err := readBlocks(t, src, sink, shard, 1<<20, func(b *stages.Batch) {
		if b.Live() != 4 {
			t.Fatalf("damaged: %v", b.Damaged)
		}
		if names, rows := Missing(b); !slices.Equal(names, []string{"nowhere"}) || rows != 4 {
			t.Errorf("missing %q of %d rows", names, rows)
		}
		if got, want := fmt.Sprintf("%s", b.Column("meta.body").Text), "[one two three four]"; got != want {
			t.Errorf("texts %s, want %s", got, want)
		}
		if got, want := fmt.Sprintf("%q", b.RowID), `["1e2" "k2" "true" ""]`; got != want {
			t.Errorf("ids %s, want %s", got, want)
		}
		n := b.Column("n").Values
		if n[0].Kind != stages.Int || n[0].Int != 12 || n[1].Kind != stages.Float || n[1].Float != 9223372036854775808 ||
			string(n[2].Str) != "s" || n[3].Kind != stages.Null {
			t.Errorf("n = %v", n)
		}
		if lang := b.Column("meta.lang").Text; string(lang[0]) != "en" || lang[1] != nil || lang[2] != nil {
			t.Errorf("lang = %q", lang)
		}
		b.Column("meta.body").SetText(1, []byte("a\"\\\n\x01é"))
		c := b.Add("score")
		c.Values[0] = stages.Scalar{Kind: stages.Float, Float: 0.1}
		c.Values[2] = stages.Scalar{Kind: stages.Float, Float: math.NaN()}
		b.Drop(3)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"key":1e2,"n":12,"meta":{"lang":"en","body":"one"},"from":"wiki","score":0.1}
{"key":"k\u0032","n":9223372036854775808,"meta":{"x":[{}],"body":"a\"\\\n\u0001é","lang":null},"from":"wiki","score":null}
{"key":true,"n":-0,"meta.body":"three","n":"s","from":"wiki","score":null}
`
	if got := string(join(t, sink, pieces)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestProjection(t *testing.T) {
	in := `{"id":1, "content":"one", "text":"old", "url":"u", "x":{"y":1} }` + "\r\n"
	r := stages.DefaultRead()
	r.Rename = map[string]string{"content": "text"}
	for _, c := range []struct {
		name string
		read []string
		w    func(*stages.Write)
		want string
	}{
		{"rename", nil, func(*stages.Write) {}, `{"id":1, "text":"one", "url":"u", "x":{"y":1} ,"score":3}`},
		{"drop", nil, func(w *stages.Write) { w.Drop = []string{"id", "score"} }, `{"text":"one", "url":"u", "x":{"y":1} }`},
		{"columns", nil, func(w *stages.Write) { w.Columns = []string{"url", "score"} }, `{"url":"u" ,"score":3}`},
		{"read", []string{"x.y"}, func(*stages.Write) {}, `{"text":"one", "x":{"y":1} ,"score":3}`},
		{"added", nil, func(w *stages.Write) { w.Columns = []string{"score"} }, `{ "score":3}`},
	} {
		r.Columns = c.read
		w := stages.DefaultWrite()
		c.w(&w)
		src, sink := ends(t, r, w, nil, Options{})
		pieces, err := readBlocks(t, src, sink, shardOf(t, "a.jsonl", []byte(in)), 1, func(b *stages.Batch) {
			b.Add("score").Values[0] = stages.Scalar{Kind: stages.Int, Int: 3}
		})
		if err != nil {
			t.Fatal(err)
		}
		got := string(join(t, sink, pieces))
		if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(c.want, " ", "")+"\r\n" {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// What a stage has replaced is not left in an earlier member of the same name.
func TestMembersThatComeAgain(t *testing.T) {
	in := `{"text":"secret", "n":1 ,"t\u0065xt":"secret","text":"last"}` + "\n" +
		`{"n":1,"text":"secret","n":2,"text":"last","x":[1]}` + "\n" +
		`{"meta":{"text":"x"},"text":"secret","meta":{"text":"secret"},"meta":{"b":"y"},"text":"last"}` + "\n" +
		`{"text":"only"}` + "\n"
	for _, c := range []struct {
		w    func(*stages.Write)
		want string
	}{
		{func(*stages.Write) {}, `{"n":1 ,"text":"new"}` + "\n" + `{"n":1,"n":2,"text":"new","x":[1]}` + "\n" +
			`{"meta":{"text":"x"},"meta":{"text":"secret"},"meta":{"b":"y"},"text":"new"}` + "\n" + `{"text":"new"}` + "\n"},
		{func(w *stages.Write) { w.Columns = []string{"text"} }, `{"text":"new"}` + "\n" + `{"text":"new"}` + "\n" +
			`{"text":"new"}` + "\n" + `{"text":"new"}` + "\n"},
	} {
		w := stages.DefaultWrite()
		c.w(&w)
		for _, change := range []bool{true, false} {
			src, sink := ends(t, stages.DefaultRead(), w, nil, Options{})
			pieces, err := readBlocks(t, src, sink, shardOf(t, "a.jsonl", []byte(in)), 1<<20, func(b *stages.Batch) {
				for i := range b.Len() {
					if change {
						b.Column("text").SetText(i, []byte("new"))
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			got := string(join(t, sink, pieces))
			if change && strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(c.want, " ", "") {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
			if !change && len(w.Columns) == 0 && got != in {
				t.Errorf("unchanged rows became %s", got)
			}
		}
	}
}

// Nor in one of the same name within an object.
func TestNestedMembersThatComeAgain(t *testing.T) {
	const in = `{"meta":{"a":{"text":"secret"}, "text":"secret","b":[{}] , "t\u0065xt":"last","c":{"text":1}},"n":1}` + "\n" +
		`{"meta":{"text":"secret"},"meta":{"text":"last" }}` + "\n" + `{"meta":{"text":"last","text.x":1},"n":1,"n":2}` + "\n" +
		`{"meta.text":"secret","meta":{ "text":"secret","text":{"x":"secret"},"text":"last"}}` + "\n"
	const want = `{"meta":{"a":{"text":"secret"},"b":[{}],"t\u0065xt":"new","c":{"text":1}},"n":1}` + "\n" +
		`{"meta":{"text":"new"}}` + "\n" + `{"meta":{"text":"new","text.x":1},"n":1,"n":2}` + "\n" + `{"meta":{"text":"new"}}` + "\n"
	r := stages.DefaultRead()
	r.Text = "meta.text"
	src, sink := ends(t, r, stages.DefaultWrite(), nil, Options{})
	pieces, err := readBlocks(t, src, sink, shardOf(t, "a.jsonl", []byte(in)), 1<<20, func(b *stages.Batch) {
		for i := range b.Len() {
			b.Column("meta.text").SetText(i, []byte("new"))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(join(t, sink, pieces)); strings.ReplaceAll(got, " ", "") != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestLimit(t *testing.T) {
	in := strings.Repeat("{\"text\":\"x\"}\n", 100)
	r := stages.DefaultRead()
	r.Limit = 7
	src, sink := ends(t, r, stages.DefaultWrite(), nil, Options{BatchBytes: 40})
	pieces, err := readBlocks(t, src, sink, shardOf(t, "a.jsonl", []byte(in)), 20, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(join(t, sink, pieces), []byte("\n")); got != 7 {
		t.Errorf("%d rows, want 7", got)
	}
}

func TestRowTooLong(t *testing.T) {
	in := "{\"text\":\"x\"}\n{\"text\":\"" + strings.Repeat("x", 5000) + "\"}\n"
	src, sink := ends(t, stages.DefaultRead(), stages.DefaultWrite(), nil, Options{MaxRow: 1000, ReadBytes: 64})
	_, err := readBlocks(t, src, sink, shardOf(t, "a.jsonl", []byte(in)), 1<<20, nil)
	if err == nil || !strings.Contains(err.Error(), "row 1 ") || !strings.Contains(err.Error(), "raise memory") {
		t.Errorf("got %v", err)
	}
}

func TestEmptyFile(t *testing.T) {
	for name, data := range map[string]string{"a.jsonl": "", "b.jsonl": "\n\n", "c.jsonl.gz": ""} {
		src, sink := ends(t, stages.DefaultRead(), stages.DefaultWrite(), nil, Options{})
		live := 0
		if _, err := readBlocks(t, src, sink, shardOf(t, name, []byte(data)), 1, func(b *stages.Batch) { live += b.Live() + len(b.Damaged) }); err != nil || live != 0 {
			t.Errorf("%s: %d rows, %v", name, live, err)
		}
	}
}
