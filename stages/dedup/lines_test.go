package dedup

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sluice/stages"
)

func newLines(t testing.TB, change func(*Lines)) stages.Shuffler {
	t.Helper()
	o := DefaultLines()
	if change != nil {
		change(&o)
	}
	made, err := NewLines(stages.Common{Name: "lines", Column: "text"}, o)
	if err != nil {
		t.Fatal(err)
	}
	return made[0].(stages.Shuffler)
}

// left returns the texts of a batch, "-" for a document that went.
func left(b *stages.Batch) (list []string) {
	for i, text := range b.Column("text").Text {
		if !b.Keep[i] {
			text = []byte("-")
		}
		list = append(list, string(text))
	}
	return list
}

func TestLines(t *testing.T) {
	none := func(o *Lines) { o.Keep = "none" }
	span := func(o *Lines) { o.Unit = "span" }
	for _, c := range []struct {
		name     string
		change   func(*Lines)
		in, want []string
	}{
		{"the first keeps it", nil, []string{"a\nx\nb", "c\nx\nd", "x\ne\n"}, []string{"a\nx\nb", "c\nd", "e\n"}},
		{"none keeps it", none, []string{"a\nx\nb", "c\nx\nd", "x\ne\n"}, []string{"a\nb", "c\nd", "e\n"}},
		{"the last keeps it", func(o *Lines) { o.Keep = "last" }, []string{"x\na", "x\nb"}, []string{"a", "x\nb"}},
		{"the longest keeps it", func(o *Lines) { o.Keep = "longest" }, []string{"x\na", "x\nbb"}, []string{"a", "x\nbb"}},
		{"three documents", func(o *Lines) { o.MinDocuments = 3 },
			[]string{"x\ny\na", "y\nx\nb", "x\nc"}, []string{"x\ny\na", "y\nb", "c"}},
		{"three, none keeps it", func(o *Lines) { o.Keep, o.MinDocuments = "none", 3 },
			[]string{"x\ny\na", "y\nx\nb", "x\nc"}, []string{"y\na", "y\nb", "c"}},
		{"once within a document", nil, []string{"x\nx\nx", "a"}, []string{"x\nx\nx", "a"}},
		{"all of a document", nil, []string{"x\na\nx", "x\nb\nx\nX"}, []string{"x\na\nx", "b"}},
		{"repeats", func(o *Lines) { o.Repeats = "drop" }, []string{"x\ny\nx\ny\n", "x\nz\nz"}, []string{"x\ny\n", "z"}},
		{"repeats of what others have", func(o *Lines) { o.Repeats, o.MinDocuments = "drop", 3 },
			[]string{"x\nx\na", "b\nx\nx", "x\nc\nx"}, []string{"x\na", "b", "c"}},
		{"nothing is left", nil, []string{"x\ny", "y\nX\n", "y"}, []string{"x\ny", "-", "-"}},
		{"nothing is left, and stays", func(o *Lines) { o.MinLeft = 0 }, []string{"x", "x"}, []string{"x", ""}},
		{"little is left", func(o *Lines) { o.MinLeft = 3 }, []string{"x\na", "x\n éé ", "x\néééé", "é"}, []string{"x\na", "-", "éééé", "é"}},
		{"case and space", nil, []string{"A b", "c\n a \t B "}, []string{"A b", "c"}},
		{"byte for byte", func(o *Lines) { o.Normalize = nil }, []string{"A", "a\nA "}, []string{"A", "a\nA "}},
		{"ends of lines", nil, []string{"x\r\na\r\nb", "c\r\nx\r\nd\r\n", "e\nx", "f\r\nx"}, []string{"x\r\na\r\nb", "c\r\nd\r\n", "e", "f"}},
		{"empty lines stay", nil, []string{"a\n\nb\n\n", "\n\n", "", "c\n\nx", "x\n\n"}, []string{"a\n\nb\n\n", "\n\n", "", "c\n\nx", "-"}},
		{"empty lines go", func(o *Lines) { o.MinLength = 0 }, []string{"a\n\nb\n\n", "c\n\nd\n"}, []string{"a\n\nb\n\n", "c\nd\n"}},
		{"short lines stay", func(o *Lines) { o.MinLength = 3 }, []string{"éé\nfoo", "foo\néé\nx"}, []string{"éé\nfoo", "éé\nx"}},
		{"not UTF-8", nil, []string{"\xff\na", "b\n\xff\n\xfe", "\ufffd"}, []string{"\xff\na", "b\n\xfe", "\ufffd"}},
		{"CCNet", func(o *Lines) {
			o.Normalize, o.MinLength, o.Keep, o.Repeats = []string{"lower", "digits", "punctuation", "whitespace"}, 0, "none", "drop"
		}, []string{"Page 1.\na\na", "page 2\n\nb", "...\nc"}, []string{"a", "b", "c"}},

		{"paragraphs", func(o *Lines) { o.Unit = "paragraph" },
			[]string{"a\nb\n\nc\n", "x\n\nA\nB\n\n\ny", "a\n\nb\n\nc"}, []string{"a\nb\n\nc\n", "x\n\ny", "a\n\nb"}},

		{"spans", span, []string{"A. B. C. D.", "X. A. B. C. Y.", "A. B. D.", "B. C. D."}, []string{"A. B. C. D.", "X. Y.", "A. B. D.", "-"}},
		{"spans that overlap", span, []string{"A. B. C. D. E.", "X. A. B. C. D. Y."}, []string{"A. B. C. D. E.", "X. Y."}},
		{"spans of lines", span, []string{"A.\nB. C.", "X. A.  B.\nC. Y."}, []string{"A.\nB. C.", "X.\nY."}},
		{"too few sentences", span, []string{"A. B.", "A. B."}, []string{"A. B.", "A. B."}},
		{"spans of two", func(o *Lines) { o.Unit, o.Sentences = "span", 2 }, []string{" A. B. C.", "  X.\nY. A. B.\n"}, []string{" A. B. C.", "  X.\nY.\n"}},
		{"spans across lines", span, []string{"A. B. C.", "X.\nA. B. C. Y.", "Z. A. B. C.\nW.\n"}, []string{"A. B. C.", "X.\nY.", "Z.\nW.\n"}},
		{"spans that repeat", func(o *Lines) { o.Unit, o.Repeats = "span", "drop" }, []string{"A. A. A. A. A. A. A. B."}, []string{"A. A. A. B."}},
		{"length of spans", func(o *Lines) { o.Unit, o.MinLength = "span", 7 }, []string{"A. B. C. Dd.", "A. B. C.", "B. C. Dd."}, []string{"A. B. C. Dd.", "A. B. C.", "-"}},
	} {
		b := texts(c.in...)
		run(t, newLines(t, c.change), b)
		if got := left(b); !slices.Equal(got, c.want) {
			t.Errorf("%s: left %q, want %q", c.name, got, c.want)
		}
		for i, changed := range b.Column("text").Changed {
			if b.Keep[i] && changed != (c.in[i] != c.want[i]) {
				t.Errorf("%s: row %d: changed is %v", c.name, i, changed)
			}
		}
	}
}

// A row without a text has no lines, and others keep theirs by a column.
func TestLinesOfColumns(t *testing.T) {
	b := scalars(texts("x\na", "", "x\nb", "x\nc"), "n", 1, 9, 3, nil)
	b.Column("text").Text[1] = nil
	run(t, newLines(t, func(o *Lines) { o.Keep = "max:n" }), b)
	if got, want := left(b), []string{"a", "", "x\nb", "c"}; !slices.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
	if b.Column("text").Text[1] != nil {
		t.Error("a missing text became one")
	}
}

// linesOracle says by plain code what dedup.lines leaves of documents whose units are known:
// for each whether its part goes.
func linesOracle(documents [][]string, span int, o Lines) (gone [][]bool) {
	occurs := map[string]map[int][]int{}
	for d, parts := range documents {
		gone = append(gone, make([]bool, len(parts)))
		for at := 0; at+span <= len(parts); at++ {
			unit := strings.ToLower(strings.Join(parts[at:at+span], "|"))
			if len(strings.ReplaceAll(unit, "|", "")) < int(o.MinLength) {
				continue
			}
			if occurs[unit] == nil {
				occurs[unit] = map[int][]int{}
			}
			occurs[unit][d] = append(occurs[unit][d], at)
		}
	}
	for _, in := range occurs {
		keeper := -1
		for d := range documents {
			if keeper < 0 && in[d] != nil && o.Keep == "first" {
				keeper = d
			}
		}
		for d, list := range in {
			goes := len(in) >= int(o.MinDocuments) && d != keeper
			for _, at := range list {
				if goes || o.Repeats == "drop" && at >= list[0]+span {
					for i := range span {
						gone[d][at+i] = true
					}
				}
			}
		}
	}
	return gone
}

// Against plain code, over random documents with few different parts.
func TestLinesOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for try := range 600 {
		o := DefaultLines()
		o.Unit = []string{"line", "paragraph", "span"}[try%3]
		o.Sentences = 1 + r.Int64N(4)
		o.MinLength = 1 + r.Int64N(3)
		o.MinDocuments = 2 + r.Int64N(5)
		o.Keep = []string{"first", "none"}[r.IntN(2)]
		o.Repeats = []string{"keep", "drop"}[r.IntN(2)]
		o.MinLeft = 0
		span := 1
		if o.Unit == "span" {
			span = int(o.Sentences)
		}
		between := map[string]string{"line": "\n", "paragraph": "\n\n", "span": " "}[o.Unit]
		documents := make([][]string, r.IntN(12))
		var in, want []string
		for d := range documents {
			for range r.IntN(20) * (1 + r.IntN(2)*r.IntN(30)) {
				part := "ABC"[r.IntN(3):][:1] + strings.Repeat([]string{"a", "A"}[r.IntN(2)], r.IntN(3))
				documents[d] = append(documents[d], part+[]string{".", ".", "!"}[r.IntN(3)])
			}
			in = append(in, strings.Join(documents[d], between))
		}
		for d, gone := range linesOracle(documents, span, o) {
			var kept []string
			for i, part := range documents[d] {
				if !gone[i] {
					kept = append(kept, part)
				}
			}
			want = append(want, strings.Join(kept, between))
		}
		b := texts(in...)
		run(t, newLines(t, func(c *Lines) { *c = o }), b)
		if got := left(b); !slices.Equal(got, want) {
			t.Fatalf("%+v\nof   %q\nleft %q\nwant %q", o, in, got, want)
		}
	}
}

func TestLinesRefuses(t *testing.T) {
	for _, c := range []struct {
		common stages.Common
		change func(*Lines)
		want   string
	}{
		{stages.Common{}, func(o *Lines) { o.Unit = "lines" }, "line, paragraph, span"},
		{stages.Common{}, func(o *Lines) { o.Unit, o.Sentences = "span", 0 }, "sentences = 0 is not 1 to 64"},
		{stages.Common{}, func(o *Lines) { o.Normalize = []string{"uper"} }, "lower"},
		{stages.Common{}, func(o *Lines) { o.MinLength = -1 }, "min_length = -1 is less than 0"},
		{stages.Common{}, func(o *Lines) { o.MinDocuments = 1 }, "min_documents = 1 is less than 2"},
		{stages.Common{}, func(o *Lines) { o.Keep = "frist" }, "min:COLUMN, none"},
		{stages.Common{}, func(o *Lines) { o.Repeats = "" }, "keep, drop"},
		{stages.Common{}, func(o *Lines) { o.MinLeft = -1 }, "min_left = -1 is less than 0"},
		{stages.Common{Action: "mark"}, nil, "no document is marked"},
		{stages.Common{Score: "s"}, nil, "no score"},
		{stages.Common{Invert: true}, nil, "invert"},
	} {
		o := DefaultLines()
		if c.change != nil {
			c.change(&o)
		}
		if _, err := NewLines(c.common, o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", o, err, c.want)
		}
	}
}

func BenchmarkLinesNote(b *testing.B) {
	list := make([]string, 200)
	for i := range list {
		var text strings.Builder
		for k := range 80 {
			fmt.Fprintf(&text, "Line %d of document %d says that it is one. And nothing more!\n", k, i)
		}
		list[i] = text.String()
	}
	size := 0
	for _, s := range list {
		size += len(s)
	}
	for _, unit := range []string{"line", "paragraph", "span"} {
		for _, normalize := range [][]string{{}, {"lower", "whitespace"}} {
			b.Run(fmt.Sprint(unit, normalize), func(b *testing.B) {
				s := newLines(b, func(o *Lines) { o.Unit, o.Normalize = unit, normalize })
				batch := texts(list...)
				b.SetBytes(int64(size))
				for b.Loop() {
					s.Note(b.Context(), batch, nil, func(stages.Note) {})
				}
			})
		}
	}
}

func BenchmarkLinesApply(b *testing.B) {
	text := strings.Repeat("A line of a text that has sixty bytes with the feed at its end\n", 80)
	batch := texts(slices.Repeat([]string{text}, 200)...)
	var notes []stages.Note
	for i := range batch.Len() {
		notes = append(notes, stages.Note{Sample: batch.ID(i), Payload: appendPositions(nil, []uint32{3, 40, 41})})
	}
	s := newLines(b, nil)
	b.SetBytes(int64(len(text) * batch.Len()))
	for b.Loop() {
		batch.Column("text").Text = slices.Repeat([][]byte{bytes.Clone([]byte(text))}, 200)
		s.Apply(b.Context(), batch, notes)
	}
}
