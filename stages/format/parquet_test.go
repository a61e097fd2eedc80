package format

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/deprecated"

	"sluice/stages"
)

type inner struct {
	Name  *string  `parquet:"name,optional"`
	Links []string `parquet:"links,list"`
}

type nested struct {
	URL    string            `parquet:"url,dict"`
	Text   *string           `parquet:"text,optional,snappy"`
	ID     int64             `parquet:"id"`
	Score  float32           `parquet:"score"`
	OK     bool              `parquet:"ok"`
	Raw    []byte            `parquet:"raw"`
	Key    [16]byte          `parquet:"key,uuid"`
	When   time.Time         `parquet:"when,timestamp(microsecond)"`
	Price  int64             `parquet:"price,decimal(2:10)"`
	Old    deprecated.Int96  `parquet:"old"`
	Small  uint32            `parquet:"small"`
	Big    uint64            `parquet:"big"`
	Tags   []string          `parquet:"tags,dict"`
	Deep   []inner           `parquet:"deep,list"`
	Meta   map[string]*inner `parquet:"meta,optional"`
	Matrix []int32           `parquet:"matrix,list"`
	Maybe  *inner            `parquet:"maybe,optional"`
}

func makeNested(n int) []nested {
	rng := rand.New(rand.NewPCG(3, 4))
	text := func() string { return strings.Repeat(string(rune('a'+rng.IntN(26))), rng.IntN(2000)) + "é\n" }
	rows := make([]nested, n)
	for i := range rows {
		s := text()
		r := nested{URL: fmt.Sprint("http://", i%50), Text: &s, ID: int64(i) - 5, Score: rng.Float32(), OK: i%3 == 0, Raw: []byte{0xff, byte(i)},
			When: time.UnixMicro(int64(i) * 1e9).UTC(), Price: int64(i) - 50, Old: deprecated.Int96{uint32(i), 2, 2440588}, Small: math.MaxUint32 - uint32(i), Big: math.MaxUint64 - uint64(i)}
		r.Key[0] = byte(i)
		for range rng.IntN(4) {
			r.Tags = append(r.Tags, fmt.Sprint("t", rng.IntN(10)))
		}
		for range rng.IntN(3) {
			in := inner{}
			if rng.IntN(2) == 0 {
				v := text()
				in.Name = &v
			}
			for range rng.IntN(3) {
				in.Links = append(in.Links, text())
			}
			r.Deep = append(r.Deep, in)
		}
		if i%4 == 0 {
			r.Maybe = &inner{Links: []string{"m"}}
			r.Meta = map[string]*inner{"k": {Links: []string{"x", "y"}}}
		}
		rows[i] = r
	}
	return rows
}

func writeNested(t testing.TB, rows []nested, group int) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := parquet.NewGenericWriter[nested](&buf, parquet.MaxRowsPerRowGroup(int64(group)), parquet.PageBufferSize(4<<10),
		parquet.KeyValueMetadata("ARROW:schema", "x"), parquet.KeyValueMetadata("mine", "y"))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func readNested[T any](t testing.TB, data []byte) []T {
	t.Helper()
	rows, err := parquet.Read[T](bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func parquetEnds(t testing.TB, r stages.Read, w stages.Write, needs []stages.Need, o Options) (stages.Source, stages.Sink) {
	t.Helper()
	src, err := NewSource("parquet", r, needs, o)
	if err != nil {
		t.Fatal(err)
	}
	sink, err := NewSink(w, r, o)
	if err != nil {
		t.Fatal(err)
	}
	return src, sink
}

func openSchema(t testing.TB, data []byte) *parquet.File {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestParquetRoundTrip passes a nested schema through, with rows dropped, at
// several block and batch sizes: values and types stay, and bytes do not depend
// on the batches.
func TestParquetRoundTrip(t *testing.T) {
	data := writeNested(t, makeNested(500), 90)
	rows := readNested[nested](t, data) // lists that are empty and not nil
	shard := shardOf(t, "a.parquet", data)
	var want []nested
	for i, r := range rows {
		if i%3 != 1 {
			want = append(want, r)
		}
	}
	for _, size := range []int64{1, 200 << 10, 1 << 30} {
		var first []byte
		for _, batch := range []int{1, 5 << 10, 1 << 20} {
			src, sink := parquetEnds(t, stages.DefaultRead(), stages.DefaultWrite(), nil, Options{BatchBytes: batch})
			row := 0
			pieces, err := readBlocks(t, src, sink, shard, size, func(b *stages.Batch) {
				for i := range b.Len() {
					if got := string(b.Column("text").Text[i]); got != *rows[row].Text {
						t.Fatalf("row %d: text %q, want %q", row, got, *rows[row].Text)
					}
					if row%3 == 1 {
						b.Drop(i)
					}
					row++
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if row != len(rows) {
				t.Fatalf("%d rows, want %d", row, len(rows))
			}
			got := join(t, sink, pieces)
			if first == nil {
				first = got
			} else if !bytes.Equal(first, got) {
				t.Fatalf("size %d: batches of %d bytes give another file", size, batch)
			}
		}
		if got := readNested[nested](t, first); !reflect.DeepEqual(got, want) {
			t.Fatalf("size %d: %d rows differ from the %d that were kept", size, len(got), len(want))
		}
		in, out := openSchema(t, data), openSchema(t, first)
		if !reflect.DeepEqual(in.Metadata().Schema, out.Metadata().Schema) {
			t.Errorf("the schema changed from\n%v\nto\n%v", in.Schema(), out.Schema())
		}
		if !reflect.DeepEqual(in.Metadata().KeyValueMetadata, out.Metadata().KeyValueMetadata) {
			t.Error("the metadata changed")
		}
	}
}

func TestParquetChanges(t *testing.T) {
	rows := makeNested(60)
	rows[7].Text = nil
	bad, within := "\xff", "within"
	rows[8].Text = &bad
	rows[0].Maybe.Name = &within
	shard := shardOf(t, "a.parquet", writeNested(t, rows, 10))
	r, w := stages.DefaultRead(), stages.DefaultWrite()
	r.ID, r.Rename, w.Drop, r.AddSource = "key", map[string]string{"url": "link", "maybe": "opt"}, []string{"raw"}, "from"
	shard.Source = "wiki"
	needs := []stages.Need{{Name: "opt.name", Type: stages.Text}, {Name: "big", Type: stages.Scalars}, {Name: "score", Type: stages.Scalars}}
	src, sink := parquetEnds(t, r, w, needs, Options{})
	var damaged []int64
	row, nested := 0, 0
	pieces, err := readBlocks(t, src, sink, shard, 1, func(b *stages.Batch) {
		for _, name := range b.Column("opt.name").Text {
			nested += len(name)
		}
		for _, d := range b.Damaged {
			damaged = append(damaged, d.Row+int64(row))
		}
		score := b.Add("quality")
		lang := b.Add("lang")
		for i := range b.Len() {
			if row++; row > 30 && b.Keep[i] { // nulls in the first blocks
				score.Values[i] = stages.Scalar{Kind: stages.Float, Float: 0.5}
				lang.Values[i] = stages.Scalar{Kind: stages.String, Str: []byte("en")}
				b.Column("text").SetText(i, []byte("new"))
			}
		}
		if v := b.Column("big").Values[0]; v.Kind != stages.Float {
			t.Errorf("big = %v", v)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(damaged, []int64{7, 8}) {
		t.Errorf("damaged %v, want 7, 8", damaged)
	}
	if nested != len(within) {
		t.Errorf("%d bytes in the column within a renamed one", nested)
	}
	type out struct {
		Link    string   `parquet:"link"`
		Opt     *inner   `parquet:"opt,optional"`
		Text    *string  `parquet:"text,optional"`
		Deep    []inner  `parquet:"deep,list"`
		Quality *float64 `parquet:"quality,optional"`
		Lang    *string  `parquet:"lang,optional"`
		From    string   `parquet:"from,optional"`
	}
	data := join(t, sink, pieces)
	got := readNested[out](t, data)
	if len(got) != 58 || got[0].Quality != nil || got[0].Lang != nil || *got[50].Quality != 0.5 || *got[50].Lang != "en" ||
		*got[50].Text != "new" || *got[0].Text != *rows[0].Text || got[3].Link != rows[3].URL || *got[0].Opt.Name != within || got[3].From != "wiki" ||
		len(got[4].Deep) != len(rows[4].Deep) {
		t.Errorf("wrong rows, for instance %+v", got[50])
	}
	f := openSchema(t, data)
	if _, ok := f.Schema().Lookup("raw"); ok {
		t.Error("raw was not dropped")
	}
	if _, ok := f.Lookup("ARROW:schema"); ok {
		t.Error("a description of other columns was kept")
	}
	if v, _ := f.Lookup("mine"); v != "y" {
		t.Error("metadata was lost")
	}
}

func TestParquetToJSON(t *testing.T) {
	rows := makeNested(40)
	shard := shardOf(t, "a.parquet", writeNested(t, rows, 10))
	w := stages.DefaultWrite()
	w.Format = "jsonl"
	src, sink := parquetEnds(t, stages.DefaultRead(), w, nil, Options{})
	pieces, err := readBlocks(t, src, sink, shard, 1, func(b *stages.Batch) { b.Add("n") })
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(join(t, sink, pieces)), "\n"), "\n")
	if len(lines) != len(rows) || sink.Name(shard) != "a.jsonl" {
		t.Fatalf("%d lines in %s", len(lines), sink.Name(shard))
	}
	for i, line := range lines {
		var got struct {
			URL, Text, Key, When, Old string
			ID                        int64
			Score                     float32
			Price                     float64
			Big                       uint64
			Raw                       []byte
			Tags                      []string
			Deep                      []inner
			Meta                      map[string]*inner
			Matrix                    []int32
			Maybe                     *inner
			N                         *int
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		r := rows[i]
		clean := func(in []inner) (out []inner) {
			for _, x := range in {
				x.Links = append([]string{}, x.Links...)
				out = append(out, x)
			}
			return append([]inner{}, out...)
		}
		if got.URL != r.URL || got.Text != *r.Text || got.ID != r.ID || got.Score != r.Score || got.Big != r.Big ||
			math.Abs(got.Price*100-float64(r.Price)) > 1e-9 || got.When != r.When.Format("2006-01-02T15:04:05.999999999Z") ||
			!bytes.Equal(got.Raw, r.Raw) || !strings.HasPrefix(got.Key, fmt.Sprintf("%02x000000-0000-", i)) || !strings.HasPrefix(got.Old, "1970-01-01T00:00:08.58993") ||
			!slices.Equal(got.Tags, r.Tags) || !reflect.DeepEqual(clean(got.Deep), clean(r.Deep)) || (got.Maybe == nil) != (r.Maybe == nil) ||
			len(got.Meta) != len(r.Meta) || len(r.Meta) > 0 && !reflect.DeepEqual(got.Meta, r.Meta) {
			t.Fatalf("row %d: %.300s", i, line)
		}
	}
}

func TestParquetColumnsAndLimit(t *testing.T) {
	rows := makeNested(100)
	shard := shardOf(t, "a.parquet", writeNested(t, rows, 30))
	r := stages.DefaultRead()
	r.Columns, r.Limit = []string{"tags"}, 45
	src, sink := parquetEnds(t, r, stages.DefaultWrite(), nil, Options{BatchBytes: 3000})
	pieces, err := readBlocks(t, src, sink, shard, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	data := join(t, sink, pieces)
	got := readNested[struct {
		Text string   `parquet:"text,optional"`
		Tags []string `parquet:"tags"`
	}](t, data)
	if len(got) != 45 || len(openSchema(t, data).Schema().Columns()) != 2 || !slices.Equal(got[44].Tags, rows[44].Tags) {
		t.Errorf("%d rows, columns %v", len(got), openSchema(t, data).Schema().Columns())
	}
}

func TestParquetMissingColumn(t *testing.T) {
	shard := shardOf(t, "a.parquet", writeNested(t, makeNested(5), 5))
	for _, column := range []string{"nope", "id", "tags", "maybe"} {
		r := stages.DefaultRead()
		r.Text = column
		src, _ := parquetEnds(t, r, stages.DefaultWrite(), nil, Options{})
		_, err := src.Open(context.Background(), shard, &stages.Block{Length: 1})
		var missing *MissingColumn
		if !errors.As(err, &missing) || !strings.Contains(err.Error(), column) || !strings.Contains(err.Error(), "text (string)") {
			t.Errorf("%s: %v", column, err)
		}
	}
}

// TestParquetCodecs reads every compression that can be read, and refuses one
// that would give wrong values.
func TestParquetCodecs(t *testing.T) {
	type row struct {
		ID   int64  `parquet:"id,dict"`
		Text string `parquet:"text"`
	}
	var rows []row
	for i := range 3000 {
		rows = append(rows, row{int64(i * 7), strings.Repeat("ab", i%50)})
	}
	for _, c := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Brotli, &parquet.Zstd, &parquet.Lz4Raw} {
		var buf bytes.Buffer
		if err := parquet.Write(&buf, rows, parquet.Compression(c)); err != nil {
			t.Fatal(err)
		}
		src, sink := parquetEnds(t, stages.DefaultRead(), stages.DefaultWrite(), nil, Options{})
		pieces, err := readBlocks(t, src, sink, shardOf(t, "a.parquet", buf.Bytes()), 1, nil)
		if c == compress.Codec(&parquet.Lz4Raw) {
			if err == nil || isDamaged(err) || !strings.Contains(err.Error(), "LZ4_RAW") {
				t.Errorf("LZ4_RAW: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		data := join(t, sink, pieces)
		if got := readNested[row](t, data); !slices.Equal(got, rows) {
			t.Errorf("%s: other rows", c)
		}
		if got := openSchema(t, data).Metadata().RowGroups[0].Columns[1].MetaData.Codec; got != c.CompressionCodec() {
			t.Errorf("%s was written as %v", c, got)
		}
	}
}

// TestParquetCut cuts a file anywhere and breaks bytes of it: damage is
// reported, nothing panics.
func TestParquetCut(t *testing.T) {
	data := writeNested(t, makeNested(200), 50)
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range 300 {
		broken := bytes.Clone(data)
		if i < 50 {
			broken = broken[:rng.IntN(len(broken))]
		} else {
			for range 1 + rng.IntN(3) {
				broken[rng.IntN(len(broken))] ^= 1 << rng.IntN(8)
			}
		}
		shard := shardOf(t, "a.parquet", broken)
		src, sink := parquetEnds(t, stages.DefaultRead(), stages.DefaultWrite(), nil, Options{})
		_, err := readBlocks(t, src, sink, shard, 1, nil)
		var missing *MissingColumn
		if i < 50 && !isDamaged(err) || err != nil && !isDamaged(err) && !errors.As(err, &missing) && !strings.Contains(err.Error(), "cannot be read") {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestParquetWithoutRows(t *testing.T) {
	for name, rows := range map[string]int{"empty": 0, "dropped": 20} {
		shard := shardOf(t, "a.parquet", writeNested(t, makeNested(rows), 10))
		src, sink := parquetEnds(t, stages.DefaultRead(), stages.DefaultWrite(), nil, Options{})
		pieces, err := readBlocks(t, src, sink, shard, 1, func(b *stages.Batch) {
			b.Add("score")
			for i := range b.Len() {
				b.Drop(i)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		f := openSchema(t, join(t, sink, pieces))
		if _, ok := f.Schema().Lookup("score"); f.NumRows() != 0 || !ok {
			t.Errorf("%s: %d rows, schema %v", name, f.NumRows(), f.Schema())
		}
	}
}
