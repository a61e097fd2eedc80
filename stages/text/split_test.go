package text_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"sluice/stages"
	"sluice/stages/text"
)

// texts takes texts through stages, and returns those that are left with their columns of numbers.
func texts(t *testing.T, list []stages.Stage, in ...string) []string {
	t.Helper()
	b := stages.NewBatch(&stages.Shard{}, &stages.Block{}, 0, len(in))
	b.Columns = []stages.Column{{Name: "text"}}
	for _, s := range in {
		b.Columns[0].Text = append(b.Columns[0].Text, []byte(s))
	}
	b, _, err := stages.Passes(list)[0].Run(context.Background(), b, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i, kept := range b.Keep {
		if !kept {
			continue
		}
		row := fmt.Sprintf("%q", b.Column("text").Text[i])
		for _, c := range b.Columns {
			if c.Type == stages.Scalars {
				row += fmt.Sprintf(" %s=%d", c.Name, c.Values[i].Int)
			}
		}
		out = append(out, row)
	}
	return out
}

// common are the common keys of a stage of the text column.
func common(name string) stages.Common { return stages.Common{Name: name, Column: "text"} }

func must[T any](t *testing.T) func([]T, error) []T {
	return func(list []T, err error) []T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		separator, text string
		want            string
	}{
		{"\n\n", "", `"" segment_id=0`},
		{"\n\n", "one", `"one" segment_id=0`},
		{"\n\n", "a\n\nb\n\n", `"a" segment_id=0, "b" segment_id=1, "" segment_id=2`},
		// Separators do not overlap, as in Python's str.split.
		{"\n\n", "a\n\n\nb", `"a" segment_id=0, "\nb" segment_id=1`},
		{"\n\n", "\n\n\n\n", `"" segment_id=0, "" segment_id=1, "" segment_id=2`},
		{"\n\n", " \n\n ", `" " segment_id=0, " " segment_id=1`},
		{"。", "你好。🙂。x", `"你好" segment_id=0, "🙂" segment_id=1, "x" segment_id=2`},
		{"aa", "aaaaa", `"" segment_id=0, "" segment_id=1, "a" segment_id=2`},
		// NeMo Curator 1.4.0 takes it for a regular expression: "", "", "c".
		{"..", "a.b.c", `"a.b.c" segment_id=0`},
		{"..", "a.b..c", `"a.b" segment_id=0, "c" segment_id=1`},
	} {
		split := text.DefaultSplit()
		split.Separator = c.separator
		list := must[stages.Stage](t)(text.NewSplit(common("s"), split))
		if got := strings.Join(texts(t, list, c.text), ", "); got != c.want {
			t.Errorf("%q: got %s\nwant %s", c.text, got, c.want)
		}
		// What was split and joined is what it was.
		join := text.DefaultJoin()
		join.Separator = c.separator
		list = append(list, must[stages.Stage](t)(text.NewJoin(common("j"), join))...)
		if got, want := strings.Join(texts(t, list, c.text), ", "), fmt.Sprintf("%q", c.text); got != want {
			t.Errorf("%q: joined %s", c.text, got)
		}
	}
}

// Ten megabytes on one line are one segment; a line feed may end each of many.
func TestSplitLarge(t *testing.T) {
	list := must[stages.Stage](t)(text.NewSplit(common("s"), text.DefaultSplit()))
	if got := texts(t, list, strings.Repeat("x", 10<<20)); len(got) != 1 {
		t.Errorf("%d segments", len(got))
	}
	n := 1 << 17
	if got := texts(t, list, strings.Repeat("\n", n)); len(got) != n/2+1 {
		t.Errorf("%d segments", len(got))
	}
}

// The rows are those that NeMo Curator 1.4.0 makes, whose DocumentJoiner was run on the same segments.
func TestJoinMaxLength(t *testing.T) {
	const in = "aaaa\n\nbbb\n\ncc\n\ndddddddddd\n\ne\n\nf"
	for _, c := range []struct {
		max  int64
		drop bool
		want string
	}{
		{100, true, `"aaaa\n\nbbb\n\ncc\n\ndddddddddd\n\ne\n\nf"`},
		{9, false, `"aaaa\n\nbbb" segment_id=0, "cc" segment_id=1, "dddddddddd" segment_id=2, "e\n\nf" segment_id=3`},
		{8, false, `"aaaa" segment_id=0, "bbb\n\ncc" segment_id=1, "dddddddddd" segment_id=2, "e\n\nf" segment_id=3`},
		{13, true, `"aaaa\n\nbbb\n\ncc", "dddddddddd\n\ne", "f"`},
		{1, true, `"aaaa", "bbb", "cc", "dddddddddd", "e", "f"`},
	} {
		join := text.DefaultJoin()
		join.MaxLength, join.Drop = c.max, c.drop
		list := must[stages.Stage](t)(text.NewSplit(common("s"), text.DefaultSplit()))
		list = append(list, must[stages.Stage](t)(text.NewJoin(common("j"), join))...)
		got := strings.Join(texts(t, list, in), ", ")
		if c.drop { // the column goes when rows are written
			for n := range 6 {
				got = strings.ReplaceAll(got, fmt.Sprintf(" segment_id=%d", n), "")
			}
		}
		if got != c.want {
			t.Errorf("max_length %d: got %s\nwant %s", c.max, got, c.want)
		}
	}
}

// Lengths may be counted by another stage: here words, which are summed up.
func TestJoinLengthField(t *testing.T) {
	count := common("n")
	count.Score = "words"
	join := text.DefaultJoin()
	join.MaxLength, join.LengthField = 6, "words"
	list := must[stages.Stage](t)(text.NewSplit(common("s"), text.DefaultSplit()))
	w := text.DefaultWordCount()
	w.MinWords = 1
	list = append(list, must[stages.Stage](t)(text.NewWordCount(count, w))...)
	list = append(list, must[stages.Stage](t)(text.NewJoin(common("j"), join))...)
	got := strings.Join(texts(t, list, "a b\n\nc d\n\n\n\ne\n\nf g h"), ", ")
	// A separator counts two. The empty segment is gone before.
	if want := `"a b\n\nc d" segment_id=0 words=6, "e\n\nf g h" segment_id=3 words=6`; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestSplitMistakes(t *testing.T) {
	if _, err := text.NewSplit(common("s"), text.Split{SegmentField: "n"}); err == nil || !strings.Contains(err.Error(), "separator is empty") {
		t.Error(err)
	}
	for want, j := range map[string]text.Join{
		"max_length = -1":           {SegmentField: "n", MaxLength: -1},
		"length_field is for":       {SegmentField: "n", LengthField: "x"},
		"segment_id_field is empty": {},
		"are both \"n\"":            {SegmentField: "n", DocumentField: "n"},
	} {
		if _, err := text.NewJoin(common("j"), j); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
