package stages

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"sluice/stages/scan"
)

type upper struct{}

func (upper) Rewrite(dst, text []byte) []byte { return append(dst, bytes.ToUpper(text)...) }

func TestRewriter(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 1<<20)
	b := NewBatch(&Shard{}, &Block{}, 0, 5)
	b.Columns = []Column{{Name: "text", Text: [][]byte{[]byte("a"), []byte("B"), nil, long, []byte("d")}}}
	b.Drop(4)
	if err := NewRewriter(Common{Column: "text"}, upper{}).Map(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	c := b.Column("text")
	for i, want := range []string{"A", "B", "", string(bytes.ToUpper(long)), "d"} {
		if string(c.Text[i]) != want {
			t.Errorf("row %d is %.10q, want %.10q", i, c.Text[i], want)
		}
	}
	for i, want := range []bool{true, false, false, true, false} {
		if c.Changed[i] != want {
			t.Errorf("row %d changed: %v", i, c.Changed[i])
		}
	}
}

type counted struct{ upper }

func (counted) Finds() []string { return []string{"letter", "word"} }

func (c counted) RewriteFound(dst, text []byte, found []Trimmed) ([]byte, int64) {
	found[0].Parts += int64(len(text))
	found[1].Texts++
	return c.Rewrite(dst, text), int64(len(text))
}

// A score is written for every row that has a text and is still there, and what is found is counted by kind, also
// in a stage with a condition.
func TestFinder(t *testing.T) {
	b := NewBatch(&Shard{}, &Block{}, 0, 4)
	b.Columns = []Column{{Name: "text", Text: [][]byte{[]byte("ab"), {}, nil, []byte("d")}}}
	b.Drop(3)
	r := NewRewriter(Common{Name: "r", Column: "text", Score: "n"}, counted{})
	if adds := r.Columns().Adds; len(adds) != 1 || adds[0] != "n" {
		t.Errorf("adds %q", adds)
	}
	if err := r.Map(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	for i, want := range []Scalar{{Kind: Float, Float: 2}, {Kind: Float}, {}, {}} {
		if got := b.Column("n").Values[i]; got.Kind != want.Kind || got.Float != want.Float {
			t.Errorf("row %d has the score %+v, want %+v", i, got, want)
		}
	}
	if got := string(b.Column("text").Text[0]); got != "AB" {
		t.Errorf("the text is %q", got)
	}
	if want := []Trimmed{{Stage: "r", Kind: "letter", Parts: 2}, {Stage: "r", Kind: "word", Texts: 2}}; !slices.Equal(b.Trimmed, want) {
		t.Errorf("found %v, want %v", b.Trimmed, want)
	}
	made, err := When(Common{Name: "r", When: "n > 1"}, []Stage{r})
	if err != nil {
		t.Fatal(err)
	}
	want := []Trimmed{{Stage: "r", Kind: "letter"}, {Stage: "r", Kind: "word"}}
	if got := Trims(made[0]); !slices.Equal(got, want) {
		t.Errorf("counts %v, want %v", got, want)
	}
	if got := Trims(NewRewriter(Common{}, upper{})); got != nil {
		t.Errorf("a plain rewriter counts %v", got)
	}
}

func TestTexts(t *testing.T) {
	var texts Texts
	var all [][]byte
	for i := range 3000 {
		all = append(all, texts.Copy(bytes.Repeat([]byte{byte(i)}, i)))
	}
	for i, text := range all {
		if text == nil || !bytes.Equal(text, bytes.Repeat([]byte{byte(i)}, i)) {
			t.Fatalf("text %d was changed by a later one", i)
		}
		if cap(text) != len(text) {
			t.Fatalf("an append to text %d would change the next one", i)
		}
	}
}

type held struct {
	upper
	closed *int
}

func (h held) Close()                 { *h.closed++ }
func (h held) Held(threads int) int64 { return 1e6 * int64(threads+1) }

// Room is what is left once all that hold something do, whatever they are made of; half at least.
func TestRoom(t *testing.T) {
	list := []Stage{NewRewriter(Common{Name: "one"}, held{}), NewRewriter(Common{}, upper{}), NewFilter(Common{Name: "two"}, heldFilter{})}
	if room, err := Room(list, 100e6, 4); room != 90e6 || err != nil {
		t.Errorf("%d, %v", room, err)
	}
	room, err := Room(list, 64e6, 15)
	if room != 32e6 || err != nil {
		t.Errorf("%d, %v", room, err)
	}
	room, err = Room(list, 64e6, 16)
	if want := "34.0 MB of the memory of each rank, which is 64.0 MB: one 17.0 MB, two 17.0 MB\nset memory to 68MB"; room != 32e6 || err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%d, %v, want %s", room, err, want)
	}
}

// Close reaches what a stage is made of.
func TestClose(t *testing.T) {
	n := 0
	Close([]Stage{NewRewriter(Common{}, upper{}), NewRewriter(Common{}, held{closed: &n}), NewFilter(Common{}, heldFilter{held{closed: &n}})})
	if n != 2 {
		t.Errorf("%d of 2 were closed", n)
	}
}

type heldFilter struct{ held }

func (heldFilter) Score(*scan.Document) float64 { return 0 }
func (heldFilter) Keep(float64) bool            { return true }

type unready struct{ upper }

func (unready) Prepare(context.Context) error { return errors.New("no model") }

func TestPrepare(t *testing.T) {
	list := []Stage{NewRewriter(Common{Name: "ok"}, upper{}), NewRewriter(Common{Name: "bad"}, unready{})}
	if err := Prepare(context.Background(), list); err == nil || err.Error() != `stage "bad": no model` {
		t.Errorf("have %v", err)
	}
}
