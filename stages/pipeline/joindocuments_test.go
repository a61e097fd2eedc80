package pipeline_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"sluice/stages/pipeline"
)

// documentsJob joins segments that an earlier job has made.
const documentsJob = `
input = ["in"]
output = "out"
[write]
removed = "ids"
[[stage]]
use = "dedup.exact"
[[stage]]
use = "text.join"
document_id_field = "doc"
drop_segment_id_field = false
[[stage]]
use = "text.word_count"
min_words = 3
`

// A piece is a segment of a document, or what several became.
type piece struct {
	Doc     *int64 `json:"doc" parquet:"doc,optional"`
	Segment *int64 `json:"segment_id" parquet:"segment_id,optional"`
	Text    string `json:"text" parquet:"text"`
	N       int64  `json:"n" parquet:"n"`
	Size    int64  `json:"size" parquet:"size"`

	shard string
}

// segments makes the segments of documents, and writes them in any order into shards of both formats. They are returned as
// they stand in the input.
func (f folder) segments(documents, shards int) (all []piece) {
	r := rand.New(rand.NewPCG(7, 11))
	for d := range documents {
		doc := int64(d)
		for k := range 1 + r.IntN(6) {
			number := int64(k) - 1 // they may begin anywhere, and two may have one
			if r.IntN(20) == 0 {
				number--
			}
			text := strings.TrimSpace(strings.Repeat("né ", r.IntN(5))) + fmt.Sprint(" ", r.IntN(documents))
			if r.IntN(50) == 0 {
				text = strings.Repeat(fmt.Sprint(d, " "), r.IntN(20_000)) // several messages long
			}
			p := piece{Doc: &doc, Segment: &number, Text: text, Size: int64(r.IntN(30))}
			if r.IntN(30) == 0 {
				p.Doc, p.Segment = nil, nil
			}
			all = append(all, p)
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for s := range shards {
		shard := all[s*len(all)/shards : (s+1)*len(all)/shards]
		name := fmt.Sprintf("%02d.%s", s, []string{"jsonl", "parquet"}[s%2])
		for i := range shard {
			shard[i].shard, shard[i].N = name, int64(s*1000+i)
		}
		f.writePieces("in/"+name, shard, r)
	}
	return all
}

func (f folder) writePieces(name string, list []piece, r *rand.Rand) {
	f.tb.Helper()
	var b strings.Builder
	if strings.HasSuffix(name, ".parquet") {
		if err := parquet.Write(&b, list); err != nil {
			f.tb.Fatal(err)
		}
	} else {
		for _, p := range list {
			line, err := json.Marshal(p)
			if err != nil {
				f.tb.Fatal(err)
			}
			if r.IntN(2) == 0 && p.Doc != nil { // equal numbers are one value
				line = []byte(strings.Replace(string(line), fmt.Sprintf(`"doc":%d`, *p.Doc), fmt.Sprintf(`"doc":%d.0`, *p.Doc), 1))
			}
			b.Write(append(line, '\n'))
		}
	}
	f.write(name, b.String())
}

// pieces reads the output.
func (f folder) pieces(t *testing.T, out string) (all []piece) {
	t.Helper()
	tree := f.tree(out, "data")
	var names []string
	for name := range tree {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		var list []piece
		if strings.HasSuffix(name, ".parquet") {
			list = readParquet[piece](t, tree[name])
		} else {
			for line := range strings.Lines(tree[name]) {
				var p piece
				if err := json.Unmarshal([]byte(strings.Replace(line, ".0,", ",", 1)), &p); err != nil {
					t.Fatal(err)
				}
				list = append(list, p)
			}
		}
		for i := range list {
			list[i].shard = filepath.Base(name)
		}
		all = append(all, list...)
	}
	return all
}

// say returns a piece for people.
func say(p piece) string {
	number := func(n *int64) string {
		if n == nil {
			return "null"
		}
		return fmt.Sprint(*n)
	}
	return fmt.Sprintf("%s %s/%s n=%d size=%d %d bytes %.50q", p.shard, number(p.Doc), number(p.Segment), p.N, p.Size, len(p.Text), p.Text)
}

// joinedPieces is what text.join makes of segments, in plain code. length is nil for one row of each document.
func joinedPieces(all []piece, most int64, length func(*piece) *int64) (rows []piece) {
	gone := make([]bool, len(all))
	rows = slices.Clone(all)
	of := map[int64][]int{}
	for i, p := range rows {
		if p.Doc != nil {
			of[*p.Doc] = append(of[*p.Doc], i)
		}
	}
	for _, list := range of {
		slices.SortStableFunc(list, func(i, j int) int { return int(*all[i].Segment - *all[j].Segment) })
		row, sum, number := list[0], int64(0), int64(0)
		if length != nil {
			sum = *length(&rows[row])
			rows[row].Segment = new(int64)
		}
		for _, i := range list[1:] {
			if length != nil && sum+*length(&rows[i])+2 > most {
				row, sum, number = i, *length(&rows[i]), number+1
				rows[i].Segment = new(number)
				continue
			}
			if length != nil {
				sum += *length(&rows[i]) + 2
				*length(&rows[row]) = sum
			}
			rows[row].Text += "\n\n" + rows[i].Text
			gone[i] = true
		}
	}
	left := rows[:0]
	for i, p := range rows {
		if !gone[i] {
			left = append(left, p)
		}
	}
	return left
}

// wantPieces compares what was written.
func wantPieces(t *testing.T, got, want []piece) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got) || i >= len(want):
			t.Fatalf("%d rows, want %d", len(got), len(want))
		case say(got[i]) != say(want[i]) || got[i].Text != want[i].Text:
			t.Fatalf("row %d:\n%s\nwant\n%s", i, say(got[i]), say(want[i]))
		}
	}
}

// Segments stand anywhere, in shards of both formats. Behind a dedup and in front of a filter they are joined to what
// plain code makes of them, at any number of ranks, and after kills.
func TestJoinDocuments(t *testing.T) {
	f := newFolder(t)
	all := f.segments(800, 7)
	seen := map[string]bool{}
	distinct := slices.DeleteFunc(slices.Clone(all), func(p piece) bool {
		again := seen[p.Text]
		seen[p.Text] = true
		return again
	})
	rows := joinedPieces(distinct, 0, nil)
	want := slices.DeleteFunc(slices.Clone(rows), func(p piece) bool { return len(strings.Fields(p.Text)) < 3 })
	out, err := f.run(documentsJob, "out", 1, pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	wantPieces(t, f.pieces(t, "out"), want)
	s := out.Report.Stages[1]
	if s.Kind != "shuffle" || s.RowsIn != int64(len(distinct)) || s.RowsOut != int64(len(rows)) || len(distinct)-len(rows) < 500 {
		t.Errorf("funnel %+v, want %d to %d rows", s, len(distinct), len(rows))
	}
	// A segment that is part of another row was not removed, and repeats none.
	if n := int64(len(all) - len(distinct)); out.Report.Duplicates != n || len(lines(f.tree("out", "removed/dedup.exact"))) != int(n) {
		t.Errorf("%d duplicates, want %d", out.Report.Duplicates, n)
	}
	if _, err := os.Stat(f.path("out/removed/text.join")); err == nil {
		t.Error("segments are listed as removed by text.join")
	}
	calm := f.tree("out", "data", "duplicates", "removed")
	for _, n := range []int{2, 4} {
		out := fmt.Sprint("out", n)
		if _, err := f.run(documentsJob, out, n, pipeline.Options{}); err != nil {
			t.Fatal(err)
		}
		same(t, calm, f.tree(out, "data", "duplicates", "removed"))
	}
	f.killed(documentsJob, "killed", 5, 17, 3)
	same(t, calm, f.tree("killed", "data", "duplicates", "removed"))
}

// With max_length the rows of a document take its segments one after the other.
func TestJoinDocumentsMaxLength(t *testing.T) {
	f := newFolder(t)
	all := f.segments(500, 6)
	job := strings.Replace(documentsJob, "[[stage]]\nuse = \"dedup.exact\"\n", "", 1)
	job = strings.Replace(job, "min_words = 3", "min_words = 0", 1) + "[[stage]]\nuse = \"text.word_count\"\nname = \"again\"\nmin_words = 0\n"
	for _, c := range []struct {
		set    []string
		length func(*piece) *int64
	}{
		{[]string{`stage."text.join".max_length=40`}, func(p *piece) *int64 { n := int64(utf8.RuneCountInString(p.Text)); return &n }},
		{[]string{`stage."text.join".max_length=40`, `stage."text.join".length_field="size"`}, func(p *piece) *int64 { return &p.Size }},
	} {
		for _, n := range []int{1, 3} {
			out := fmt.Sprint("out", len(c.set), n)
			if _, err := f.run(job, out, n, pipeline.Options{}, c.set...); err != nil {
				t.Fatal(err)
			}
			wantPieces(t, f.pieces(t, out), joinedPieces(all, 40, c.length))
		}
	}
}

// A row of which nothing is joined stays the bytes that were read, and so do those without a document.
func TestJoinDocumentsLeavesBytes(t *testing.T) {
	f := newFolder(t)
	alone := `{ "text" : "\u00e9" , "doc":1e0,"segment_id": 3}` + "\n"
	rows := alone + `{"text": "b",  "doc": "1", "segment_id": 1.0}` + "\n" + `{"text":"a", "doc": "1", "segment_id": 0, "n": 1E1}` + "\n" +
		`{"text":  "none", "doc": null}` + "\n" + `{"text":  "none"}` + "\n" + `{"text": "no number" , "doc": 3, "segment_id": "x"}` + "\n"
	f.write("in/a.jsonl", rows)
	want := alone + `{"text":"a\n\nb", "doc": "1", "segment_id": 0, "n": 1E1}` + "\n" + rows[strings.Index(rows, `{"text":  "none", `):]
	job := strings.Replace(documentsJob, "[[stage]]\nuse = \"dedup.exact\"\n", "", 1)
	job = strings.Replace(job, "min_words = 3", "min_words = 0", 1)
	if _, err := f.run(job, "out", 2, pipeline.Options{}, `stage."text.join".when="type(segment_id) != 'string'"`); err != nil {
		t.Fatal(err)
	}
	if got := f.tree("out", "data")["data/a.jsonl"]; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// Rows that a later dedup only compares with are no segments of the job.
func TestJoinDocumentsAgainst(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", `{"text":"b", "doc": 1, "segment_id": 1}`+"\n"+`{"text":"a", "doc": 1, "segment_id": 0}`+"\n"+`{"text":"c", "doc": 2, "segment_id": 0}`+"\n")
	f.write("old/a.jsonl", `{"text":"c", "doc": 1, "segment_id": 2}`+"\n")
	job := documentsJob[:strings.Index(documentsJob, "[write]")] + documentsJob[strings.Index(documentsJob, "[[stage]]\nuse = \"text.join\""):]
	job = job[:strings.LastIndex(job, "[[stage]]")] + "[[stage]]\nuse = \"dedup.exact\"\nagainst = [\"old/a.jsonl\"]\n"
	out, err := f.run(job, "out", 2, pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"text":"a\n\nb", "doc": 1, "segment_id": 0}` + "\n"
	if got := f.tree("out", "data")["data/a.jsonl"]; got != want || out.Report.Duplicates != 1 {
		t.Errorf("got %s%d duplicates", got, out.Report.Duplicates)
	}
}

// Texts are longer than messages, and together than the memory of a round.
func TestJoinDocumentsLarge(t *testing.T) {
	f := newFolder(t)
	var texts [4]string
	for k := range texts {
		texts[k] = strings.Repeat(fmt.Sprintf("%c%d", 'a'+k, k), []int{1 << 18, 2 << 20, 1 << 18, 1 << 18}[k]) // one of 4 MB
	}
	var in [2]strings.Builder
	for k := range 4 {
		for d := range 4 {
			fmt.Fprintf(&in[(k+d)%2], `{"doc": %d, "segment_id": %d, "text": "%d%s"}`+"\n", d, (k+d)%4, d, texts[(k+d)%4])
		}
	}
	f.write("in/0.jsonl", in[0].String())
	f.write("in/1.jsonl", in[1].String())
	job := strings.Replace(documentsJob, "[[stage]]\nuse = \"dedup.exact\"\n", "", 1)
	job = strings.Replace(job, "min_words = 3", "min_words = 1", 1)
	if _, err := f.run(job, "out", 3, pipeline.Options{}, `memory="64MB"`); err != nil {
		t.Fatal(err)
	}
	got := f.pieces(t, "out")
	if len(got) != 4 {
		t.Fatalf("%d rows", len(got))
	}
	for _, p := range got {
		d := *p.Doc
		want := fmt.Sprintf("%d%s\n\n%d%s\n\n%d%s\n\n%d%s", d, texts[0], d, texts[1], d, texts[2], d, texts[3])
		if p.Text != want {
			t.Errorf("document %d has %d bytes, want %d", d, len(p.Text), len(want))
		}
	}
}

// A widest is a watch that is told the rows of the largest batch of the second pass.
type widest struct {
	follower
	rows atomic.Int64
}

func (w *widest) Done(_, rows int64) {
	for was := w.rows.Load(); w.pass.Load() == 2 && rows > was && !w.rows.CompareAndSwap(was, rows); was = w.rows.Load() {
	}
}

// Where the first segments of all documents stand together, a batch of them becomes far more than was read. Then batches
// are smaller.
func TestJoinDocumentsWhereFirstStandTogether(t *testing.T) {
	f := newFolder(t)
	var first, rest strings.Builder
	text := strings.Repeat("x", 10_000)
	for d := range 2000 {
		fmt.Fprintf(&first, `{"doc": %d, "segment_id": 0, "text": ""}`+"\n", d)
		fmt.Fprintf(&rest, `{"doc": %d, "segment_id": 1, "text": "%s"}`+"\n", d, text)
	}
	f.write("in/0.jsonl", first.String())
	f.write("in/1.jsonl", rest.String())
	job := documentsJob[:strings.Index(documentsJob, "[write]")] + documentsJob[strings.Index(documentsJob, "[[stage]]\nuse = \"text.join\""):]
	w := &widest{follower: follower{do: func(int64, int64) {}}}
	out, err := f.run(job, "out", 1, pipeline.Options{Watch: w}, `stage."text.word_count".min_words=1`)
	if err != nil || out.Report.RowsOut != 2000 {
		t.Fatal(out.Report.RowsOut, err)
	}
	if n := w.rows.Load(); n > 400 || n < 10 {
		t.Errorf("a batch has %d rows, and becomes %d bytes", n, n*10_000)
	}
}

// A segment without a number is a mistake of the job, with its place.
func TestJoinDocumentsMistakes(t *testing.T) {
	f := newFolder(t)
	job := strings.Replace(documentsJob, "[[stage]]\nuse = \"dedup.exact\"\n", "", 1)
	for row, want := range map[string]string{
		`{"text": "a", "doc": 1, "segment_id": null}`: "column \"segment_id\" is null, and column \"doc\" says that the row is a segment\n",
		`{"text": "a", "doc": 1, "segment_id": "1"}`:  `column "segment_id" is no whole number`,
		`{"text": "a", "doc": 1, "segment_id": 0.5}`:  `column "segment_id" is no whole number`,
	} {
		f.write("in/a.jsonl", `{"text": "a", "doc": 1, "segment_id": 1}`+"\n"+row+"\n")
		_, err := f.run(job, "out", 2, pipeline.Options{Fresh: true})
		for _, part := range []string{want, "row 1", `when = "segment_id != nil"`} {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v, want %s", row, err, part)
			}
		}
	}
	for _, id := range []string{"18446744073709551615", "-9223372036854775809", "9007199254740993.0", "1e999"} {
		f.write("in/a.jsonl", `{"text": "a", "doc": 1, "segment_id": 1}`+"\n"+`{"text": "a", "doc": `+id+`, "segment_id": 1}`+"\n")
		_, err := f.run(job, "out", 2, pipeline.Options{Fresh: true})
		if err == nil || !strings.Contains(err.Error(), "row 1") || !strings.Contains(err.Error(), "column \"doc\" is a number too large to tell ids apart by\nwrite ids as strings") {
			t.Errorf("id %s: %v", id, err)
		}
	}
	f.write("in/a.jsonl", `{"text": "a", "segment_id": 1}`+"\n")
	if _, err := f.run(job, "out", 1, pipeline.Options{Fresh: true}); err == nil || !strings.Contains(err.Error(), `no column "doc"`) {
		t.Error(err)
	}
}

// The rows are those that NeMo Curator 1.4.0 makes: its DocumentJoiner was run on the same segments, in one batch.
func TestJoinDocumentsAsCurator(t *testing.T) {
	f := newFolder(t)
	for shard, rows := range [][]string{
		{"b 1 two words", "a 2 你好吗", "b 0 one", "c 7 alone"},
		{"a 0 aaaa", "b 3 a much longer segment", "a 1 ", "b 2 x"},
		{"a 5 e", "b 10 ten", "a 4 dd dd"},
	} {
		var b strings.Builder
		for _, row := range rows {
			part := strings.SplitN(row, " ", 3)
			words := 2.5 * float64(len(strings.Fields(part[2])))
			fmt.Fprintf(&b, `{"doc": %q, "segment_id": %s, "text": %q, "length": %g}`+"\n", part[0], part[1], part[2], words)
		}
		f.write(fmt.Sprintf("in/%d.jsonl", shard), b.String())
	}
	job := strings.Replace(documentsJob, "[[stage]]\nuse = \"dedup.exact\"\n", "", 1)
	job = strings.Replace(job, "min_words = 3", "min_words = 0", 1)
	const most, field = `stage."text.join".max_length=`, `stage."text.join".length_field="length"`
	for _, c := range []struct {
		set  []string
		want []string // the length is that of a row with length_field
	}{
		{nil, []string{`a 0 "aaaa\n\n\n\n你好吗\n\ndd dd\n\ne"`, `b 0 "one\n\ntwo words\n\nx\n\na much longer segment\n\nten"`, `c 7 "alone"`}},
		{[]string{most + "12"}, []string{
			`a 0 "aaaa\n\n\n\n你好吗"`, `a 1 "dd dd\n\ne"`,
			`b 0 "one"`, `b 1 "two words\n\nx"`, `b 2 "a much longer segment"`, `b 3 "ten"`, `c 0 "alone"`,
		}},
		{[]string{most + "12", `stage."text.join".separator="|"`}, []string{
			`a 0 "aaaa||你好吗"`, `a 1 "dd dd|e"`, `b 0 "one"`, `b 1 "two words|x"`, `b 2 "a much longer segment"`, `b 3 "ten"`, `c 0 "alone"`,
		}},
		{[]string{most + "1"}, []string{
			`a 0 "aaaa"`, `a 1 ""`, `a 2 "你好吗"`, `a 3 "dd dd"`, `a 4 "e"`,
			`b 0 "one"`, `b 1 "two words"`, `b 2 "x"`, `b 3 "a much longer segment"`, `b 4 "ten"`, `c 0 "alone"`,
		}},
		{[]string{most + "12", field}, []string{
			`a 0 "aaaa\n\n\n\n你好吗" 9`, `a 1 "dd dd\n\ne" 9.5`,
			`b 0 "one\n\ntwo words" 9.5`, `b 1 "x" 2.5`, `b 2 "a much longer segment" 10`, `b 3 "ten" 2.5`, `c 0 "alone" 2.5`,
		}},
	} {
		if _, err := f.run(job, "out", 2, pipeline.Options{Fresh: true}, c.set...); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, line := range lines(f.tree("out", "data")) {
			var row struct {
				Doc, Text string
				Segment   int64 `json:"segment_id"`
				Length    float64
			}
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprintf("%s %d %q", row.Doc, row.Segment, row.Text)
			if slices.Contains(c.set, field) {
				text += fmt.Sprint(" ", row.Length)
			}
			got = append(got, text)
		}
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%v: got\n%s\nwant\n%s", c.set, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}
