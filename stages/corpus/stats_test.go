package corpus

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"sluice/stages"
)

// tallyOf counts rows and returns what the file says.
func tallyOf(t *testing.T, s Stats, shard *stages.Shard, columns map[string][]stages.Scalar, texts ...string) Summary {
	t.Helper()
	made, err := NewStats(stages.Common{Name: "stats", Column: "text"}, s)
	if err != nil {
		t.Fatal(err)
	}
	c := made[0].(stages.Counter)
	b := stages.NewBatch(shard, &stages.Block{}, 0, len(texts)+1)
	text := stages.Column{Name: "text", Text: [][]byte{[]byte("a row that is gone")}}
	for _, s := range texts {
		text.Text = append(text.Text, []byte(s))
	}
	b.Columns = append(b.Columns, text)
	for name, values := range columns {
		b.Columns = append(b.Columns, stages.Column{Name: name, Type: stages.Scalars, Values: append([]stages.Scalar{{}}, values...)})
	}
	b.Drop(0)
	if err := c.Map(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	if len(b.Tallies) != 1 || b.Live() != len(texts) {
		t.Fatalf("%d tallies, %d rows", len(b.Tallies), b.Live())
	}
	p, err := c.Summary(b.Tallies[0])
	if err != nil {
		t.Fatal(err)
	}
	var out Summary
	if err := json.Unmarshal(p, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestStats(t *testing.T) {
	out := tallyOf(t, DefaultStats(), &stages.Shard{}, nil, "", "one", "one two\n", " \t\n", "日本語", "😀", strings.Repeat("x", 10<<20))
	if got := fmt.Sprint(out.All.Documents, out.All.Bytes, out.All.Characters, out.All.Words); got != fmt.Sprint(7, 3+8+3+9+4+10<<20, 3+8+3+3+1+10<<20, 0+1+2+0+1+1+1) {
		t.Errorf("sums %s", got)
	}
	if got := fmt.Sprint(out.All.Lengths.Bytes); got != "[{0 1 1} {2 4 2} {4 8 1} {8 16 2} {8388608 16777216 1}]" {
		t.Errorf("bytes %s", got)
	}
	if got := fmt.Sprint(out.All.Lengths.Words); got != "[{0 1 2} {1 2 4} {2 4 1}]" {
		t.Errorf("words %s", got)
	}
	if out.Groups != nil || out.Other != nil {
		t.Error("groups that nobody asked for")
	}
}

func TestBy(t *testing.T) {
	str := func(s string) stages.Scalar { return stages.Scalar{Kind: stages.String, Str: []byte(s)} }
	values := []stages.Scalar{str("en"), {}, {Kind: stages.Int, Int: 1}, {Kind: stages.Float, Float: 1}, str("1"), {Kind: stages.Bool, Int: 1},
		{Kind: stages.Float, Float: math.NaN()}, {Kind: stages.Float, Float: 0.5}, str("\xff"), str(strings.Repeat("k", 300))}
	texts := make([]string, len(values))
	got := ""
	s := Stats{By: "lang", MaxValues: 100}
	for _, g := range tallyOf(t, s, &stages.Shard{}, map[string][]stages.Scalar{"lang": values}, texts...).Groups {
		p, _ := json.Marshal(g.Value)
		got += fmt.Sprintf("%.20s %d, ", p, g.Documents)
	}
	if want := `null 1, "1" 1, "NaN" 1, "en" 1, "kkkkkkkkkkkkkkkkkkk 1, "` + "\ufffd" + `" 1, 0.5 1, 1 2, true 1, `; got != want {
		t.Errorf("groups %s\nwant   %s", got, want)
	}
	s.MaxValues = 3
	out := tallyOf(t, s, &stages.Shard{}, map[string][]stages.Scalar{"lang": values}, texts...)
	if len(out.Groups) < 3 || out.All.Documents != int64(len(values)) {
		t.Errorf("%d groups of %d documents", len(out.Groups), out.All.Documents)
	}
	shard := &stages.Shard{Name: "web/cc/a.jsonl", Source: "web"}
	for by, want := range map[string]string{"@source": "web", "@folder": "web/cc", "@shard": "web/cc/a.jsonl"} {
		out := tallyOf(t, Stats{By: by, MaxValues: 1}, shard, nil, "x", "y")
		if len(out.Groups) != 1 || out.Groups[0].Value != want || out.Groups[0].Documents != 2 {
			t.Errorf("%s: %v", by, out.Groups)
		}
	}
}

// Each number lies in its bin, and bins lie side by side.
func TestStatsOfColumns(t *testing.T) {
	list := []float64{0, 1e-9, -1e-9, 0.5, 0.62, 0.625, 0.99, 1, 1.25, -3, 1e300, math.Inf(1), math.Inf(-1), math.Ldexp(1, minExponent), 1 << 40}
	for x := 1e-4; x < 1e9; x *= 1.37 {
		list = append(list, x, -x)
	}
	for _, x := range list {
		out := tallyOf(t, Stats{Columns: []string{"score"}, MaxValues: 1}, &stages.Shard{}, map[string][]stages.Scalar{"score": {{Kind: stages.Float, Float: x}}}, "x")
		c := out.All.Columns["score"]
		if c.Numbers != 1 || c.Others != 0 || len(c.Histogram) != 1 {
			t.Fatalf("%v: %+v", x, c)
		}
		b := c.Histogram[0]
		y := min(max(x, -math.Ldexp(1, maxExponent)*0.999), math.Ldexp(1, maxExponent)*0.999)
		small := math.Abs(x) < math.Ldexp(1, minExponent)
		if inside := b.From <= y && y < b.To || x < 0 && b.From < y && y <= b.To; !inside && !small || small && b.From != 0 {
			t.Errorf("%v lies in %v", x, b)
		}
	}
	values := []stages.Scalar{{Kind: stages.Int, Int: 3}, {}, {Kind: stages.String, Str: []byte("3")}, {Kind: stages.Bool, Int: 1}, {Kind: stages.Float, Float: math.NaN()}}
	c := tallyOf(t, Stats{Columns: []string{"n"}, MaxValues: 1}, &stages.Shard{}, map[string][]stages.Scalar{"n": values}, make([]string, len(values))...).All.Columns["n"]
	if c.Numbers != 1 || c.Others != 4 || fmt.Sprint(c.Histogram) != "[{3 3.5 1}]" {
		t.Errorf("%+v", c)
	}
}

func TestRefuses(t *testing.T) {
	for want, s := range map[string]Stats{
		`by = "@lang" is not known; have @source`:     {By: "@lang", MaxValues: 1},
		"max_values = 0 is not between 1 and 1000000": {},
		`columns: "a" is there twice, or empty`:       {Columns: []string{"a", "a"}, MaxValues: 1},
	} {
		if _, err := NewStats(stages.Common{}, s); err == nil || err.Error() != want && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func BenchmarkStats(b *testing.B) {
	made, err := NewStats(stages.Common{Name: "stats", Column: "text"}, Stats{By: "@source", MaxValues: 10})
	if err != nil {
		b.Fatal(err)
	}
	batch := stages.NewBatch(&stages.Shard{}, &stages.Block{}, 0, 400)
	text := []byte(strings.Repeat("Some words of a text.\n", 120))
	c := stages.Column{Name: "text"}
	for range batch.Keep {
		c.Text = append(c.Text, text)
	}
	batch.Columns = append(batch.Columns, c)
	b.SetBytes(int64(400 * len(text)))
	b.ReportAllocs()
	for b.Loop() {
		batch.Tallies = nil
		if err := made[0].(stages.Mapper).Map(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
	}
}
