package format

import (
	"strings"
	"testing"

	"sluice/stages"
)

// A stage that reads a list or an object finds null in all rows: that is said of columns that hold nothing else.
func TestNested(t *testing.T) {
	table := schemaShard(t)
	lines := shardOf(t, "a.jsonl", []byte(`{"text": "a", "arr": [1], "meta": {"lang": "en", "n": {"x": 1}}, "mixed": [1], "id": "a"}
{"text": "b", "arr": null, "meta": {"lang": "de"}, "mixed": "one"}
{"text": "c"}
`))
	for i, c := range []struct {
		shard *stages.Shard
		read  func(*stages.Read)
		reads string
		want  string // of the warning; "": there is none
	}{
		{lines, nil, "arr", `column "arr" is a list, and counts as null where stage "s" reads it` + "\nname a column that has one value"},
		{lines, nil, "meta", `column "meta" is an object, and counts as null where stage "s" reads it` + "\nname a column in it, with dots: meta.lang, meta.n, meta.n.x"},
		{lines, nil, "meta.n", `column "meta.n" is an object, and counts as null where stage "s" reads it` + "\nname a column in it, with dots: meta.n.x"},
		{lines, func(r *stages.Read) { r.Rename = map[string]string{"meta": "about"} }, "about", "name a column in it, with dots: about.lang, about.n"},
		{lines, nil, "mixed", ""},
		{lines, nil, "meta.lang", ""},
		{lines, nil, "text", ""},
		{&table, nil, "tags", `column "tags" is a list, and counts`},
		{&table, nil, "Meta", `column "Meta" is an object, and counts as null where stage "s" reads it` + "\nname a column in it, with dots: Meta.URL"},
		{&table, nil, "Meta.URL", ""},
		{&table, nil, "Score", ""},
	} {
		in := stages.Input{Read: stages.DefaultRead()}
		if c.shard == &table {
			in.Read.Text = "Text"
		}
		if c.read != nil {
			c.read(&in.Read)
		}
		_, warnings, err := CheckColumns(t.Context(), []stages.Shard{*c.shard}, []stages.Input{in}, stages.Write{}, []stages.Stage{wanting{reads: c.reads}, wanting{reads: c.reads}})
		got := strings.Join(warnings, "\n")
		if err != nil || len(warnings) > 1 || (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("case %d: %v, warnings %q, want %q", i, err, got, c.want)
		}
	}
	// What an earlier stage has made of it is none of the input's.
	in := stages.Input{Read: stages.DefaultRead()}
	_, warnings, err := CheckColumns(t.Context(), []stages.Shard{*lines}, []stages.Input{in}, stages.Write{}, []stages.Stage{changing{}, wanting{reads: "arr"}})
	if err != nil || len(warnings) > 0 {
		t.Errorf("%v, warnings %q", err, warnings)
	}
}

// A changing stage makes a new value of a column, whatever it held.
type changing struct{ stages.Stage }

func (changing) Name() string { return "c" }
func (changing) Columns() stages.Columns {
	return stages.Columns{Reads: []stages.Need{{Name: "arr", Type: stages.Scalars, Optional: true}}, Changes: []string{"arr"}}
}
