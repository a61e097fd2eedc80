package text

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"sluice/stages"
)

// A taskMeeting holds the round of decontaminations on one rank, by the plainest code.
type taskMeeting struct {
	stages.Meeting // nil: nothing else is called
	table          string
	notes          []stages.Note
}

func (m *taskMeeting) Home(_ context.Context, f func(stages.ID, [][]stages.Note) error, tables ...string) error {
	if len(tables) != 1 || tables[0] != m.table {
		return fmt.Errorf("tables %q, want %q", tables, m.table)
	}
	for list := m.notes; len(list) > 0; {
		n := 1
		for n < len(list) && list[n].Sample == list[0].Sample {
			n++
		}
		if err := f(list[0].Sample, [][]stages.Note{list[:n]}); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

func (m *taskMeeting) Sum(context.Context, []uint64) error      { return nil }
func (m *taskMeeting) Agree(_ context.Context, err error) error { return err }
func (m *taskMeeting) Sorter() stages.Sorter                    { return new(taskNotes) }

type taskNotes struct{ list []stages.Note }

func (n *taskNotes) Add(note stages.Note) error {
	note.Payload = slices.Clone(note.Payload)
	n.list = append(n.list, note)
	return nil
}

func (n *taskNotes) Sorted() (stages.Notes, error) {
	slices.SortFunc(n.list, func(a, b stages.Note) int {
		return cmp.Or(cmp.Compare(a.Sample, b.Sample), bytes.Compare(a.Payload, b.Payload))
	})
	return n, nil
}

func (n *taskNotes) Next() (stages.Note, error) {
	if len(n.list) == 0 {
		return stages.Note{}, io.EOF
	}
	note := n.list[0]
	n.list = n.list[1:]
	return note, nil
}

func (n *taskNotes) Close() error { return nil }

// examplesFile writes examples as JSONL.
func examplesFile(tb testing.TB, examples []string) string {
	tb.Helper()
	var b bytes.Buffer
	for _, text := range examples {
		p, _ := json.Marshal(map[string]string{"text": text})
		b.Write(append(p, '\n'))
	}
	path := filepath.Join(tb.TempDir(), "tasks.jsonl")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		tb.Fatal(err)
	}
	return path
}

func newDecontaminate(tb testing.TB, o Decontaminate, examples ...string) *decontaminate {
	tb.Helper()
	o.Tasks = []string{examplesFile(tb, examples)}
	made, err := NewDecontaminate(stages.Common{Name: "decon", Column: "text"}, o)
	if err == nil {
		err = stages.Prepare(tb.Context(), made)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return decontaminateOf(made)
}

func decontaminateOf(made []stages.Stage) *decontaminate {
	if c, ok := made[0].(cutting); ok {
		return c.decontaminate
	}
	return made[0].(*decontaminate)
}

func textBatch(texts ...string) *stages.Batch {
	b := stages.NewBatch(&stages.Shard{}, &stages.Block{Index: 3}, 70, len(texts))
	c := stages.Column{Name: "text"}
	for _, s := range texts {
		c.Text = append(c.Text, []byte(s))
	}
	b.Columns = append(b.Columns, c)
	return b
}

// through takes texts through both passes, and returns the batch that is left and how often
// each n-gram counted.
func through(tb testing.TB, d *decontaminate, texts ...string) (*stages.Batch, map[string]int) {
	tb.Helper()
	m := &taskMeeting{table: d.Tables().Notes}
	sorter := new(taskNotes)
	if err := d.Note(tb.Context(), textBatch(texts...), nil, func(n stages.Note) { sorter.Add(n) }); err != nil {
		tb.Fatal(err)
	}
	sorter.Sorted()
	m.notes = sorter.list
	counts := map[string]int{}
	if err := d.tasks.counted(m.notes, func(ngram uint32, n uint64) {
		if n > 0 {
			counts[string(d.tasks.words(ngram))] += int(n)
		}
	}); err != nil {
		tb.Fatal(err)
	}
	notes, err := d.Rounds()[0].Run(tb.Context(), m)
	if err != nil {
		tb.Fatal(err)
	}
	var answers []stages.Note
	for {
		n, err := notes.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		answers = append(answers, n)
	}
	b := textBatch(texts...)
	if err := d.Apply(tb.Context(), b, answers); err != nil {
		tb.Fatal(err)
	}
	return b, counts
}

// A curatorCase is what NeMo Curator 0.9 made of some texts: testdata/decontaminate.py.
type curatorCase struct {
	Kw struct {
		Mn, Mx, Mdl, Rces int64
		MaxMatches        int64 `json:"max_matches"`
		MaxSplits         int64 `json:"max_splits"`
	}
	Examples, Docs []string
	Counts         map[string]int
	Pieces         [][]string
}

// The rows of Curator, bit by bit.
func TestDecontaminateAsCurator(t *testing.T) {
	path := "testdata/decontaminate.jsonl"
	if p := os.Getenv("SLUICE_DECONTAMINATE"); p != "" {
		path = p
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 64<<20)
	cases, cut := 0, 0
	for ; in.Scan(); cases++ {
		var c curatorCase
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		o := DefaultDecontaminate()
		o.MinNGramSize, o.MaxNGramSize, o.MaxMatches, o.MaxSplits = c.Kw.Mn, c.Kw.Mx, c.Kw.MaxMatches, c.Kw.MaxSplits
		o.MinDocumentLength, o.RemoveCharEachSide, o.Curator, o.Separator = c.Kw.Mdl, c.Kw.Rces, true, "\x00"
		o.Tasks = []string{examplesFile(t, c.Examples)}
		made, err := NewDecontaminate(stages.Common{Name: "decon", Column: "text"}, o)
		if err != nil {
			t.Fatal(err)
		}
		d := decontaminateOf(made)
		if err := d.Prepare(t.Context()); err != nil {
			if len(c.Counts) > 0 || !strings.Contains(err.Error(), "none of") && !strings.Contains(err.Error(), "has no example") {
				t.Fatal(err)
			}
			continue
		}
		b, counts := through(t, d, c.Docs...)
		if fmt.Sprint(counts) != fmt.Sprint(c.Counts) {
			t.Errorf("case %d: counts %v, want %v", cases, counts, c.Counts)
		}
		for i, want := range c.Pieces {
			n := len(want)
			if keep := 1 <= n && int64(n) <= o.MaxSplits; b.Keep[i] != keep {
				t.Errorf("case %d, text %d %q: kept %v with %d pieces %q", cases, i, c.Docs[i], b.Keep[i], n, want)
			} else if got := string(b.Column("text").Text[i]); keep && got != strings.Join(want, "\x00") {
				t.Errorf("case %d, text %d %q:\n%q, want\n%q", cases, i, c.Docs[i], got, want)
			} else if got != c.Docs[i] || !keep {
				cut++
			}
		}
		if t.Failed() {
			t.Fatalf("%s", in.Bytes())
		}
	}
	if (cases < 100 || cut < 100) && os.Getenv("SLUICE_DECONTAMINATE") == "" {
		t.Errorf("%d cases, %d texts were cut", cases, cut)
	}
}

const question = "Which of these animals is known to sleep for most of the cold winter?" // 14 words

// filler makes sentences of n code points and more.
func filler(n int) string { return strings.Repeat("Here is a sentence, so to say. ", n/31+1) }

func TestDecontaminateOddTexts(t *testing.T) {
	d := newDecontaminate(t, DefaultDecontaminate(), question, "a b c d e f g h", "這 是 一 個 很 短 的 問 題", "😀 😃 😄 😁 😆 😅 🤣 😂")
	before, behind := filler(600), filler(700)
	long := strings.Repeat("x", 10<<20)
	commas := strings.Repeat(`"Yes, yes" - (he said), and so on... `, 20)
	for i, c := range []struct{ text, want string }{
		{"", ""}, {"one", "one"}, {" \n\t ", " \n\t "}, {"日本語。テスト", "日本語。テスト"}, {long, long}, {"....!!!!", "....!!!!"},
		{question, "-"},
		{"A b-c?", "A b-c?"},
		{"A, B; c d\te f\n\ng   h!", "-"}, // short texts are looked into as well
		{"這 是 一 個 很 短 的 問 題", "-"},
		{"😀 😃 😄 😁 😆 😅 🤣 😂", "-"},
		{long + " " + question, "-"}, // no sentence ends in front of it
		{before + question, before[:len(before)/31*31-187-31+30-1]},
		{before + question + " " + behind, ""},
		{commas + before + strings.ToUpper(question) + "\n" + behind, ""},
		{filler(190) + question + filler(190), "-"}, // both sides are too short
	} {
		b, _ := through(t, d, c.text)
		got := string(b.Column("text").Text[0])
		switch {
		case c.want == "-":
			if b.Keep[0] {
				t.Errorf("%d: %.60q stays as %.60q", i, c.text, got)
			}
		case !b.Keep[0]:
			t.Errorf("%d: %.60q goes", i, c.text)
		case i < 12 && got != c.want:
			t.Errorf("%d: %.60q became %.60q, want %.60q", i, c.text, got, c.want)
		case i >= 12:
			// All of the match is gone, with 200 code points on each side, and no more than a sentence else.
			if strings.Contains(strings.ToLower(got), "animals") || len(c.text)-len(got) < 200 {
				t.Errorf("%d: %q is left", i, got)
			}
			first, second, _ := strings.Cut(got, "\n\n")
			at := strings.Index(strings.ToLower(c.text), "which of")
			if !strings.HasPrefix(c.text, first) || !strings.HasSuffix(c.text, second) || !strings.HasSuffix(first, ".") ||
				at-len(first) < 199 || at-len(first) > 199+31 {
				t.Errorf("%d: %d code points before the match, after %d became %d", i, at, at-len(first), len(first))
			}
			if end := at + len(question); second != "" && (len(c.text)-len(second)-end < 200 || len(c.text)-len(second)-end > 200+32) {
				t.Errorf("%d: %d code points went behind the match", i, len(c.text)-len(second)-end)
			}
		}
	}
}

// Curator's places are off by the punctuation before a match, and so it leaves the end of this one; ours are not.
func TestDecontaminatePlaces(t *testing.T) {
	const example = "There are four bears. They sleep in winter. Why do they sleep for so long"
	o := DefaultDecontaminate()
	o.RemoveCharEachSide = 10
	text := filler(300) + strings.Repeat("(", 30) + " " + example + ". " + filler(400)
	for _, curator := range []bool{false, true} {
		o.Curator = curator
		b, _ := through(t, newDecontaminate(t, o, example), text)
		if got := string(b.Column("text").Text[0]); !b.Keep[0] || got == text || strings.Contains(got, "Why do they sleep") != curator {
			t.Errorf("curator %v: left is %q", curator, got)
		}
	}
}

// An n-gram that is common stays, though it counts before one that overlaps it and is rare.
func TestDecontaminateCommon(t *testing.T) {
	o := DefaultDecontaminate()
	o.MaxNGramSize, o.MinNGramSize, o.MaxMatches, o.MinDocumentLength, o.RemoveCharEachSide = 3, 3, 2, 0, 0
	d := newDecontaminate(t, o, "a b c d")
	texts := []string{"A b c d. Yes.", "a b c. Yes.", "a b c! Yes.", "b c d. Yes.", "x. b c d. Yes."}
	b, counts := through(t, d, texts...)
	if want := map[string]int{"a b c": 3, "b c d": 2}; fmt.Sprint(counts) != fmt.Sprint(want) {
		t.Errorf("counts %v, want %v", counts, want)
	}
	var got []string
	for _, text := range b.Column("text").Text {
		got = append(got, string(text))
	}
	want := []string{" Yes.", "a b c. Yes.", "a b c! Yes.", " Yes.", "x.\n\n Yes."}
	if !slices.Equal(got, want) || b.Live() != len(texts) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Of the last words the shortest n-gram counts, also in a text of fewer words than one may have.
func TestDecontaminateShortestAtTheEnd(t *testing.T) {
	o := DefaultDecontaminate()
	o.MinNGramSize, o.MinDocumentLength, o.RemoveCharEachSide = 2, 0, 0
	d := newDecontaminate(t, o, "p q r s", "s t")
	for text, want := range map[string]string{
		"p q r s t": "map[s t:1]", "p q r s": "map[p q r s:1]", "p q r s t 1 2 3 4 5 6 7": "map[s t:1]", "p q r s t 1 2 3 4 5 6 7 8": "map[p q r s:1]",
	} {
		if _, counts := through(t, d, text); fmt.Sprint(counts) != want {
			t.Errorf("%q: counts %v, want %v", text, counts, want)
		}
	}
}

// A text with more n-grams than a note holds, and more than a text may have pieces.
func TestDecontaminateManyMatches(t *testing.T) {
	var examples []string
	for i := range 2 * noteNGrams {
		examples = append(examples, fmt.Sprintf("q%d is a question of nine words, no more.", i))
	}
	text := strings.Join(examples, " ")
	o := DefaultDecontaminate()
	o.MinDocumentLength, o.RemoveCharEachSide, o.MaxSplits = 0, 0, 1
	for _, curator := range []bool{false, true} {
		o.Curator = curator
		d := newDecontaminate(t, o, examples...)
		b, counts := through(t, d, text, text+" Stays.")
		if !curator && (b.Live() != 1 || len(counts) != len(examples) || counts["q7 is a question of nine words no more"] != 2) || len(counts) < 2*noteNGrams-1 {
			t.Errorf("curator %v: %d texts are left, %d n-grams", curator, b.Live(), len(counts))
		}
	}
}

func TestDecontaminateActions(t *testing.T) {
	texts := []string{question, "nothing", filler(600) + question + filler(600)}
	for action, want := range map[string]string{"cut": "[false true true] 1 0 1", "drop": "[false true false] 1 0 1", "mark": "[true true true] 1 0 1 [0 1 0]"} {
		o := DefaultDecontaminate()
		o.Action = action
		d := newDecontaminate(t, o, question)
		d.common.Score = "n"
		b, _ := through(t, d, texts...)
		got := fmt.Sprint(b.Keep)
		for _, v := range b.Column("n").Values {
			got += fmt.Sprint(" ", v.Float)
		}
		if c := b.Column("decon"); c != nil {
			got += fmt.Sprintf(" [%d %d %d]", c.Values[0].Int, c.Values[1].Int, c.Values[2].Int)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", action, got, want)
		}
		removed := len(texts[0]) + len(texts[2]) - len(b.Column("text").Text[2]) + len("\n\n")
		if want := []stages.Trimmed{{Stage: "decon", Texts: 2, Parts: 2, Bytes: int64(removed)}}; action == "cut" && !slices.Equal(b.Trimmed, want) || action != "cut" && b.Trimmed != nil {
			t.Errorf("%s: trimmed %v, want %v", action, b.Trimmed, want)
		}
	}
}

func TestDecontaminateRefuses(t *testing.T) {
	for want, change := range map[string]func(*Decontaminate){
		"tasks is missing":                      func(o *Decontaminate) { o.Tasks = nil },
		"tasks: an empty name":                  func(o *Decontaminate) { o.Tasks = []string{""} },
		"tasks: x.csv.gz: examples":             func(o *Decontaminate) { o.Tasks = []string{"x.csv.gz"} },
		"task_field = \"\"":                     func(o *Decontaminate) { o.TaskField = "" },
		"min_ngram_size = 1 is less than 2":     func(o *Decontaminate) { o.MinNGramSize = 1 },
		"max_ngram_size = 7 is below":           func(o *Decontaminate) { o.MaxNGramSize = 7 },
		"max_ngram_size = 201 is more":          func(o *Decontaminate) { o.MaxNGramSize = 201 },
		"max_matches = 0 is not 1":              func(o *Decontaminate) { o.MaxMatches = 0 },
		"min_document_length = -1 is not 0":     func(o *Decontaminate) { o.MinDocumentLength = -1 },
		"remove_char_each_side = -1 is not 0":   func(o *Decontaminate) { o.RemoveCharEachSide = -1 },
		"max_splits = 0 is not 1":               func(o *Decontaminate) { o.MaxSplits = 0 },
		"action = \"remove\" is unknown":        func(o *Decontaminate) { o.Action = "remove" },
		"remove_char_each_side = 2199023255552": func(o *Decontaminate) { o.RemoveCharEachSide = 1 << 41 },
	} {
		o := DefaultDecontaminate()
		o.Tasks = []string{"x.jsonl"}
		change(&o)
		if _, err := NewDecontaminate(stages.Common{}, o); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// What stands in files of tasks, and what is wrong with it.
func TestDecontaminateTasks(t *testing.T) {
	pack := func(kind, s string) string {
		var b bytes.Buffer
		var w io.WriteCloser = gzip.NewWriter(&b)
		if kind == "zst" {
			w, _ = zstd.NewWriter(&b)
		}
		io.WriteString(w, s)
		w.Close()
		return b.String()
	}
	const line = "One, two three. four five six seven EIGHT"
	row := `{"id": 1, "q": {"text": "` + line + `"}, "text": "` + line + `", "n": 5}` + "\n"
	for i, c := range []struct{ name, content, field, want string }{
		{"a.txt", line + "\n", "text", ""},
		{"a.txt", "\ufeff" + line + "\r\n\r\n" + line, "text", ""},
		{"a", line, "text", ""},
		{"a.jsonl", row + "\n" + row, "text", ""},
		{"a.json", row, "q.text", ""},
		{"a.jsonl.gz", pack("gz", row), "text", ""},
		{"a.txt.gz", pack("gz", line) + pack("gz", " nine"), "text", "one two three four five six seven eight nine"},
		{"a.jsonl.zst", pack("zst", row), "text", ""},
		{"a.jsonl", row + "{", "text", "line 2: this is no object of JSON"},
		{"a.jsonl", row + "[1]\n", "text", "line 2: this is no object of JSON"},
		{"a.jsonl", row, "x", `line 1: no key "x"; have id, n, q, text`},
		{"a.jsonl", row, "q.x", `line 1: no key "x"; have text`},
		{"a.jsonl", row, "n", `the value of "n" is no string`},
		{"a.jsonl", row, "q", `the value of "q" is no string`},
		{"a.txt", line + "\n\xff\n", "text", "line 2: this is not UTF-8"},
		{"a.txt", "", "text", "has no example"},
		{"a.txt", "\n\n", "text", "has no example"},
		{"a.jsonl.gz", "", "text", "has no example"},
		{"a.txt", "too short\n", "text", "none of 1 examples has min_ngram_size = 8 words"},
		{"a.txt.gz", pack("gz", strings.Repeat(line+"\n", 999))[:60], "text", "unexpected EOF"},
		{"a.txt.gz", "no gzip, but text", "text", "gzip"},
		{"a.txt.gz", "short", "text", "unexpected EOF"},
		{"a.txt.zst", "no zstd at all", "text", "magic number"},
	} {
		o := DefaultDecontaminate()
		o.Tasks, o.TaskField = []string{filepath.Join(t.TempDir(), c.name)}, c.field
		if err := os.WriteFile(o.Tasks[0], []byte(c.content), 0o666); err != nil {
			t.Fatal(err)
		}
		tasks, err := readTasks(t.Context(), &o)
		if err != nil {
			if c.want == "" || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "tasks: ") {
				t.Errorf("%d, %s: %v, want %s", i, c.name, err, c.want)
			}
			continue
		}
		want := "one two three four five six seven eight"
		if strings.HasPrefix(c.want, "one") {
			want = c.want
		} else if c.want != "" {
			t.Errorf("%d, %s: no complaint %s", i, c.name, c.want)
		}
		if len(tasks.ngrams) != 1 || string(tasks.words(0)) != want {
			t.Errorf("%d, %s: %q", i, c.name, tasks.text)
		}
	}
}

// Numbers of n-grams mean nothing with other tasks.
func TestDecontaminateOtherTasks(t *testing.T) {
	a, b := newDecontaminate(t, DefaultDecontaminate(), question), newDecontaminate(t, DefaultDecontaminate(), question+" Say!")
	var notes []stages.Note
	if err := a.Note(t.Context(), textBatch(question), nil, func(n stages.Note) {
		n.Payload = slices.Clone(n.Payload)
		notes = append(notes, n)
	}); err != nil || len(notes) != 1 {
		t.Fatal(err, notes)
	}
	_, err := b.Rounds()[0].Run(t.Context(), &taskMeeting{table: b.Tables().Notes, notes: notes})
	if !errors.Is(err, errTasks) {
		t.Errorf("the round: %v", err)
	}
	if err := b.Apply(t.Context(), textBatch(question), notes); !errors.Is(err, errTasks) {
		t.Errorf("the next pass: %v", err)
	}
}

// Nothing is allocated for a text.
func TestDecontaminateAllocatesNothing(t *testing.T) {
	for _, curator := range []bool{false, true} {
		o := DefaultDecontaminate()
		o.Curator = curator
		d := newDecontaminate(t, o, question)
		f := newTaskFinder(d.tasks, &d.Decontaminate)
		texts := [][]byte{[]byte(filler(5000) + "né\n日本 " + question), []byte(filler(9000))}
		do := func() {
			for _, text := range texts {
				if f.find(text) {
					f.count()
					f.notes(func([]byte) {})
				}
			}
		}
		do()
		if n := testing.AllocsPerRun(20, do); n > 0 {
			t.Errorf("curator %v: %v allocations", curator, n)
		}
	}
}
