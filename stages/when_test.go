package stages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sluice/stages/scan"
)

// long scores a text by its bytes, and keeps those of least or more.
type long struct{ least float64 }

func (long) Score(d *scan.Document) float64 { return float64(len(d.Text())) }
func (l long) Keep(score float64) bool      { return score >= l.least }

// made returns a batch of texts in two languages, and some of none.
func madeBatch(r *rand.Rand, n int) *Batch {
	b := NewBatch(&Shard{}, &Block{}, 0, n)
	b.Columns = []Column{{Name: "text", Text: make([][]byte, n)}, {Name: "lang", Type: Scalars, Values: make([]Scalar, n)}}
	for i := range n {
		b.Columns[0].Text[i] = bytes.Repeat([]byte("x"), r.IntN(20))
		if lang := []string{"en", "de", ""}[r.IntN(3)]; lang != "" {
			b.Columns[1].Values[i] = Scalar{Kind: String, Str: []byte(lang)}
		}
		if r.IntN(5) == 0 {
			b.Drop(i)
		}
	}
	return b
}

// show writes a batch as text, but for columns of dropped rows.
func show(b *Batch) string {
	var s strings.Builder
	for i, kept := range b.Keep {
		fmt.Fprint(&s, i, kept)
		for _, c := range b.Columns {
			if kept && c.Type == Text {
				fmt.Fprintf(&s, " %s=%s %v", c.Name, c.Text[i], c.Changed != nil && c.Changed[i])
			} else if kept {
				v := c.Values[i]
				fmt.Fprintf(&s, " %s=%d %d %v %s", c.Name, v.Kind, v.Int, v.Float, v.Str)
			}
		}
		s.WriteByte('\n')
	}
	return s.String()
}

// A chain of filters with conditions, some of them the same and some over what earlier
// filters add, does what they do one after the other to the rows that they see.
func TestChainOfConditions(t *testing.T) {
	conditions := map[string]func(b *Batch, i int) bool{
		"":             func(*Batch, int) bool { return true },
		"lang == 'en'": func(b *Batch, i int) bool { return string(b.Column("lang").Values[i].Str) == "en" },
		"lang != nil":  func(b *Batch, i int) bool { return b.Column("lang").Values[i].Kind != Null },
		"f0 > 9": func(b *Batch, i int) bool {
			c := b.Column("f0")
			return c != nil && c.Values[i].Kind == Float && c.Values[i].Float > 9
		},
	}
	names := []string{"", "lang == 'en'", "lang == 'en'", "lang != nil", "f0 > 9"}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		var list []Stage
		var common []Common
		var filters []long
		for k := range 1 + r.IntN(5) {
			c := Common{Name: fmt.Sprint("m", k), Column: "text", Action: []string{"drop", "mark"}[r.IntN(2)], Invert: r.IntN(4) == 0}
			if r.IntN(2) == 0 || k == 0 {
				c.Score = fmt.Sprint("f", k)
			}
			if c.When = names[r.IntN(len(names))]; k == 0 && strings.HasPrefix(c.When, "f0") {
				c.When = ""
			}
			f := long{float64(r.IntN(20))}
			made, err := When(c, []Stage{NewFilter(c, f)})
			if err != nil {
				t.Fatal(err)
			}
			list, common, filters = append(list, made...), append(common, c), append(filters, f)
		}
		chain := NewChain(list...)
		if chain.Len() != len(list) {
			t.Fatalf("%d of %d filters in the chain", chain.Len(), len(list))
		}
		b, want := madeBatch(rand.New(rand.NewPCG(seed, 8)), 50), madeBatch(rand.New(rand.NewPCG(seed, 8)), 50)
		left, leaves := make([]int64, len(list)), make([]int64, len(list))
		if err := chain.Map(context.Background(), b, left); err != nil {
			t.Fatal(err)
		}
		for k, c := range common {
			for _, name := range []string{c.Score, c.Name} {
				if name == c.Score && name != "" || name == c.Name && c.Action == "mark" {
					want.Add(name)
				}
			}
			for i, kept := range want.Keep {
				if !kept || !conditions[c.When](want, i) {
					continue
				}
				score := float64(len(want.Column("text").Text[i]))
				stays := (score >= filters[k].least) != c.Invert
				if c.Score != "" {
					want.Column(c.Score).Values[i] = Scalar{Kind: Float, Float: score}
				}
				if c.Action == "mark" {
					want.Column(c.Name).Values[i] = Scalar{Kind: Bool, Int: map[bool]int64{true: 1}[stays]}
				} else if !stays {
					want.Drop(i)
				}
			}
			leaves[k] = int64(want.Live())
		}
		if got, want := show(b), show(want); got != want {
			t.Fatalf("seed %d, %+v: got\n%s\nwant\n%s", seed, common, got, want)
		}
		if fmt.Sprint(left) != fmt.Sprint(leaves) || b.Live() != want.Live() {
			t.Fatalf("seed %d: leaves %v, want %v", seed, left, leaves)
		}
	}
}

func TestConditionalMapper(t *testing.T) {
	c := Common{Name: "up", Column: "text", When: "lang == 'en' and text contains 'x'"}
	made, err := When(c, []Stage{NewRewriter(c, upper{})})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(made[0].Columns()); got != "{[{text 0 false} {lang 1 false} {text 1 false}] [] [text] [] [] map[]}" {
		t.Errorf("columns %s", got)
	}
	b, want := madeBatch(rand.New(rand.NewPCG(1, 8)), 50), madeBatch(rand.New(rand.NewPCG(1, 8)), 50)
	if err := made[0].(Mapper).Map(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	changed := 0
	for i, text := range want.Columns[0].Text {
		if want.Keep[i] && string(want.Columns[1].Values[i].Str) == "en" && len(text) > 0 {
			want.Columns[0].SetText(i, bytes.ToUpper(text))
			changed++
		}
	}
	if show(b) != show(want) || b.Live() != want.Live() || changed == 0 {
		t.Errorf("got\n%s\nwant\n%s", show(b), show(want))
	}
	// What was changed is what a later condition sees.
	after, err := NewCondition("when", "text contains 'X'")
	if err != nil {
		t.Fatal(err)
	}
	v := after.On(b)
	defer v.End()
	for i := range b.Keep {
		if holds, err := v.Holds(i); err != nil || holds != bytes.Contains(b.Columns[0].Text[i], []byte("X")) {
			t.Errorf("row %d: %v, %v", i, holds, err)
		}
	}
}

func TestFaultInARow(t *testing.T) {
	c := Common{Name: "up", Column: "text", When: "lang > 3"}
	for _, s := range []Stage{NewRewriter(c, upper{}), NewFilter(c, long{})} {
		made, err := When(c, []Stage{s})
		if err != nil {
			t.Fatal(err)
		}
		b := madeBatch(rand.New(rand.NewPCG(1, 8)), 50)
		before := show(b)
		_, _, err = Passes(made)[0].Run(context.Background(), b, nil, nil)
		var row *RowError
		if !errors.As(err, &row) || !strings.HasPrefix(err.Error(), `stage "up", row `) || row.Batch != b {
			t.Errorf("%T: %v", s, err)
		}
		if show(b) != before {
			t.Error("the batch has changed")
		}
	}
	if _, err := When(Common{When: "lang >"}, nil); err == nil || !strings.HasPrefix(err.Error(), `when = "lang >": `) {
		t.Error(err)
	}
}

// Where a shuffler applies its notes it reads what tells which rows are marked, if it marks.
func TestNeedsOfConditions(t *testing.T) {
	for _, c := range []struct{ adds, want string }{
		{"", "[{text 0 false} {lang 1 false}] []"},
		{"mark", "[{text 0 false} {lang 1 false}] [{lang 1 false}]"},
	} {
		d := dedup{Columns{Reads: []Need{{Name: "text"}}}}
		if c.adds != "" {
			d.columns.Adds = []string{c.adds}
		}
		made, err := When(Common{When: "lang == 'en'"}, []Stage{d})
		if err != nil {
			t.Fatal(err)
		}
		p := Passes(made)
		if got := fmt.Sprint(p[0].Needs(), " ", p[1].Needs()); got != c.want {
			t.Errorf("needs %s, want %s", got, c.want)
		}
	}
}

// A dedup notes all rows that it is given, and marks all.
type dedup struct{ columns Columns }

func (dedup) Name() string       { return "d" }
func (d dedup) Columns() Columns { return d.columns }
func (dedup) Tables() Tables     { return Tables{Notes: "n", Apply: "a"} }
func (dedup) Rounds() []Round    { return nil }
func (dedup) Note(_ context.Context, b *Batch, _ []Note, note func(Note)) error {
	for i, kept := range b.Keep {
		if kept {
			note(Note{Sample: b.ID(i)})
		}
	}
	return nil
}
func (d dedup) Apply(_ context.Context, b *Batch, _ []Note) error {
	for _, name := range d.columns.Adds {
		c := b.Add(name)
		for i := range c.Values {
			c.Values[i] = Scalar{Kind: Bool, Int: 1}
		}
	}
	return nil
}

func TestConditionalShuffler(t *testing.T) {
	made, err := When(Common{When: "lang == 'en'"}, []Stage{dedup{Columns{Adds: []string{"mark"}}}})
	if err != nil {
		t.Fatal(err)
	}
	b := madeBatch(rand.New(rand.NewPCG(3, 8)), 50)
	noted, live := map[ID]bool{}, b.Live()
	s := made[0].(Shuffler)
	if err := s.Note(context.Background(), b, nil, func(n Note) { noted[n.Sample] = true }); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(context.Background(), b, nil); err != nil {
		t.Fatal(err)
	}
	if len(noted) == 0 || b.Live() != live {
		t.Errorf("%d noted, %d left of %d", len(noted), b.Live(), live)
	}
	for i, kept := range b.Keep {
		sees := kept && string(b.Column("lang").Values[i].Str) == "en"
		if noted[b.ID(i)] != sees {
			t.Errorf("row %d: noted %v", i, noted[b.ID(i)])
		}
		if marked := b.Column("mark").Values[i].Kind == Bool; kept && marked != sees {
			t.Errorf("row %d: marked %v", i, marked)
		}
	}
}

// Rows a second that pass a condition, and what it adds to a chain.
func BenchmarkConditions(b *testing.B) {
	for _, when := range []string{"", "lang == 'en'", "lang == 'en' and len(text) > 10 and f0 > 3"} {
		b.Run("when="+when, func(b *testing.B) {
			first := Common{Name: "a", Column: "text", Score: "f0", Action: "mark"}
			c := Common{Name: "b", Column: "text", Action: "mark", When: when}
			made, err := When(c, []Stage{NewFilter(c, long{})})
			if err != nil {
				b.Fatal(err)
			}
			chain := NewChain(NewFilter(first, long{}), made[0])
			batch := madeBatch(rand.New(rand.NewPCG(1, 8)), 4096)
			rows := 0
			for b.Loop() {
				if err := chain.Map(context.Background(), batch, nil); err != nil {
					b.Fatal(err)
				}
				rows += batch.Live()
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

type closing struct {
	Mapper
	done *[]string
}

func (c closing) Prepare(context.Context) error { *c.done = append(*c.done, "prepare"); return nil }
func (c closing) Close()                        { *c.done = append(*c.done, "close") }

// TestWhenNeeds: whatever has a condition reads the columns of it.
func TestWhenNeeds(t *testing.T) {
	c := Common{Name: "s", Column: "text", When: "n > 6", Score: "score", Action: "mark"}
	all := []Stage{NewFilter(c, nil), NewClassifier(c, "label", nil), NewRewriter(c, upper{}), closing{NewRewriter(c, upper{}), new([]string)}, collecting{}}
	for _, s := range all {
		made, err := When(c, []Stage{s})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(made[0].Columns().Reads, Need{Name: "n", Type: Scalars}) {
			t.Errorf("%T with a condition over n reads %+v", s, made[0].Columns().Reads)
		}
	}
}

// TestAs: a condition does not hide what else a stage can do.
func TestAs(t *testing.T) {
	var done []string
	list, err := When(Common{When: "x == 1"}, []Stage{closing{NewRewriter(Common{}, upper{}), &done}})
	if err != nil {
		t.Fatal(err)
	}
	if err := Prepare(context.Background(), list); err != nil {
		t.Fatal(err)
	}
	if Close(list); len(done) != 2 || done[0] != "prepare" || done[1] != "close" {
		t.Errorf("done: %v", done)
	}
	if _, ok := As[Shuffler](list[0]); ok {
		t.Error("a mapper is a shuffler")
	}
}

type collecting struct {
	Shuffler
	saved *int
}

func (c collecting) Name() string           { return "c" }
func (c collecting) Columns() Columns       { return Columns{} }
func (c collecting) Collection() Collection { return Collection{Folder: "f"} }
func (c collecting) Save(_ context.Context, b *Batch) error {
	*c.saved += b.Live()
	return nil
}

// TestWhenSaves: of rows outside a condition nothing is saved, and records of a collection are not
// asked for columns that they do not have.
func TestWhenSaves(t *testing.T) {
	saved := 0
	list, err := When(Common{When: "x == 1"}, []Stage{collecting{saved: &saved}})
	if err != nil {
		t.Fatal(err)
	}
	c := saver(list[0])
	if c == nil {
		t.Fatal("a condition hides that the stage saves")
	}
	b := NewBatch(&Shard{}, &Block{}, 0, 3)
	b.Columns = []Column{{Name: "x", Type: Scalars, Values: []Scalar{{Kind: Int, Int: 1}, {Kind: Int, Int: 2}, {Kind: Int, Int: 1}}}}
	if err := c.Save(context.Background(), b); err != nil || saved != 2 || b.Live() != 3 {
		t.Errorf("saved %d, %d rows are left: %v", saved, b.Live(), err)
	}
	b = NewBatch(&Shard{}, &Block{}, 0, 2)
	b.Records = make([][]byte, 2)
	if err := c.Save(context.Background(), b); err != nil || saved != 4 {
		t.Errorf("of records %d are hidden: %v", 4-saved, err)
	}
	if _, ok := As[Collector](list[0]); !ok {
		t.Error("no collector")
	}
}
