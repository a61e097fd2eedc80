package pipeline_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"sluice/mpi"
	"sluice/stages/format"
	"sluice/stages/job"
	"sluice/stages/pipeline"
)

// Two dedups, by url and by text. Row 0 keeps row 3 by text, row 1 keeps row 2 by
// url, and row 3 keeps row 4 by url before it goes itself.
const twoDedups = `
input = ["in"]
output = "out"
[read]
id = "id"
[[stage]]
use = "dedup.exact"
name = "by-url"
columns = ["url"]
[[stage]]
use = "dedup.exact"
name = "by-text"
`

const twoDedupsInput = `{"id":1,"url":"u","text":"c"}
{"id":true,"url":"v","text":"a"}
{"id":"s","url":"v","text":"b"}
{"id":1.5,"url":"w","text":"c"}
{"id":null,"url":"w","text":"d"}
{"url":"x","text":"d"}
`

func TestTwoDedups(t *testing.T) {
	for _, c := range []struct{ name, set, left, funnel, listed string }{
		{"drop", "", "0 1 5", "[{by-url shuffle 6 4} {by-text shuffle 4 3}]",
			"s=true(by-url) 1.5=1(by-text) a.jsonl:4=1.5(by-url)"},
		{"mark by url", `stage.by-url.action="mark"`, "0 1 2 4", "[{by-url shuffle 6 6} {by-text shuffle 6 4}]",
			"s=true(by-url) 1.5=1(by-text) a.jsonl:4=1.5(by-url) a.jsonl:5=a.jsonl:4(by-text)"},
		{"mark by text", `stage.by-text.action="mark"`, "0 1 3 5", "[{by-url shuffle 6 4} {by-text shuffle 4 4}]",
			"s=true(by-url) 1.5=1(by-text) a.jsonl:4=1.5(by-url)"},
	} {
		f := newFolder(t)
		f.write("in/a.jsonl", twoDedupsInput)
		for n := 1; n <= 3; n++ {
			name := fmt.Sprint("out", n)
			var set []string
			if c.set != "" {
				set = append(set, c.set)
			}
			out, err := f.run(twoDedups, name, n, pipeline.Options{}, set...)
			if err != nil {
				t.Fatal(err)
			}
			if funnel := fmt.Sprint(out.Report.Stages); funnel != c.funnel {
				t.Errorf("%s: funnel %s, want %s", c.name, funnel, c.funnel)
			}
			if got := rowsLeft(f.tree(name, "data")["data/a.jsonl"]); got != c.left {
				t.Errorf("%s: rows %s are left, want %s", c.name, got, c.left)
			}
			listed := f.listed(name)
			if listed != c.listed || out.Report.Duplicates != int64(len(strings.Fields(listed))) {
				t.Errorf("%s: %d duplicates: %s, want %s", c.name, out.Report.Duplicates, listed, c.listed)
			}
		}
	}
}

// rowsLeft returns the numbers of the rows of twoDedupsInput that are in data.
func rowsLeft(data string) string {
	var left []string
	for i, row := range strings.Split(strings.TrimSpace(twoDedupsInput), "\n") {
		if strings.Contains(data, strings.TrimSuffix(row, "}")) {
			left = append(left, fmt.Sprint(i))
		}
	}
	return strings.Join(left, " ")
}

// listed returns the list of duplicates of an output.
func (f folder) listed(out string) string {
	f.tb.Helper()
	files, err := filepath.Glob(filepath.Join(f.path(out), "duplicates", "*"))
	if err != nil {
		f.tb.Fatal(err)
	}
	var list []string
	for _, path := range files {
		for d, err := range format.ReadTable(path) {
			if err != nil {
				f.tb.Fatal(err)
			}
			list = append(list, fmt.Sprintf("%s=%s(%s)", d.ID, d.KeeperID, d.Stage))
		}
	}
	return strings.Join(list, " ")
}

// The marks of a dedup survive the passes after it.
func TestMarksOfAnEarlierDedup(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", twoDedupsInput)
	if _, err := f.run(twoDedups, "out", 2, pipeline.Options{}, `stage.by-url.action="mark"`); err != nil {
		t.Fatal(err)
	}
	want := `{"id":1,"url":"u","text":"c","by-url":true}
{"id":true,"url":"v","text":"a","by-url":true}
{"id":"s","url":"v","text":"b","by-url":false}
{"id":null,"url":"w","text":"d","by-url":false}
`
	if got := f.tree("out", "data")["data/a.jsonl"]; got != want {
		t.Errorf("wrote\n%swant\n%s", got, want)
	}
}

// A job without stages copies its input, or only counts it.
func TestNoStages(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", twoDedupsInput)
	f.write("in/empty.jsonl", "")
	for n, write := range []string{"auto", "none"} {
		name := fmt.Sprint("out", n)
		out, err := f.run("input = [\"in\"]\noutput = \"out\"\n", name, 8, pipeline.Options{}, "write.format=\""+write+"\"")
		if err != nil {
			t.Fatal(err)
		}
		if out.Report.RowsOut != 6 {
			t.Errorf("%s: %d rows left", write, out.Report.RowsOut)
		}
		if got := f.tree(name, "data"); write == "none" && len(got) > 0 || write == "auto" && (got["data/a.jsonl"] != twoDedupsInput || len(got) != 2) {
			t.Errorf("%s: wrote %q", write, got)
		}
	}
}

// An id that is too long for the list does not end a job in its last pass.
func TestLongIDs(t *testing.T) {
	f := newFolder(t)
	row := `{"id": "` + strings.Repeat("x", 5000) + `", "text": "a"}` + "\n"
	f.write("in/a.jsonl", row+row)
	if _, err := f.run("input = [\"in\"]\noutput = \"out\"\n[read]\nid = \"id\"\n[[stage]]\nuse = \"dedup.exact\"\n", "out", 2, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	if got := f.listed("out"); got != "a.jsonl:1=a.jsonl:0(dedup.exact)" {
		t.Errorf("listed %s", got)
	}
}

// A run leaves no file open, whatever the garbage collector does.
func TestFilesAreClosed(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	f := newFolder(t)
	f.documents(3, 12<<20, 2000)
	if _, err := f.run(plainJob, "out", 2, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	links, _ := filepath.Glob("/proc/self/fd/*")
	for _, l := range links {
		if to, err := os.Readlink(l); err == nil && strings.HasPrefix(to, f.dir) {
			t.Errorf("%s is open", to)
		}
	}
}

func TestTwoRunsOnOneComm(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", rowsOf(10))
	f.write("job.toml", plainJob)
	err := mpi.Local(2, mpi.Config{}, func(c mpi.Comm) error {
		for _, out := range []string{"one", "two"} {
			j, err := job.Parse(f.path("job.toml"), catalogue(), job.Options{Set: []string{"output=" + out}})
			if err != nil {
				return err
			}
			j.Threads, j.Memory, j.Scratch = 2, 64_000_000, f.path("scratch")
			if _, err := pipeline.Run(context.Background(), c, j, pipeline.Options{}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, f.tree("one", "data", "duplicates"), f.tree("two", "data", "duplicates"))
}
