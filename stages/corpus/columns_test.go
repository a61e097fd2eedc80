package corpus

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"sluice/stages"
	"sluice/stages/format"
)

// written runs stages over JSONL and returns what is written.
func written(t *testing.T, rows string, r stages.Read, block int64, list ...stages.Stage) string {
	t.Helper()
	all := batches(t, "a.jsonl", rows, r, block, list...)
	sink, err := format.NewSink(stages.DefaultWrite(), r, format.Options{Format: "jsonl"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	piece, err := sink.Piece(all[0].Shard, &out)
	if err != nil {
		t.Fatal(err)
	}
	pass := stages.Passes(list)[0]
	for _, b := range all {
		if _, _, err := pass.Run(context.Background(), b, nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := piece.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := piece.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestColumns(t *testing.T) {
	rows := `{"text":"A b","n":1,"lang":"EN"}
{"text":"","n":2.50,"meta":{"x":"y"}}
{ "text":"c", "n" : 3, "lang" : "de" }
{"text":"d","n":null,"lang":["en"]}
`
	for _, c := range []struct {
		set  map[string]string
		want string
	}{
		{map[string]string{"lang": "lower(lang)"}, `{"text":"A b","n":1,"lang":"en"}
{"text":"","n":2.50,"meta":{"x":"y"}}
{ "text":"c", "n" : 3, "lang" : "de" }
{"text":"d","n":null,"lang":["en"]}
`},
		{map[string]string{"m": "n * 2", "t": "meta.x", "n": "n"}, `{"text":"A b","n":1,"lang":"EN","m":2}
{"text":"","n":2.50,"meta":{"x":"y"},"m":5,"t":"y"}
{ "text":"c", "n" : 3, "lang" : "de" ,"m":6}
{"text":"d","n":null,"lang":["en"]}
`},
		// Each is worked out of what was there before.
		{map[string]string{"n": "len(text)", "text": "string(n ?? 0) + text"}, `{"text":"1A b","n":3,"lang":"EN"}
{"text":"2.5","n":0,"meta":{"x":"y"}}
{ "text":"3c", "n" : 1, "lang" : "de" }
{"text":"0d","n":1,"lang":["en"]}
`},
		{map[string]string{"lang": "nil", "meta.x": "'z'"}, `{"text":"A b","n":1,"lang":null,"meta.x":"z"}
{"text":"","n":2.50,"meta":{"x":"z"}}
{ "text":"c", "n" : 3, "lang" : null ,"meta.x":"z"}
{"text":"d","n":null,"lang":["en"],"meta.x":"z"}
`},
	} {
		s := one(t, NewColumns, stages.Common{Name: "c", Column: "text"}, Columns{Set: c.set})
		// A later stage that reads what was set as text.
		if got := written(t, rows, stages.DefaultRead(), 1<<30, s); got != c.want {
			t.Errorf("%v: got\n%s\nwant\n%s", c.set, got, c.want)
		}
	}
}

// A later stage may read as text what was set, though the input does not have it.
func TestColumnsAsText(t *testing.T) {
	set := one(t, NewColumns, stages.Common{Name: "c", Column: "text"}, Columns{Set: map[string]string{"both": "title + ' ' + text"}})
	hash := one(t, NewIDs, stages.Common{Name: "i", Column: "both"}, IDs{Into: "id", Style: "hash"})
	alone := one(t, NewIDs, stages.Common{Name: "i", Column: "text"}, IDs{Into: "id", Style: "hash"})
	got := written(t, `{"text":"b","title":"a"}`+"\n", stages.DefaultRead(), 1<<30, set, hash)
	want := written(t, `{"text":"a b"}`+"\n", stages.DefaultRead(), 1<<30, alone)
	if _, id, _ := strings.Cut(want, `"id"`); !strings.HasSuffix(got, id) || len(id) < 32 {
		t.Errorf("got %s, want the id of %s", got, want)
	}
	needs := stages.Passes([]stages.Stage{set, hash})[0].Needs()
	for _, n := range needs {
		if n.Name == "both" && !n.Optional {
			t.Errorf("needs %v of the input", n)
		}
	}
}

func TestColumnsMistakes(t *testing.T) {
	for _, c := range []struct {
		columns Columns
		when    string
		want    string
	}{
		{Columns{}, "", "set: there is nothing to set"},
		{Columns{Set: map[string]string{"a": "1 +"}}, "", `set: set.a = "1 +": `},
		{Columns{Set: map[string]string{"": "1"}}, "", "set: the column name \"\" is empty"},
		{Columns{Set: map[string]string{"a": "1"}, Drop: []string{"a"}}, "", "set: column \"a\" is dropped"},
		{Columns{Drop: []string{"a.b"}}, "", "drop: cannot drop \"a.b\""},
		{Columns{Drop: []string{"a"}}, "true", "drop: columns are dropped for all rows"},
	} {
		if _, err := NewColumns(stages.Common{When: c.when, Column: "text"}, c.columns); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.columns, err)
		}
	}
	// In a row.
	for _, c := range []struct {
		set  map[string]string
		want string
	}{
		{map[string]string{"text": "nil"}, "the text would become null"},
		{map[string]string{"text": "len(text)"}, "is read as text"},
		{map[string]string{"a": "text < 3"}, "set.a = \"text < 3\": < has no order"},
	} {
		s := one(t, NewColumns, stages.Common{Name: "c", Column: "text"}, Columns{Set: c.set})
		list := []stages.Stage{s, one(t, NewIDs, stages.Common{Name: "i", Column: "text"}, IDs{Into: "id", Style: "hash"})}
		b := batches(t, "a.jsonl", `{"text":"b"}`+"\n", stages.DefaultRead(), 1<<30, list...)[0]
		_, _, err := stages.Passes(list)[0].Run(context.Background(), b, nil, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v", c.set, err)
		}
	}
}

func TestIDs(t *testing.T) {
	rows := `{"text":"same"}
{"text":"same","id":null}

{"text":"文"}
`
	s := func(o IDs) stages.Stage { return one(t, NewIDs, stages.Common{Name: "i", Column: "text"}, o) }
	want := `{"text":"same","id":"w-a.jsonl@0"}
{"text":"same","id":"w-a.jsonl@16"}
{"text":"文","id":"w-a.jsonl@43"}
`
	for _, block := range []int64{1 << 30, 20} {
		if got := written(t, rows, stages.DefaultRead(), block, s(IDs{"id", "place", "w", false})); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	// xxh3_128_hexdigest(b"same") of python-xxhash.
	const sameHash = "32e4fc33210edf0a94d0af822e63d179"
	got := strings.Split(written(t, rows, stages.DefaultRead(), 1<<30, s(IDs{"key", "hash", "", false})), "\n")
	if !strings.HasSuffix(got[0], `"key":"`+sameHash+`"}`) || !strings.HasSuffix(got[1], `"key":"`+sameHash+`"}`) || strings.Contains(got[2], sameHash) {
		t.Errorf("got %q, want %s", got, sameHash)
	}

	have := `{"text":"a","id":"x"}
{"text":"b"}
`
	b := batches(t, "a.jsonl", have, stages.DefaultRead(), 1<<30, s(DefaultIDs()))[0]
	if err := s(DefaultIDs()).(stages.Mapper).Map(context.Background(), b); err == nil || !strings.Contains(err.Error(), `column "id" has a value already`) {
		t.Error(err)
	}
	if got := written(t, have, stages.DefaultRead(), 1<<30, s(IDs{"id", "place", "", true})); !strings.HasPrefix(got, `{"text":"a","id":"a.jsonl@0"}`) {
		t.Errorf("got %s", got)
	}
	missing, err := stages.When(stages.Common{When: "id == nil"}, []stages.Stage{s(DefaultIDs())})
	if err != nil {
		t.Fatal(err)
	}
	if got := written(t, have, stages.DefaultRead(), 1<<30, missing...); got != "{\"text\":\"a\",\"id\":\"x\"}\n{\"text\":\"b\",\"id\":\"a.jsonl@22\"}\n" {
		t.Errorf("got %s", got)
	}
	for _, c := range []struct {
		ids  IDs
		want string
	}{
		{IDs{Into: "", Style: "place"}, "into = "}, {IDs{Into: "id", Style: "ordered"}, "running numbers are not known"},
		{IDs{Into: "id", Style: "x"}, "have hash, place"}, {IDs{Into: "text", Style: "hash"}, "is hashed"},
	} {
		if _, err := NewIDs(stages.Common{Column: "text"}, c.ids); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.ids, err)
		}
	}
}
