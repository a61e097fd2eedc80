package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"sluice/stages/pipeline"
)

// table writes a Parquet file of row groups of 100 rows, of which the bad ones cannot be read.
func (f folder) table(name string, groups int, bad ...int) {
	f.tb.Helper()
	type row struct {
		Text string `parquet:"text,snappy"`
	}
	var b strings.Builder
	w := parquet.NewGenericWriter[row](&b, parquet.MaxRowsPerRowGroup(100))
	for i := range groups * 100 {
		if _, err := w.Write([]row{{fmt.Sprintf("row %d of %s", i%(groups*100-50), name)}}); err != nil { // the last 50 are duplicates
			f.tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.tb.Fatal(err)
	}
	data := []byte(b.String())
	file, err := parquet.OpenFile(strings.NewReader(b.String()), int64(len(data)))
	if err != nil {
		f.tb.Fatal(err)
	}
	for _, g := range bad {
		m := file.Metadata().RowGroups[g].Columns[0].MetaData
		for i := range m.TotalCompressedSize {
			data[m.DataPageOffset+i] = 0xff
		}
	}
	f.write(name, string(data))
}

// Of a Parquet file, row groups that cannot be read are lost, and no other row: each is listed with
// its first row and their number. They count as rows, and bound the job as the shards that they are of.
func TestLostRowGroups(t *testing.T) {
	f := newFolder(t)
	f.table("in/a.parquet", 20, 3, 4, 11)
	f.table("in/b.parquet", 2)
	const job = plainJob + "[write]\nremoved = \"rows\"\n"
	var want map[string]string
	for i, memory := range []string{"64MB", "1GB", "8GB"} {
		out := fmt.Sprint("out", i)
		o, err := f.run(job, out, i+1, pipeline.Options{}, "max_bad_shards=0.5", fmt.Sprintf("memory=%q", memory))
		if err != nil {
			t.Fatal(err)
		}
		r := o.Report
		if r.RowsIn != 2200 || r.RowsDamaged != 300 || r.RowsOut != 1800 || r.Duplicates != 100 || o.Skipped != 300 || r.DamagedLeftOut != 0 {
			t.Errorf("%d of %d rows are damaged, %d left, %d duplicates, %d skipped, %d not listed",
				r.RowsDamaged, r.RowsIn, r.RowsOut, r.Duplicates, o.Skipped, r.DamagedLeftOut)
		}
		for k, row := range []int64{300, 400, 1100} {
			if len(r.Damaged) != 3 || r.Damaged[k].Shard != "a.parquet" || r.Damaged[k].Row != row || r.Damaged[k].Rows != 100 ||
				!strings.HasPrefix(r.Damaged[k].Error, fmt.Sprintf("row group %d: ", row/100)) {
				t.Fatalf("listed %v", r.Damaged)
			}
		}
		got := f.tree(out, "data", "duplicates", "removed")
		if want == nil {
			want = got
		}
		same(t, want, got)
	}
	_, err := f.run(plainJob, "strict", 2, pipeline.Options{})
	if err == nil || !strings.Contains(err.Error(), "1 of 2 shards cannot be read as a whole") || !strings.Contains(err.Error(), "a.parquet, row 300: ") {
		t.Errorf("error %v", err)
	}
}

// What the first pass has read and a later one cannot read any more is not left out unnoticed.
func TestRowGroupsLostMeanwhile(t *testing.T) {
	for _, bad := range []int{2, 19} { // 19: a row of it goes as a duplicate
		f := newFolder(t)
		f.table("in/a.parquet", 20, 5)
		spoil := once(2, 0, func() { f.table("in/a.parquet", 20, 5, bad) })
		_, err := f.run(plainJob, "out", 2, pipeline.Options{Watch: spoil}, "max_bad_shards=1.0")
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("row %d of block 0 cannot be read any more", bad*100)) {
			t.Errorf("group %d: error %v", bad, err)
		}
	}
}

// A row is damaged where any pass cannot read a column that it reads, whichever pass that is.
func TestDamageOfLaterPasses(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", `{"text": "one", "title": "first"}`+"\n"+`{"text": "one", "title": "second"}`+"\n"+
		`{"text": "two", "title": "`+"\xff"+`"}`+"\n"+`{"text": "two", "title": "third"}`+"\n"+`{"text": "three", "title": "\q"}`+"\n"+`{"text": "four"}`+"\n")
	type row struct {
		Text  string `parquet:"text"`
		Title string `parquet:"title"`
	}
	var b strings.Builder
	if err := parquet.Write(&b, []row{{"five", "first"}, {"six", "\xff"}, {"five", "second"}}); err != nil {
		t.Fatal(err)
	}
	f.write("in/b.parquet", b.String())
	const job = plainJob + "[[stage]]\nuse = \"text.word_count\"\ncolumn = \"title\"\nmin_words = 0\n"
	var want map[string]string
	for ranks := range 3 {
		out := fmt.Sprint("out", ranks)
		o, err := f.run(job, out, ranks+1, pipeline.Options{}, "max_bad=0.5")
		if err != nil {
			t.Fatal(err)
		}
		r := o.Report
		if r.RowsIn != 9 || r.RowsDamaged != 3 || len(r.Damaged) != 3 || r.Duplicates != 2 || r.RowsOut != 4 {
			t.Errorf("%d of %d rows are damaged, %d listed, %d duplicates, %d left", r.RowsDamaged, r.RowsIn, len(r.Damaged), r.Duplicates, r.RowsOut)
		}
		got := f.tree(out, "data", "duplicates")
		if want == nil {
			want = got
		}
		same(t, want, got)
		if lines := strings.Split(got["data/a.jsonl"], "\n"); len(lines) != 4 || lines[1] != `{"text": "two", "title": "third"}` {
			t.Errorf("the first shard is %q", lines)
		}
	}
	f.write("clean/c.jsonl", `{"text": "one", "title": "first"}`+"\n"+`{"text": "two", "title": "`+"\xff"+`"}`+"\n"+`{"text": "seven", "title": "third"}`+"\n")
	const twice = job + "[[stage]]\nuse = \"dedup.exact\"\nname = \"titles\"\ncolumn = \"title\"\nagainst = [\"clean\"]\n"
	o, err := f.run(twice, "twice", 2, pipeline.Options{}, "max_bad=0.5")
	if err != nil {
		t.Fatal(err)
	}
	if r := o.Report; r.RowsDamaged != 4 || r.RowsOut != 1 {
		t.Errorf("%d rows are damaged, %d left", r.RowsDamaged, r.RowsOut)
	}
	if _, err := f.run(job, "strict", 2, pipeline.Options{}, "max_bad=0.2"); err == nil || !strings.Contains(err.Error(), "a.jsonl, row 2: ") {
		t.Errorf("error %v", err)
	}
}
