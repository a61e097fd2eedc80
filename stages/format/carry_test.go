package format

import (
	"bytes"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"sluice/stages"
)

// carry takes shards apart and makes one of their rows in the reverse order.
func carry(t *testing.T, w stages.Write, size int64, shards ...*stages.Shard) ([]byte, error) {
	t.Helper()
	o := Options{BatchBytes: 10 << 10}
	sink, err := NewSink(w, stages.DefaultRead(), Options{Format: shards[0].Format})
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewCarrier(sink, o)
	if err != nil {
		t.Fatal(err)
	}
	var heads [][]byte
	var pieces []*io.SectionReader
	var from []*stages.Shard
	for _, s := range shards {
		src, err := NewSource(s.Format, stages.DefaultRead(), nil, o)
		if err != nil {
			t.Fatal(err)
		}
		all, err := readBlocks(t, src, sink, s, size, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			piece := io.NewSectionReader(bytes.NewReader(p), 0, int64(len(p)))
			head, err := c.Head(s, piece)
			if err != nil {
				t.Fatal(err)
			}
			heads, pieces, from = append(heads, head), append(pieces, piece), append(from, s)
		}
	}
	head, err := c.Unite(heads)
	if err != nil {
		return nil, err
	}
	var rows [][]byte
	for i, piece := range pieces {
		in, err := c.Rows(from[i], head, piece)
		if err != nil {
			t.Fatal(err)
		}
		for {
			row, err := in.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, bytes.Clone(row))
		}
		in.Close()
	}
	var out bytes.Buffer
	shard, err := c.Shard(shards[0], head, &out)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range slices.Backward(rows) {
		if err := shard.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := shard.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), nil
}

// A nested schema comes back with all values, types and metadata.
func TestCarryParquet(t *testing.T) {
	data := writeNested(t, makeNested(300), 90)
	want := readNested[nested](t, data)
	slices.Reverse(want)
	for _, size := range []int64{200 << 10, 1 << 30} {
		got, err := carry(t, stages.DefaultWrite(), size, shardOf(t, "a.parquet", data))
		if err != nil {
			t.Fatal(err)
		}
		if rows := readNested[nested](t, got); !reflect.DeepEqual(rows, want) {
			t.Fatalf("blocks of %d: %d rows differ from the %d that were carried", size, len(rows), len(want))
		}
		in, out := openSchema(t, data), openSchema(t, got)
		if !reflect.DeepEqual(in.Metadata().Schema, out.Metadata().Schema) {
			t.Errorf("the schema changed from\n%v\nto\n%v", in.Schema(), out.Schema())
		}
		if !reflect.DeepEqual(in.Metadata().KeyValueMetadata, out.Metadata().KeyValueMetadata) {
			t.Error("the metadata changed")
		}
		for k, c := range in.Metadata().RowGroups[0].Columns {
			if d := out.Metadata().RowGroups[0].Columns[k]; c.MetaData.Codec != d.MetaData.Codec {
				t.Errorf("column %v was compressed with %v, is with %v", c.MetaData.PathInSchema, c.MetaData.Codec, d.MetaData.Codec)
			}
		}
	}
}

func parquetShard[T any](t *testing.T, name string, rows ...T) *stages.Shard {
	t.Helper()
	var out bytes.Buffer
	if err := parquet.Write(&out, rows); err != nil {
		t.Fatal(err)
	}
	return shardOf(t, name, out.Bytes())
}

// Files need not have the same columns, in the same order, or nulls in all of them.
func TestCarryDifferentColumns(t *testing.T) {
	type a struct {
		Text string   `parquet:"text"`
		N    int64    `parquet:"n"`
		Tags []string `parquet:"tags"`
	}
	type b struct {
		URL  *string `parquet:"url,optional"`
		N    *int64  `parquet:"n,optional"`
		Text string  `parquet:"text"`
		Only int32   `parquet:"only"`
	}
	type both struct {
		Text string   `parquet:"text"`
		N    *int64   `parquet:"n,optional"`
		Tags []string `parquet:"tags"`
		URL  *string  `parquet:"url,optional"`
		Only *int32   `parquet:"only,optional"`
	}
	n, only, url := int64(7), int32(5), "u"
	shards := []*stages.Shard{parquetShard(t, "a.parquet", a{"one", 7, []string{"x", "y"}}), parquetShard(t, "b.parquet", b{&url, &n, "two", 5}, b{nil, nil, "three", 5})}
	got, err := carry(t, stages.DefaultWrite(), 1<<30, shards...)
	if err != nil {
		t.Fatal(err)
	}
	want := []both{{"three", nil, []string{}, nil, &only}, {"two", &n, []string{}, &url, &only}, {"one", &n, []string{"x", "y"}, nil, nil}}
	if rows := readNested[both](t, got); !reflect.DeepEqual(rows, want) {
		t.Errorf("got %+v, want %+v", rows, want)
	}
	type c struct {
		Text string `parquet:"text"`
		N    string `parquet:"n"`
	}
	if _, err := carry(t, stages.DefaultWrite(), 1<<30, shards[0], parquetShard(t, "c.parquet", c{"x", "y"})); err == nil || !strings.Contains(err.Error(), `column "n" is n (int64) in one and n (string) in the other`) {
		t.Errorf("two types of a column: %v", err)
	}
	type d struct {
		Text string   `parquet:"text"`
		N    int64    `parquet:"n"`
		Tags []string `parquet:"tags,list"`
	}
	if _, err := carry(t, stages.DefaultWrite(), 1<<30, shards[0], parquetShard(t, "d.parquet", d{"x", 1, nil})); err == nil || !strings.Contains(err.Error(), `column "tags" is built of other parts`) {
		t.Errorf("two forms of a list: %v", err)
	}
}

// Lines come back as they were, whatever they were compressed with; each has a line end.
func TestCarryJSONL(t *testing.T) {
	data := append(manyRows(3000, 400), `{"text": "no end"}`...)
	var want []byte
	lines := bytes.SplitAfter(append(data, '\n'), []byte("\n"))
	for _, line := range slices.Backward(lines) {
		want = append(want, line...)
	}
	for kind, ext := range extensions {
		packed := data
		if kind != "none" {
			packed = pack(t, kind, data, 1<<20)
		}
		got, err := carry(t, stages.DefaultWrite(), 300<<10, shardOf(t, "a"+ext, packed))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(unpack(t, kind, got), want) {
			t.Errorf("%s: other lines came back", kind)
		}
	}
}
