package text

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"sluice/stages"
)

// apply runs the word count over texts and returns its batch.
func apply(t *testing.T, c stages.Common, w WordCount, list ...string) *stages.Batch {
	t.Helper()
	c.Name, c.Column = "words", "text"
	made, err := NewWordCount(c, w)
	if err != nil {
		t.Fatal(err)
	}
	b := stages.NewBatch(&stages.Shard{}, &stages.Block{}, 0, len(list))
	column := stages.Column{Name: "text"}
	for _, s := range list {
		column.Text = append(column.Text, []byte(s))
	}
	b.Columns = append(b.Columns, column)
	if err := made[0].(stages.Mapper).Map(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWordCount(t *testing.T) {
	w := WordCount{MinWords: 2, MaxWords: 3}
	list := []string{"", "one", "one two", " one\u00a0two\nthree ", "a b c d", "日本語", strings.Repeat("x", 10<<20)}
	b := apply(t, stages.Common{}, w, list...)
	if got, want := fmt.Sprint(b.Keep), "[false false true true false false false]"; got != want {
		t.Errorf("kept %s, want %s", got, want)
	}
	b = apply(t, stages.Common{Invert: true}, w, list...)
	if got, want := fmt.Sprint(b.Keep), "[true true false false true true true]"; got != want {
		t.Errorf("inverted: kept %s, want %s", got, want)
	}
	b = apply(t, stages.Common{Action: "mark", Score: "n"}, w, list...)
	if b.Live() != len(list) {
		t.Errorf("mark dropped rows: %d left", b.Live())
	}
	var marks, scores []string
	for i := range list {
		marks = append(marks, fmt.Sprint(b.Column("words").Values[i].Int))
		scores = append(scores, fmt.Sprint(b.Column("n").Values[i].Float))
	}
	if got := strings.Join(marks, " "); got != "0 0 1 1 0 0 0" {
		t.Errorf("marks %s", got)
	}
	if got := strings.Join(scores, " "); got != "0 1 2 3 4 1 1" {
		t.Errorf("scores %s", got)
	}
}

// A row that is already gone gets neither score nor mark.
func TestWordCountLeavesDroppedRows(t *testing.T) {
	made, _ := NewWordCount(stages.Common{Name: "w", Column: "text", Score: "n"}, DefaultWordCount())
	b := stages.NewBatch(&stages.Shard{}, &stages.Block{}, 0, 1)
	b.Columns = append(b.Columns, stages.Column{Name: "text", Text: [][]byte{nil}})
	b.Drop(0)
	if err := made[0].(stages.Mapper).Map(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	if v := b.Column("n").Values[0]; v.Kind != stages.Null {
		t.Errorf("score %v of a row that is gone", v)
	}
}

func TestWordCountRefuses(t *testing.T) {
	for _, w := range []WordCount{{MinWords: -1}, {MinWords: 5, MaxWords: 4}} {
		if _, err := NewWordCount(stages.Common{}, w); err == nil {
			t.Errorf("%+v was accepted", w)
		}
	}
}
