package bitext

import (
	"context"
	"math"
	"strings"
	"testing"

	"sluice/stages"
)

func TestLengthRatio(t *testing.T) {
	for _, c := range []struct {
		source, target []byte
		score          float64 // NaN = none
		stays          bool
	}{
		{[]byte("one two three"), []byte("eins zwei drei"), 1, true},
		{[]byte("one two three"), []byte("eins"), 3, false},
		{[]byte("one"), []byte("eins zwei drei"), 3, false},
		{[]byte("a b c d e"), []byte("eins\u3000zwei"), 2.5, true},
		{[]byte("日本語のテキスト"), []byte("👍 👍"), 2, true},
		{[]byte(strings.Repeat("word ", 2<<20)), []byte("word"), 2 << 20, false},
		{[]byte("one"), []byte(" \n"), math.NaN(), false},
		{[]byte(""), []byte(""), math.NaN(), false},
		{nil, []byte("eins"), math.NaN(), false},
		{[]byte("one"), nil, math.NaN(), false},
	} {
		for _, action := range []string{"drop", "mark"} {
			made, err := NewLengthRatio(stages.Common{Name: "ratio", Action: action, Score: "score"}, DefaultLengthRatio())
			if err != nil {
				t.Fatal(err)
			}
			b := stages.NewBatch(&stages.Shard{}, &stages.Block{}, 0, 1)
			b.Columns = []stages.Column{{Name: "src", Text: [][]byte{c.source}}, {Name: "tgt", Text: [][]byte{c.target}}}
			if err := made[0].(stages.Mapper).Map(context.Background(), b); err != nil {
				t.Fatal(err)
			}
			score := b.Column("score").Values[0]
			if (score.Kind == stages.Null) != math.IsNaN(c.score) || score.Kind == stages.Float && score.Float != c.score {
				t.Errorf("%.20q, %.20q: score %+v, want %v", c.source, c.target, score, c.score)
			}
			if stays := b.Keep[0]; action == "drop" && stays != c.stays {
				t.Errorf("%.20q, %.20q: stays %v", c.source, c.target, stays)
			}
			if action == "mark" && (!b.Keep[0] || (b.Column("ratio").Values[0].Int == 1) != c.stays) {
				t.Errorf("%.20q, %.20q: marked %+v", c.source, c.target, b.Column("ratio").Values[0])
			}
		}
	}
}

func TestComplaints(t *testing.T) {
	_, err := NewLengthRatio(stages.Common{}, LengthRatio{Max: 1, Source: "a", Target: "a", SourceLang: "zh"})
	for _, want := range []string{"max_ratio = 1 leaves nothing", `src_field = "a" and tgt_field = "a": want two columns`, `src_lang = "zh"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("have %v, want %s", err, want)
		}
	}
}

func BenchmarkLengthRatio(b *testing.B) {
	made, _ := NewLengthRatio(stages.Common{}, DefaultLengthRatio())
	text := []byte(strings.Repeat("some words of a text ", 50))
	batch := stages.NewBatch(&stages.Shard{}, &stages.Block{}, 0, 100)
	batch.Columns = []stages.Column{{Name: "src", Text: make([][]byte, 100)}, {Name: "tgt", Text: make([][]byte, 100)}}
	for i := range 100 {
		batch.Columns[0].Text[i], batch.Columns[1].Text[i] = text, text
	}
	b.SetBytes(int64(200 * len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if err := made[0].(stages.Mapper).Map(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
	}
}
