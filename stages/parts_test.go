package stages_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/stages"
)

// A cutter makes a row of each word.
type cutter struct{ name string }

func (c cutter) Name() string { return c.name }
func (c cutter) Columns() stages.Columns {
	return stages.Columns{Reads: []stages.Need{{Name: "text"}}, Changes: []string{"text"}}
}

func (cutter) Parted() (string, string) { return "text", "" }

func (cutter) Count(_ context.Context, b *stages.Batch) ([]int, error) {
	counts := make([]int, b.Len())
	for i, kept := range b.Keep {
		if kept {
			counts[i] = max(1, len(strings.Fields(string(b.Column("text").Text[i]))))
		}
	}
	return counts, nil
}

func (cutter) Fill(_ context.Context, parts *stages.Batch) error {
	c, at, of := parts.Column("text"), 0, int32(-1)
	for i, kept := range parts.Keep {
		if at++; parts.Of[i] != of {
			at, of = 0, parts.Of[i]
		}
		if words := strings.Fields(string(c.Text[i])); kept && len(words) > 1 {
			c.SetText(i, []byte(words[at]))
		}
	}
	return nil
}

// A gluer joins what is left.
type gluer struct {
	name   string
	closes bool
}

func (g gluer) Name() string             { return g.name }
func (g gluer) Closes() bool             { return g.closes }
func (g gluer) Parted() (string, string) { return cutter{}.Parted() }
func (g gluer) Columns() stages.Columns  { return cutter{}.Columns() }

func (g gluer) Join(_ context.Context, parts *stages.Batch) error {
	c, first := parts.Column("text"), -1
	for i, kept := range parts.Keep {
		switch {
		case !kept:
		case first >= 0 && parts.Of[first] == parts.Of[i]:
			c.SetText(first, slices.Concat(c.Text[first], []byte(" "), c.Text[i]))
			parts.Merge(i)
		default:
			first = i
		}
	}
	return nil
}

// Messages name the rows that were read, not the parts, of which there are more.
func TestPlaceOfParts(t *testing.T) {
	b := stages.NewBatch(&stages.Shard{}, &stages.Block{Index: 7}, 100, 3)
	parts := b.Parts([]int{3, 0, 2})
	row := &stages.RowError{Batch: parts, Row: 4, Err: errors.New("why")}
	stage := &stages.StageError{Stage: cutter{"cut"}, Batch: parts.Parts([]int{1, 1, 1, 1, 1}), Err: errors.New("why")}
	for want, err := range map[string]error{
		"row 102 of block 7, segment 1: why":              row,
		`stage "cut", rows 100 to 102 of block 7: why`:    stage,
		"row 102 of block 7: why":                         &stages.RowError{Batch: b, Row: 2, Err: errors.New("why")},
		`stage "cut", row 102 of block 7, segment 1: why`: &stages.StageError{Stage: cutter{"cut"}, Batch: parts, Err: row},
	} {
		if err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// A measurer drops a text, and adds the length of the others.
type measurer struct{ name, text string }

func (d measurer) Name() string { return d.name }
func (d measurer) Columns() stages.Columns {
	return stages.Columns{Reads: []stages.Need{{Name: "text"}}, Adds: []string{d.name}}
}

func (d measurer) Map(_ context.Context, b *stages.Batch) error {
	lengths := b.Add(d.name)
	for i, text := range b.Column("text").Text {
		switch {
		case !b.Keep[i]:
		case string(text) == d.text:
			b.Drop(i)
		default:
			lengths.Values[i] = stages.Scalar{Kind: stages.Int, Int: int64(len(text))}
		}
	}
	return nil
}

// words is a batch of texts.
func words(texts ...string) *stages.Batch {
	b := stages.NewBatch(&stages.Shard{}, &stages.Block{}, 7, len(texts))
	c := stages.Column{Name: "text"}
	for _, s := range texts {
		c.Text = append(c.Text, []byte(s))
		b.RowID = append(b.RowID, []byte("id of "+s))
	}
	b.Columns = append(b.Columns, c)
	return b
}

// print writes the rows that are left: text, columns of numbers, row as it was read and segment.
func print(b *stages.Batch) string {
	var rows []string
	for i, kept := range b.Keep {
		if !kept {
			continue
		}
		row := string(b.Column("text").Text[i])
		for _, c := range b.Columns {
			if c.Type == stages.Scalars {
				row += fmt.Sprint(" ", c.Values[i].Int)
			}
		}
		n, is := b.Segment(i)
		rows = append(rows, fmt.Sprintf("%s @%d %d %v", row, b.Read(i), n, is))
	}
	return strings.Join(rows, "; ")
}

func TestParts(t *testing.T) {
	cut, glue, again := cutter{"cut"}, gluer{"glue", true}, cutter{"again"}
	x := measurer{"len", "x"}
	for _, c := range []struct {
		list   []stages.Stage
		want   string
		counts string
	}{
		{[]stages.Stage{cut}, "a @0 0 true; x @0 1 true; bb @0 2 true; x @1 0 true;  @2 0 true; ccc @3 0 true", "[6]"},
		{[]stages.Stage{cut, x}, "a 1 @0 0 true; bb 2 @0 2 true;  0 @2 0 true; ccc 3 @3 0 true", "[6 4]"},
		// What is joined stands in the rows that were read; a row without a part is gone. The columns are those of
		// the first part that is left.
		{[]stages.Stage{cut, x, glue}, "a bb 1 @0 0 false;  0 @2 0 false; ccc 3 @3 0 false", "[6 4 3]"},
		{[]stages.Stage{x, cut, glue}, "a x bb 6 @0 0 false;  0 @2 0 false; ccc 3 @3 0 false", "[3 5 3]"},
		// Parts of parts are numbered by the row that was read, and are joined step by step.
		{[]stages.Stage{cut, again}, "a @0 0 true; x @0 1 true; bb @0 2 true; x @1 0 true;  @2 0 true; ccc @3 0 true", "[6 6]"},
		{[]stages.Stage{cut, again, x, gluer{"first", true}, glue}, "a bb 1 @0 0 false;  0 @2 0 false; ccc 3 @3 0 false", "[6 6 4 4 3]"},
		// A joiner that does not close leaves parts.
		{[]stages.Stage{cut, x, gluer{"open", false}}, "a bb 1 @0 0 true;  0 @2 0 true; ccc 3 @3 0 true", "[6 4 3]"},
	} {
		b := words("a x bb", "x", "", "ccc")
		last, counts, err := stages.Passes(c.list)[0].Run(context.Background(), b, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := print(last); got != c.want || fmt.Sprint(counts) != c.counts {
			t.Errorf("%v\ngot  %s %v\nwant %s %s", c.list, got, counts, c.want, c.counts)
		}
		live := 0
		for _, kept := range last.Keep {
			if kept {
				live++
			}
		}
		if live != last.Live() {
			t.Errorf("%d rows are left, and %d are counted", live, last.Live())
		}
		if whole := last.Fold(); whole != b {
			t.Error("the batch is not the one that was read")
		}
	}
}

// A row of which no stage between splitting and joining has changed anything is not changed.
func TestPartsUnchanged(t *testing.T) {
	b := words("a x bb", "x y", "ccc")
	list := []stages.Stage{cutter{"cut"}, gluer{"glue", true}}
	if _, _, err := stages.Passes(list)[0].Run(context.Background(), b, nil, nil); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(b.Column("text").Changed, true) {
		t.Error("a text was changed that is the same")
	}
}

// What parts lose is listed with them, and what rows lose with these.
func TestPartsTraced(t *testing.T) {
	b := words("a x bb", "x", "ccc")
	b.Traced = true
	list := []stages.Stage{cutter{"cut"}, measurer{"len", "x"}, gluer{"glue", true}, measurer{"last", "ccc"}}
	last, _, err := stages.Passes(list)[0].Run(context.Background(), b, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range last.Family() {
		for _, r := range one.Rejected {
			n, is := one.Segment(r.Row)
			got = append(got, fmt.Sprintf("%s: row %d segment %d %v", r.Stage, one.Read(r.Row), n, is))
		}
	}
	want := []string{"glue: row 1 segment 0 false", "last: row 2 segment 0 false", "len: row 0 segment 1 true", "len: row 1 segment 0 true"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestPartsInPasses(t *testing.T) {
	filter := func(n string) stages.Stage { return mapper{name: n} }
	dedup := func(n string) stages.Stage { return shuffler{mapper{name: n}} }
	list := []stages.Stage{filter("f"), cutter{"cut"}, filter("g"), gluer{"glue", true}, filter("h"), dedup("d"), filter("i"), cutter{"open"}, filter("j")}
	// Filters between the two are run again: which parts they left is not known.
	want := "f* cut* g* glue* h* note-d | cut g glue d* i* open* j* | "
	if got := draw(stages.Passes(list)); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if err := stages.CheckParts(list); err != nil {
		t.Error(err)
	}
	for want, list := range map[string][]stages.Stage{
		`stage "glue" joins the parts`:                                   {cutter{"cut"}, gluer{"first", true}, gluer{"glue", true}},
		`stage "d" compares rows, and behind stage "cut" they are parts`: {cutter{"cut"}, dedup("d"), gluer{"glue", true}},
		`stage "e" compares rows`:                                        {cutter{"cut"}, gluer{"glue", false}, dedup("e")},
		"stage \"g\" joins rows that an earlier job has split, and behind stage \"cut\" they are parts that this job has made\n" +
			"leave document_id_field out": {cutter{"cut"}, gatherer{shuffler{mapper{name: "g"}}}},
	} {
		if err := stages.CheckParts(list); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A gatherer joins rows of an earlier job.
type gatherer struct{ stages.Shuffler }

func (gatherer) Gathers() string { return "document_id_field" }

// The key when parts the rows for which it is true.
func TestPartsWhen(t *testing.T) {
	made, err := stages.When(stages.Common{Name: "cut", When: `len(text) > 3`}, []stages.Stage{cutter{"cut"}})
	if err != nil {
		t.Fatal(err)
	}
	last, _, err := stages.Passes(made)[0].Run(context.Background(), words("a x bb", "x y", "ccc d"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := print(last), "a @0 0 true; x @0 1 true; bb @0 2 true; x y @1 0 true; ccc @2 0 true; d @2 1 true"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if _, err := stages.When(stages.Common{Name: "glue", When: "true"}, []stages.Stage{gluer{"glue", true}}); err == nil {
		t.Error("a condition for a stage that joins was taken")
	}
}

// A titler writes a column that the shard does not have.
type titler struct{ mapper }

func (titler) Map(_ context.Context, b *stages.Batch) error {
	c := b.Writable("title")
	for i, kept := range b.Keep {
		if kept {
			c.SetText(i, append([]byte("on "), b.Column("text").Text[i]...))
		}
	}
	return nil
}

// A column that is made of one that is absent stays what it was asked for as.
func TestPartsAbsent(t *testing.T) {
	b := words("a x", "b")
	b.Columns = append(b.Columns, stages.Column{Name: "title", Text: make([][]byte, 2), Absent: true})
	list := []stages.Stage{cutter{"cut"}, titler{mapper{name: "t"}}, gluer{"glue", true}}
	if _, _, err := stages.Passes(list)[0].Run(context.Background(), b, nil, nil); err != nil {
		t.Fatal(err)
	}
	c := b.Column("title")
	if c.Type != stages.Text || c.Absent || !c.Added || len(c.Text) != 2 || string(c.Text[0]) != "on a" || string(c.Text[1]) != "on b" {
		t.Errorf("%+v", c)
	}
}
