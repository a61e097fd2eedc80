package dedup

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"sluice/stages"
)

// run holds the rounds of a stage over a batch, on one rank, and applies what
// came of them.
func run(t *testing.T, s stages.Shuffler, b *stages.Batch) {
	t.Helper()
	tables := held(t, s, b)
	if err := s.Apply(t.Context(), b, tables[s.Tables().Apply]); err != nil {
		t.Fatal(err)
	}
}

func texts(list ...string) *stages.Batch {
	b := stages.NewBatch(&stages.Shard{}, &stages.Block{Index: 3}, 10, len(list))
	c := stages.Column{Name: "text"}
	for _, s := range list {
		c.Text = append(c.Text, []byte(s))
	}
	b.Columns = append(b.Columns, c)
	return b
}

func scalars(b *stages.Batch, name string, values ...any) *stages.Batch {
	c := stages.Column{Name: name, Type: stages.Scalars}
	for _, v := range values {
		var s stages.Scalar
		switch v := v.(type) {
		case int:
			s = stages.Scalar{Kind: stages.Int, Int: int64(v)}
		case float64:
			s = stages.Scalar{Kind: stages.Float, Float: v}
		case string:
			s = stages.Scalar{Kind: stages.String, Str: []byte(v)}
		case bool:
			s = stages.Scalar{Kind: stages.Bool}
		}
		c.Values = append(c.Values, s)
	}
	b.Columns = append(b.Columns, c)
	return b
}

func kept(b *stages.Batch) string {
	var rows []string
	for i, k := range b.Keep {
		if k {
			rows = append(rows, fmt.Sprint(i))
		}
	}
	return strings.Join(rows, " ")
}

func TestExact(t *testing.T) {
	for _, c := range []struct {
		name  string
		table Exact
		batch *stages.Batch
		want  string
	}{
		{"first", Exact{Keep: "first"}, texts("a", "b", "a", "", "a", ""), "0 1 3"},
		{"last", Exact{Keep: "last"}, texts("a", "b", "a", "", "a", ""), "1 4 5"},
		{"case counts", Exact{Keep: "first"}, texts("a", "A", "a "), "0 1 2"},
		{"normalised", Exact{Keep: "first", Normalize: []string{"whitespace", "lower"}}, texts("a  B", "A b ", "ab"), "0 2"},
		{"longest", Exact{Keep: "longest", Normalize: []string{"whitespace"}}, texts("é b", "é  b ", " é b "), "1"},
		{"longest counts code points", Exact{Keep: "longest", Normalize: []string{"punctuation"}}, texts("ab!!", "ab…", "ab?!"), "0"},
		{"max", Exact{Keep: "max:n"}, scalars(texts("a", "a", "a", "a"), "n", 1, 2.5, -7, nil), "1"},
		{"min", Exact{Keep: "min:n"}, scalars(texts("a", "a", "a", "a"), "n", 1, math.NaN(), -7, nil), "2"},
		{"max without numbers", Exact{Keep: "max:n"}, scalars(texts("a", "a"), "n", nil, nil), "0"},
		{"max tie", Exact{Keep: "max:n"}, scalars(texts("a", "a", "a"), "n", 0.0, math.Copysign(0, -1), -1), "0"},
		{"columns", Exact{Keep: "first", Columns: []string{"url"}}, scalars(texts("a", "b", "c", "d", "e"), "url", "u", "v", "u", nil, nil), "0 1 3 4"},
		{"columns by kind", Exact{Keep: "first", Columns: []string{"url"}}, scalars(texts("a", "b", "c"), "url", "1", 1, 1.0), "0 1 2"},
		{"two columns", Exact{Keep: "first", Columns: []string{"x", "y"}},
			scalars(scalars(texts("a", "b", "c", "d"), "x", "ab", "a", "ab", nil), "y", "c", "bc", "c", "c"), "0 1 3"},
		{"longest of a url", Exact{Keep: "longest", Columns: []string{"url"}}, scalars(texts("a", "bbb", "c"), "url", "u", "u", "u"), "1"},
	} {
		made, err := NewExact(stages.Common{Name: "exact", Column: "text"}, c.table)
		if err != nil {
			t.Fatal(err)
		}
		run(t, made[0].(stages.Shuffler), c.batch)
		if got := kept(c.batch); got != c.want {
			t.Errorf("%s: kept %s, want %s", c.name, got, c.want)
		}
		for _, r := range c.batch.Removed {
			if c.batch.Keep[r.Row] || !c.batch.Keep[r.Keeper.Row()-c.batch.First] {
				t.Errorf("%s: row %d was removed for %d", c.name, r.Row, r.Keeper.Row())
			}
		}
	}
}

// Strings have no order as numbers: rows would stay as if keep were first. A row that is gone does not matter.
func TestKeepStrings(t *testing.T) {
	for _, rule := range []string{"max:n", "min:n"} {
		k, err := parseKeep(rule)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []any{"2024-05-01", "7", false} {
			b := scalars(texts("a", "b", "c"), "n", nil, 1, v)
			var row *stages.RowError
			if _, err := k.orders(b, "text"); !errors.As(err, &row) || row.Row != 2 || row.Key != "keep" || !strings.Contains(err.Error(), rule) {
				t.Errorf("%s, %v: error %v", rule, v, err)
			}
			b.Keep[2] = false
			if _, err := k.orders(b, "text"); err != nil {
				t.Errorf("%s, %v in a row that is gone: %v", rule, v, err)
			}
		}
	}
}

// Integers beyond 64 bits arrive as floats, and many as one: rows that differ in such a number are not duplicates.
func TestExactLargeNumbers(t *testing.T) {
	made, err := NewExact(stages.Common{Name: "exact", Column: "text"}, Exact{Keep: "first", Columns: []string{"n"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		n    float64
		fine bool
	}{{0.5, true}, {math.NaN(), true}, {-(1<<53 - 1), true}, {-(1 << 53), false}, {1 << 63, false}, {math.Inf(1), false}} {
		var row *stages.RowError
		err := made[0].(stages.Shuffler).Note(t.Context(), scalars(texts("a", "b"), "n", 1, c.n), nil, func(stages.Note) {})
		if c.fine && err != nil || !c.fine && (!errors.As(err, &row) || row.Row != 1 || !strings.Contains(err.Error(), `column "n" is a number too large to tell rows apart by`)) {
			t.Errorf("%v: error %v", c.n, err)
		}
	}
}

func TestExactMarks(t *testing.T) {
	made, err := NewExact(stages.Common{Name: "unique", Column: "text", Action: "mark"}, Exact{Keep: "first"})
	if err != nil {
		t.Fatal(err)
	}
	b := texts("a", "a", "b")
	run(t, made[0].(stages.Shuffler), b)
	if kept(b) != "0 1 2" || len(b.Removed) != 1 {
		t.Errorf("kept %s, listed %d", kept(b), len(b.Removed))
	}
	for i, want := range []int64{1, 0, 1} {
		if got := b.Column("unique").Values[i]; got.Kind != stages.Bool || got.Int != want {
			t.Errorf("row %d is marked %v, want %d", i, got, want)
		}
	}
}

// Two hashes that share their high half meet at one judge, and are two groups.
func TestExactHalfCollision(t *testing.T) {
	x := &exact{common: stages.Common{Name: "exact"}}
	var answers []string
	questions := []stages.Question{
		{Key: 1, Sample: 1, Payload: []byte("aaaaaaaa")}, {Key: 1, Sample: 2, Payload: []byte("bbbbbbbb")},
		{Key: 1, Sample: 3, Payload: []byte("bbbbbbbb")}, {Key: 1, Sample: 4, Payload: []byte("aaaaaaaa")},
	}
	err := x.judge(t.Context(), 1, slices.Values(questions), func(a stages.Note) error {
		answers = append(answers, fmt.Sprint(a.Sample, a.Payload))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "2 []|3 [2 0 0 0 0 0 0 0]|1 []|4 [1 0 0 0 0 0 0 0]"
	if got := strings.Join(answers, "|"); got != want {
		t.Errorf("answers %s, want %s", got, want)
	}
}

func TestExactRefuses(t *testing.T) {
	for _, c := range []struct {
		common stages.Common
		table  Exact
		want   string
	}{
		{stages.Common{}, Exact{Keep: "frist"}, "first, last, longest"},
		{stages.Common{}, Exact{Keep: "max:"}, "max:COLUMN"},
		{stages.Common{}, Exact{Keep: "first", Normalize: []string{"uper"}}, "lower"},
		{stages.Common{Score: "s"}, Exact{Keep: "first"}, "no score"},
		{stages.Common{Invert: true}, Exact{Keep: "first"}, "invert"},
	} {
		if _, err := NewExact(c.common, c.table); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", c.table, err, c.want)
		}
	}
}

func FuzzNumberOrder(f *testing.F) {
	f.Add(1.5, -2.5)
	f.Fuzz(func(t *testing.T, a, b float64) {
		order := func(x float64) uint64 { return numberOrder(stages.Scalar{Kind: stages.Float, Float: x}, false) }
		if math.IsNaN(a) || math.IsNaN(b) {
			return
		}
		if got, want := cmp.Compare(order(a), order(b)), cmp.Compare(a, b); got != want {
			t.Errorf("%v and %v compare as %d, want %d", a, b, got, want)
		}
	})
}

func BenchmarkExactNote(b *testing.B) {
	for _, size := range []int{300, 5000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			list := make([]string, 200)
			for i := range list {
				list[i] = strings.Repeat("word ", size/5)
			}
			batch := texts(list...)
			made, _ := NewExact(stages.Common{Name: "exact", Column: "text"}, DefaultExact())
			s := made[0].(stages.Shuffler)
			b.SetBytes(int64(len(list) * size))
			for b.Loop() {
				s.Note(b.Context(), batch, nil, func(stages.Note) {})
			}
		})
	}
}
