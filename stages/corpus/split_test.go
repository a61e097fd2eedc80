package corpus

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"sluice/stages"
)

func TestLabel(t *testing.T) {
	made, err := NewSplit(stages.Common{Name: "s"}, Split{By: "v", MaxValues: 10})
	if err != nil {
		t.Fatal(err)
	}
	s := made[0].(*split)
	text := func(v string) stages.Scalar { return stages.Scalar{Kind: stages.String, Str: []byte(v)} }
	for _, c := range []struct {
		value stages.Scalar
		want  string
	}{
		{stages.Scalar{}, "__null__"},
		{stages.Scalar{Kind: stages.Bool, Int: 1}, "true"},
		{stages.Scalar{Kind: stages.Int, Int: -3}, "-3"},
		{stages.Scalar{Kind: stages.Float, Float: 0.5}, "0.5"},
		{text(""), "__empty__"},
		{text("__null__"), "%5F_null__"},
		{text("__empty__"), "%5F_empty__"},
		{text("de"), "de"},
		{text("français 日本 🙂"), "français 日本 🙂"},
		{text("../../etc/passwd"), "%2E.%2F..%2Fetc%2Fpasswd"},
		{text("."), "%2E"},
		{text(".."), "%2E."},
		{text("a/b\\c%2F"), "a%2Fb%5Cc%252F"},
		{text("line\nend\x00\x7f"), "line%0Aend%00%7F"},
		{text("*.jsonl"), "%2A.jsonl"},
		{text("\xff\xc3"), "%FF%C3"},
		{text(strings.Repeat("x", 255)), strings.Repeat("x", 255)},
		{text(strings.Repeat("x", 256)), "error"},
		{text(strings.Repeat("/", 10<<20)), "error"},
	} {
		b := stages.NewBatch(nil, &stages.Block{}, 0, 1)
		b.Columns = []stages.Column{{Name: "v", Type: stages.Scalars, Values: []stages.Scalar{c.value}}}
		got, err := s.Label([]byte("before"), b, 0)
		if c.want == "error" {
			if err == nil || len(err.Error()) > 300 || !strings.Contains(err.Error(), `column "v"`) {
				t.Errorf("%.20q: error %v", c.value.Str, err)
			}
			continue
		}
		if err != nil || string(got) != "before"+c.want {
			t.Errorf("%q is called %q, want %q (%v)", c.value.Str, got, c.want, err)
		}
	}
}

// No two values have one folder, and none leaves OUT/data.
func FuzzFolder(f *testing.F) {
	for _, s := range []string{"", "..", "a/b", "a%2Fb", "__null__", "%5F_null__", "\xff", "é*"} {
		f.Add([]byte(s), []byte(s+"x"))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if len(a)+len(b) > maxName/3 {
			return // refused
		}
		x, y := appendFolder(nil, a), appendFolder(nil, b)
		if bytes.Equal(x, y) != bytes.Equal(a, b) {
			t.Errorf("%q and %q are %q and %q", a, b, x, y)
		}
		if len(x) == 0 || string(x) == nullFolder || x[0] == '.' || bytes.ContainsAny(x, "/\x00*?[") {
			t.Errorf("%q is %q", a, x)
		}
		if back, err := url.PathUnescape(string(x)); len(a) > 0 && (err != nil || back != string(a)) {
			t.Errorf("%q is %q, which reads %q (%v)", a, x, back, err)
		}
	})
}

func TestSplitMistakes(t *testing.T) {
	for _, c := range []struct {
		x    Split
		want string
	}{
		{Split{MaxValues: 5}, `by = "" names no column`},
		{Split{By: "x"}, "max_values = 0 is not between 1 and 10000"},
		{Split{By: "x", MaxValues: 10001}, "max_values = 10001 is"},
	} {
		if _, err := NewSplit(stages.Common{}, c.x); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.x, err, c.want)
		}
	}
}

// leftOf is what a last pass leaves of blocks, each a shard of its own, of these rows and bytes.
func leftOf(rows, bytes []int64) stages.Left {
	left := stages.Left{Rows: rows, Bytes: bytes}
	for b := range rows {
		left.Shards = append(left.Shards, stages.Shard{Index: b, Name: fmt.Sprintf("%d.jsonl", b), Format: "jsonl"})
		left.Blocks = append(left.Blocks, stages.Block{Index: b, Shard: b})
	}
	return left
}

// places lists where all rows go, by block.
func places(t *testing.T, left stages.Left, a stages.Arrangement) (all []stages.Place) {
	t.Helper()
	for b, rows := range left.Rows {
		at := a.Places(b)
		label, of := 0, int64(0)
		for row := range rows {
			if left.Labels != nil {
				for of == left.Labels[b][label].Rows {
					label, of = label+1, 0
				}
				of++
			}
			err := at(stages.MakeID(b, row), label, func(p stages.Place) error {
				if p.Output < 0 || p.Output >= len(a.Outputs) {
					t.Fatalf("row %d of block %d goes to output %d of %d", row, b, p.Output, len(a.Outputs))
				}
				all = append(all, p)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

// Rows may take less than a byte each, and blocks be empty.
func TestSplitOfTinyRows(t *testing.T) {
	left := leftOf([]int64{1000, 0, 3}, []int64{10, 0, 3_000_000})
	left.Labels = [][]stages.Label{{{Name: "a", Rows: 1}, {Name: "b", Rows: 999}}, nil, {{Name: "b", Rows: 3}}}
	left.Size = 1_000_000
	s := &split{Split: DefaultSplit()}
	a, err := s.Arrange(left)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Outputs) != 5 || a.Outputs[0].Name != "a/part-00000.jsonl" || a.Outputs[4].Name != "b/part-00003.jsonl" {
		t.Errorf("outputs %v", a.Outputs)
	}
	if n := len(places(t, left, a)); n != 1003 {
		t.Errorf("%d places", n)
	}
}

// A folder holds 10,000 files.
func TestFolders(t *testing.T) {
	left := leftOf([]int64{25_000}, []int64{25_000_000_000})
	left.Size = 1_000_000
	a, err := reshard{}.Arrange(left)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Outputs) != 25_000 || a.Outputs[12_345].Name != "part-001/part-0012345.jsonl" {
		t.Errorf("%d outputs, 12,345 is %v", len(a.Outputs), a.Outputs[12_345])
	}
	for i, p := range places(t, left, a) {
		if p.Output != i {
			t.Fatalf("row %d stands in %d", i, p.Output)
		}
	}
	many := leftOf(make([]int64, maxFolder+1), make([]int64, maxFolder+1))
	many.Labels = make([][]stages.Label, maxFolder+1)
	for b := range many.Rows {
		many.Rows[b], many.Bytes[b], many.Labels[b] = 1, 10, []stages.Label{{Name: "x", Rows: 1}}
	}
	if _, err := (&split{Split: DefaultSplit()}).Arrange(many); err == nil || !strings.Contains(err.Error(), "write.shard_size") {
		t.Errorf("a folder of %d files: %v", maxFolder+1, err)
	}
}

func TestNoRows(t *testing.T) {
	left := leftOf([]int64{0, 0}, []int64{0, 0})
	for _, m := range []stages.Mover{reshard{}, &shuffle{}} {
		if a, err := m.Arrange(left); err != nil || len(a.Outputs) != 2 {
			t.Errorf("%s: %v, %v", m.Name(), a.Outputs, err)
		}
	}
}
