package pipeline_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"sluice/mpi"
	"sluice/stages/pipeline"
)

const plainJob = "input = [\"in\"]\noutput = \"out\"\n[[stage]]\nuse = \"dedup.exact\"\n"

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.String()
}

func rowsOf(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"text": "row %d %x"}`+"\n", i, i*i*i)
	}
	return b.String()
}

// A truncated archive is a damaged shard: its readable rows are kept, and the
// report says where it ends.
func TestTruncatedArchive(t *testing.T) {
	for ranks := 1; ranks <= 2; ranks++ {
		f := newFolder(t)
		z := gzipped(rowsOf(20000))
		f.write("in/a.jsonl.gz", z[:len(z)/2])
		f.write("in/b.jsonl", rowsOf(3))
		if _, err := f.run(plainJob, "strict", ranks, pipeline.Options{}); err == nil ||
			!strings.Contains(err.Error(), "1 of 2 shards cannot be read as a whole") || !strings.Contains(err.Error(), "a.jsonl.gz") {
			t.Errorf("error %v", err)
		}
		out, err := f.run(plainJob, "out", ranks, pipeline.Options{}, "max_bad_shards=0.5")
		if err != nil {
			t.Fatal(err)
		}
		r := out.Report
		if out.Skipped == 0 || len(r.Damaged) == 0 || r.Damaged[len(r.Damaged)-1].Shard != "a.jsonl.gz" || r.RowsOut < 5000 {
			t.Errorf("skipped %d, listed %v, kept %d", out.Skipped, r.Damaged, r.RowsOut)
		}
	}
}

func TestDamagedRows(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", rowsOf(5)+"{\"text\": \"open\n"+`{"text": null}`+"\n"+`{"text": "`+"\xff"+`"}`+"\n\n"+`{"text": "last"}`)
	out, err := f.run(plainJob, "out", 2, pipeline.Options{}, "max_bad=0.5")
	if err != nil {
		t.Fatal(err)
	}
	var at []string
	for _, d := range out.Report.Damaged {
		at = append(at, fmt.Sprint(d.Row))
	}
	if got := strings.Join(at, " "); got != "5 6 7" || out.Report.RowsDamaged != 3 || out.Report.RowsIn != 9 || out.Report.RowsOut != 6 {
		t.Errorf("damaged %s of %d rows, %d left", got, out.Report.RowsIn, out.Report.RowsOut)
	}
	want := rowsOf(5) + `{"text": "last"}`
	if got := f.tree("out", "data")["data/a.jsonl"]; got != want {
		t.Errorf("wrote %q", got)
	}
	if _, err := f.run(plainJob, "strict", 2, pipeline.Options{}); err == nil || !strings.Contains(err.Error(), "3 of 9 rows are damaged") {
		t.Errorf("error %v", err)
	}
}

func TestMistakesOfTheJob(t *testing.T) {
	for _, c := range []struct {
		name, file, text, job, want string
	}{
		{"missing column", "in/a.jsonl", `{"body": "x"}` + "\n", plainJob, `no column "text"`},
		{"missing stage column", "in/a.jsonl", `{"text": "x"}` + "\n", plainJob + "columns = [\"url\"]\n", `no column "url"`},
		{"missing column behind a round", "in/a.jsonl", `{"text": "x"}` + "\n", plainJob + "[[stage]]\nuse = \"text.word_count\"\ncolumn = \"txet\"\n", `did you mean "text"`},
		{"no input", "elsewhere/a.jsonl", "", plainJob, "in"},
		{"output is input", "in/a.jsonl", `{"text": "x"}`, strings.Replace(plainJob, `"out"`, `"in"`, 1), "in"},
	} {
		f := newFolder(t)
		f.write(c.file, c.text)
		_, err := f.run(c.job, "out", 2, pipeline.Options{})
		if c.name == "output is input" {
			_, err = f.run(c.job, "in", 2, pipeline.Options{})
		}
		if wrong := (*pipeline.JobError)(nil); !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want a mistake of the job with %q", c.name, err, c.want)
		}
	}
}

func TestPlaceOfOutput(t *testing.T) {
	for _, c := range []struct {
		input, output string
		refused       bool
	}{
		{`["in"]`, "in/out", true},
		{`["in/a.jsonl"]`, ".", true}, // holds the input
		{`["in/*.jsonl"]`, "in", true},
		{`["in/*.jsonl"]`, "in/deep/out", true},
		{`["in"]`, "in/../in/x", true},
		{`["in/a.jsonl"]`, "in/out", false}, // beside a file that is named
		{`["in"]`, "inout", false},
	} {
		f := newFolder(t)
		f.write("in/a.jsonl", `{"text": "x"}`)
		_, err := f.run(strings.Replace(plainJob, `["in"]`, c.input, 1), c.output, 1, pipeline.Options{})
		if refused := err != nil; refused != c.refused {
			t.Errorf("input %s, output %s: %v", c.input, c.output, err)
		}
	}
}

// Whatever else is in OUT stays, and so does what is there of another job.
func TestOutputOfOthers(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", `{"text": "x"}`)
	f.write("out/precious.txt", "mine")
	for _, o := range []pipeline.Options{{}, {Fresh: true}} {
		if _, err := f.run(plainJob, "out", 1, o); err == nil || !strings.Contains(err.Error(), "not empty") {
			t.Errorf("error %v", err)
		}
	}
	if f.tree("out", ".")["precious.txt"] != "mine" {
		t.Error("the file is gone")
	}
}

func TestOutputIsAFile(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", `{"text": "x"}`)
	f.write("out", "")
	_, err := f.run(plainJob, "out", 2, pipeline.Options{})
	if wrong := (*pipeline.JobError)(nil); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "is a file") {
		t.Errorf("error %v", err)
	}
}

func TestInputsAreFrozen(t *testing.T) {
	stopped := func(t *testing.T) folder {
		f := newFolder(t)
		f.write("in/a.jsonl", rowsOf(10))
		f.write("in/b.jsonl", rowsOf(12))
		stop := make(chan struct{})
		if _, err := f.run(plainJob, "out", 1, pipeline.Options{Stop: stop, Watch: newTrap(2, func() { close(stop) })}); !errors.Is(err, mpi.ErrStopped) {
			t.Fatal(err)
		}
		return f
	}
	f := stopped(t)
	f.write("in/b.jsonl", rowsOf(13))
	if _, err := f.run(plainJob, "out", 1, pipeline.Options{}); err == nil || !strings.Contains(err.Error(), "b.jsonl") {
		t.Errorf("a changed file: error %v", err)
	}
	f = stopped(t)
	os.Remove(f.path("in/a.jsonl"))
	if _, err := f.run(plainJob, "out", 1, pipeline.Options{}); err == nil || !strings.Contains(err.Error(), "a.jsonl") {
		t.Errorf("a missing file: error %v", err)
	}
	f = stopped(t)
	f.write("in/c.jsonl", rowsOf(99))
	var notices strings.Builder
	if _, err := f.run(plainJob, "out", 1, pipeline.Options{Notice: func(s string) { notices.WriteString(s) }}); err != nil {
		t.Fatal(err)
	}
	if _, ok := f.tree("out", "data")["data/c.jsonl"]; ok || !strings.Contains(notices.String(), "c.jsonl") {
		t.Errorf("a new file: written %v, notices %q", ok, notices.String())
	}
}

func TestAnotherJob(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", rowsOf(10))
	if _, err := f.run(plainJob, "out", 1, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	other := plainJob + "keep = \"last\"\n"
	_, err := f.run(other, "out", 1, pipeline.Options{})
	if wrong := (*pipeline.JobError)(nil); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "keep") {
		t.Errorf("error %v", err)
	}
	out, err := f.run(plainJob, "out", 3, pipeline.Options{}, "memory=\"1GB\"", "watchdog=\"1m\"")
	if err != nil || !out.Already {
		t.Errorf("the same job with more memory: %v, already %v", err, out.Already)
	}
}

// A job that ended on its own mistake, which the first rows do not show, leaves an OUT that takes the mended one.
// What has got further is another job.
func TestMendedJob(t *testing.T) {
	for _, c := range []struct {
		name, wrong string
		write       func(folder)
	}{
		{"a column that no line has", plainJob + "[read]\ntext = \"body\"\n", func(f folder) { f.write("in/a.jsonl", rowsOf(10)+rowsOf(3)) }},
		{"a column that no schema has", plainJob + "[read]\ntext = \"body\"\n", func(f folder) {
			f.write("in/a.jsonl", rowsOf(10)+rowsOf(10))
			if _, err := f.run(plainJob, "made", 1, pipeline.Options{}); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.RemoveAll(f.path("in")), os.Rename(f.path("made/duplicates"), f.path("in"))); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		f := newFolder(t)
		c.write(f)
		f.write("in/0.jsonl", `{"body": "one", "text": "two", "id": "three"}`+"\n")
		mended := plainJob
		if strings.Contains(c.name, "schema") {
			mended += "[read]\ntext = \"id\"\n"
		}
		if _, err := f.run(c.wrong, "out", 2, pipeline.Options{}); err == nil || !strings.Contains(err.Error(), `no column "body"`) {
			t.Fatal(err)
		}
		var notices strings.Builder
		if _, err := f.run(mended, "out", 2, pipeline.Options{Notice: func(s string) { notices.WriteString(s) }}); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if !strings.Contains(notices.String(), "starting over") {
			t.Errorf("%s: notices %q", c.name, notices.String())
		}
		if _, err := f.run(mended, "calm", 2, pipeline.Options{}); err != nil {
			t.Fatal(err)
		}
		same(t, f.tree("calm", "data", "duplicates"), f.tree("out", "data", "duplicates"))
	}
	f := newFolder(t)
	f.documents(1, 3<<20, 3000)
	f.stopAt(plainJob, "out", 1, 1, 1<<20)
	if _, err := f.run(plainJob+"keep = \"last\"\n", "out", 1, pipeline.Options{}); err == nil || !strings.Contains(err.Error(), "another job") {
		t.Errorf("a block is finished: error %v", err)
	}
}

// A second run on the same OUT is refused while the first one works.
func TestTwoRunsAtOnce(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", rowsOf(10))
	var second error
	_, err := f.run(plainJob, "out", 1, pipeline.Options{Watch: newTrap(2, func() {
		_, second = f.run(plainJob, "out", 1, pipeline.Options{})
	})})
	if err != nil {
		t.Fatal(err)
	}
	if second == nil || !strings.Contains(second.Error(), "in use") {
		t.Errorf("error %v", second)
	}
}

// A format that the input cannot be written in is found before it is read.
func TestFormatThatCannotBeWritten(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", rowsOf(10))
	read := once(1, 0, func() { t.Error("a pass began") })
	for _, err := range f.each(plainJob+"[write]\nformat = \"parquet\"\n", "out", 2, pipeline.Options{Watch: read}) {
		if wrong := (*pipeline.JobError)(nil); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "as Parquet") {
			t.Errorf("error %v", err)
		}
	}
}

// A Parquet file says in its schema what it lacks.
func TestMissingColumnOfParquet(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", rowsOf(10)+rowsOf(10))
	if _, err := f.run(plainJob, "made", 1, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	second := "input = [\"made/duplicates\"]\noutput = \"out\"\n[read]\ntext = \"id\"\n[[stage]]\nuse = \"dedup.exact\"\ncolumns = [\"nowhere\"]\n"
	for _, err := range f.each(second, "out", 3, pipeline.Options{}) {
		if wrong := (*pipeline.JobError)(nil); !errors.As(err, &wrong) || !strings.Contains(err.Error(), `"nowhere"`) {
			t.Errorf("error %v", err)
		}
		if n := strings.Count(err.Error(), ".parquet"); n != 1 {
			t.Errorf("says the path %d times: %v", n, err)
		}
	}
}

// A column that only a later pass reads is missed as well.
func TestMissingColumnOfALaterPass(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", rowsOf(10))
	second := plainJob + "[[stage]]\nuse = \"dedup.exact\"\nname = \"second\"\ncolumns = [\"nowhere\"]\n"
	for _, err := range f.each(second, "out", 2, pipeline.Options{}) {
		if wrong := (*pipeline.JobError)(nil); !errors.As(err, &wrong) || !strings.Contains(err.Error(), `"nowhere"`) {
			t.Errorf("error %v", err)
		}
	}
}

func TestInputChangesBetweenPasses(t *testing.T) {
	for name, text := range map[string]string{
		"fewer rows": strings.Replace(rowsOf(10), "\n", " ", 1),
		"more rows":  strings.Replace(rowsOf(10), " ", "\n", 1),
	} {
		f := newFolder(t)
		f.write("in/a.jsonl", rowsOf(10))
		change := once(2, 0, func() { f.write("in/a.jsonl", text) })
		for _, err := range f.each(plainJob, "out", 2, pipeline.Options{Watch: change}) {
			if err == nil || !strings.Contains(err.Error(), "a.jsonl: the file changed") {
				t.Errorf("%s: error %v", name, err)
			}
		}
	}
}

// Of many damaged rows the first are listed and the rest counted, and no more
// is kept of them.
func TestManyDamagedRows(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", strings.Repeat("{\n", 60_000)+rowsOf(1))
	f.stopAt(plainJob, "out", 1, 2, 0, "max_bad=1.0")
	kept := 0
	for _, p := range f.tree("out", ".sluice/segments") {
		kept += len(p)
	}
	if kept > 1<<20 {
		t.Errorf("keeps %d bytes", kept)
	}
	out, err := f.run(plainJob, "out", 1, pipeline.Options{}, "max_bad=1.0")
	if err != nil {
		t.Fatal(err)
	}
	if r := out.Report; len(r.Damaged) != 10_000 || r.DamagedLeftOut != 50_000 || r.RowsDamaged != 60_000 {
		t.Errorf("listed %d, left out %d of %d", len(r.Damaged), r.DamagedLeftOut, r.RowsDamaged)
	}
}

// A file that cannot be opened is a shard that is damaged from the start.
func TestShardsThatDoNotOpen(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.parquet", "PAR1 and not much more")
	f.write("in/b.jsonl", rowsOf(10))
	f.write("in/c.jsonl.gz", "no gzip at all")
	f.write("in/d.jsonl.zst", "no zstd at all")
	for n := 1; n <= 2; n++ {
		out, err := f.run(plainJob, fmt.Sprint("out", n), n, pipeline.Options{}, "max_bad_shards=1.0")
		if err != nil {
			t.Fatal(err)
		}
		if out.Skipped != 3 || len(out.Report.Damaged) != 3 || out.Report.RowsOut != 10 {
			t.Errorf("%d skipped, %d rows left: %v", out.Skipped, out.Report.RowsOut, out.Report.Damaged)
		}
	}
}

// How much of a truncated archive is read does not depend on memory or ranks.
func TestTruncatedArchiveAtAnyMemory(t *testing.T) {
	f := newFolder(t)
	z := gzipped(rowsOf(100_000))
	f.write("in/a.jsonl.gz", z[:len(z)/2])
	f.write("in/b.jsonl", rowsOf(30))
	var want map[string]string
	for i, memory := range []string{"64MB", "1GB", "8GB"} {
		out := fmt.Sprint("out", i)
		if _, err := f.run(plainJob, out, i+1, pipeline.Options{}, "max_bad_shards=0.5", fmt.Sprintf("memory=%q", memory)); err != nil {
			t.Fatal(err)
		}
		got := f.tree(out, "data", "duplicates")
		if want == nil {
			want = got
		}
		same(t, want, got)
	}
}

// The report is rank 0's, and no rank ends as if it were written.
func TestReportThatCannotBeWritten(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", rowsOf(10))
	block := once(2, 0, func() { f.write("out/report.json/x", "") })
	for r, err := range f.each(plainJob, "out", 3, pipeline.Options{Watch: block}) {
		if err == nil || !strings.Contains(err.Error(), "report") || strings.Contains(err.Error(), "it returned") {
			t.Errorf("rank %d: error %v", r, err)
		}
	}
	if err := os.RemoveAll(f.path("out/report.json")); err != nil {
		t.Fatal(err)
	}
	if out, err := f.run(plainJob, "out", 2, pipeline.Options{}); err != nil || out.Already {
		t.Errorf("continued: %v, already %v", err, out.Already)
	}
}

// A file of many blocks that does not open is one shard that is damaged, however
// many of its blocks find that out.
func TestLargeShardThatDoesNotOpen(t *testing.T) {
	f := newFolder(t)
	f.documents(1, 5<<20, 3000)
	f.write("in/b.jsonl", rowsOf(10))
	path := f.path("in/part-0.jsonl")
	shut := once(1, 0, func() { // a link to itself does not open, for root neither
		if err := errors.Join(os.Remove(path), os.Symlink(path, path)); err != nil {
			t.Error(err)
		}
	})
	out, err := f.run(plainJob, "out", 2, pipeline.Options{Watch: shut}, "max_bad_shards=1.0")
	if err != nil {
		t.Fatal(err)
	}
	if out.Skipped != 1 || len(out.Report.Damaged) != 1 || out.Report.RowsOut != 10 {
		t.Errorf("%d skipped, %d rows left: %v", out.Skipped, out.Report.RowsOut, out.Report.Damaged)
	}
}
