package dedup_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"sluice/mpi"
	"sluice/stages/catalog"
	"sluice/stages/dedup"
	"sluice/stages/job"
	"sluice/stages/pipeline"
)

// A site is a folder with inputs, jobs and outputs.
type site struct {
	tb  testing.TB
	dir string
}

func newSite(tb testing.TB) site { return site{tb, tb.TempDir()} }

func (s site) write(name, text string) string {
	s.tb.Helper()
	path := filepath.Join(s.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
		s.tb.Fatal(err)
	}
	return path
}

// corpus writes shards of documents with lines of which many occur in several.
func (s site) corpus(seed uint64, shards, rows int) {
	r := rand.New(rand.NewPCG(seed, 7))
	for n := range shards {
		var b strings.Builder
		for i := range 1 + r.IntN(rows) {
			var text strings.Builder
			for range r.IntN(12) {
				fmt.Fprintf(&text, "Line %d of \u00e9 many%s\n", int(r.ExpFloat64()*float64(rows)), strings.Repeat(".", r.IntN(2)))
			}
			p, _ := json.Marshal(strings.TrimSuffix(text.String(), "\n"))
			fmt.Fprintf(&b, `{"n":  %d, "text": %s, "m": [%d]}`+"\n", i, p, n)
		}
		s.write(fmt.Sprintf("in/%d/part-%d.jsonl", n%3, n), b.String())
	}
}

// run runs a job on some goroutine ranks.
func (s site) run(text, out string, ranks int, o pipeline.Options) (pipeline.Outcome, error) {
	s.tb.Helper()
	return runJob(s.write("job.toml", text), out, ranks, o)
}

func runJob(path, out string, ranks int, o pipeline.Options) (pipeline.Outcome, error) {
	j, err := job.Parse(path, catalog.All(), job.Options{Set: []string{"output=" + out}})
	if err != nil {
		return pipeline.Outcome{}, err
	}
	j.Threads, j.Memory, j.Scratch = 2, 64_000_000, filepath.Join(filepath.Dir(path), "scratch")
	outs := make([]pipeline.Outcome, ranks)
	err = mpi.Local(ranks, mpi.Config{}, func(c mpi.Comm) (err error) {
		outs[c.Rank()], err = pipeline.Run(context.Background(), c, j, o)
		return err
	})
	return outs[0], err
}

// files returns what lies below a folder, by path.
func (s site) files(folder string) map[string]string {
	s.tb.Helper()
	root, all := filepath.Join(s.dir, folder), map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		p, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		all[rel] = string(p)
		return err
	})
	if err != nil {
		s.tb.Fatal(err)
	}
	return all
}

func same(t *testing.T, what string, want, got map[string]string) {
	t.Helper()
	if len(want) == 0 || len(want) != len(got) {
		t.Errorf("%s: %d files, want %d", what, len(got), len(want))
	}
	for name, p := range want {
		if got[name] != p {
			t.Errorf("%s: %s differs: %d bytes, want %d", what, name, len(got[name]), len(p))
		}
	}
}

const linesJob = `
input = ["in"]
output = "out"
[[stage]]
use = "dedup.lines"
name = "lines"
min_documents = 3
[[stage]]
use = "text.word_count"
min_words = 6
[[stage]]
use = "dedup.exact"
`

// lineRow is one row of an oracle.
type lineRow struct {
	file, raw string
	text      string
	changed   bool
}

// oracle returns by plain code what linesJob makes of the input, and its funnel.
func (s site) oracle() (want map[string]string, funnel string) {
	in := s.files("in")
	var rows []*lineRow
	names := []string{}
	for name := range in {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for line := range strings.Lines(in[name]) {
			var v struct{ Text string }
			if err := json.Unmarshal([]byte(line), &v); err != nil {
				s.tb.Fatal(err)
			}
			rows = append(rows, &lineRow{file: name, raw: line, text: v.Text})
		}
	}
	counts := []int{len(rows)}
	rows = s.withoutLines(rows)
	counts = append(counts, len(rows))
	rows = slices.DeleteFunc(rows, func(r *lineRow) bool { return len(strings.Fields(r.text)) < 6 })
	counts = append(counts, len(rows))
	seen := map[string]bool{}
	want = map[string]string{}
	for _, name := range names {
		want[name] = ""
	}
	left := 0
	for _, r := range rows {
		if seen[r.text] {
			continue
		}
		seen[r.text] = true
		left++
		raw := r.raw
		if r.changed {
			// As it was, but for the text.
			p, _ := json.Marshal(r.text)
			head, rest, _ := strings.Cut(raw, `"text": `)
			raw = head + `"text": ` + string(p) + rest[strings.LastIndex(rest, `, "m"`):]
		}
		want[r.file] += raw
	}
	return want, fmt.Sprintf("[{lines shuffle %d %d} {text.word_count map %d %d} {dedup.exact shuffle %d %d}]",
		counts[0], counts[1], counts[1], counts[2], counts[2], left)
}

// withoutLines removes lines that three documents have from all but the first.
func (s site) withoutLines(rows []*lineRow) (left []*lineRow) {
	key := func(line string) string { return strings.ToLower(strings.Join(strings.Fields(line), " ")) }
	in := map[string][]int{}
	for i, r := range rows {
		for line := range strings.SplitSeq(r.text, "\n") {
			if list := in[key(line)]; line != "" && (len(list) == 0 || list[len(list)-1] != i) {
				in[key(line)] = append(list, i)
			}
		}
	}
	for i, r := range rows {
		var kept []string
		lines := strings.Split(r.text, "\n")
		for _, line := range lines {
			if list := in[key(line)]; len(list) < 3 || list[0] == i {
				kept = append(kept, line)
			}
		}
		if r.changed = len(kept) < len(lines); r.changed {
			if r.text = strings.Join(kept, "\n"); strings.TrimSpace(r.text) == "" {
				continue
			}
		}
		left = append(left, r)
	}
	return left
}

// The stages after the dedup see what it left, and the bytes do not depend on
// the ranks.
func TestLinesJob(t *testing.T) {
	s := newSite(t)
	s.corpus(1, 12, 300)
	want, funnel := s.oracle()
	for _, ranks := range []int{1, 2, 5} {
		out := fmt.Sprint("out", ranks)
		got, err := s.run(linesJob, out, ranks, pipeline.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if f := fmt.Sprint(got.Report.Stages); f != funnel {
			t.Errorf("%d ranks: funnel %s, want %s", ranks, f, funnel)
		}
		same(t, out, want, s.files(out+"/data"))
	}
}

// With more questions than memory holds.
func TestLinesOnScratch(t *testing.T) {
	if testing.Short() || dedup.UnderRace {
		t.Skip("needs half a million lines")
	}
	s := newSite(t)
	s.corpus(4, 8, 20000)
	want, _ := s.oracle()
	if _, err := s.run(linesJob, "out", 1, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	same(t, "out", want, s.files("out/data"))
}

// Texts that are hard to cut, next to others: one of very many short lines, one line
// of megabytes, nothing but line feeds.
func TestLinesHardTexts(t *testing.T) {
	s := newSite(t)
	long := strings.Repeat("x", 3<<20)
	var many strings.Builder
	numbers := 150_000
	if dedup.UnderRace {
		numbers = 15_000
	}
	for i := range numbers * 8 / 3 {
		fmt.Fprintf(&many, "%d\n", i%numbers)
	}
	texts := []string{
		many.String(), long + "\nshort", strings.Repeat("\n", 2<<20), "short\r\n7\n" + long, "", "\n", strconv.Itoa(numbers - 1),
		"7\n" + many.String() + "own",
	}
	want := []string{texts[0], texts[1], texts[2], "", "", "\n", "", "own"}
	goes := []bool{false, false, false, true, false, false, true, false}
	var in, out strings.Builder
	for i, text := range texts {
		row := func(text string) string {
			p, _ := json.Marshal(text)
			return fmt.Sprintf("{\"n\": %d, \"text\": %s}\n", i, p)
		}
		in.WriteString(row(text))
		if !goes[i] {
			out.WriteString(row(want[i]))
		}
	}
	s.write("in/a.jsonl", in.String())
	if _, err := s.run("input = [\"in\"]\noutput = \"out\"\n[[stage]]\nuse = \"dedup.lines\"\n", "out", 2, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	same(t, "out", map[string]string{"a.jsonl": out.String()}, s.files("out/data"))
}

// An alarm is a watch that does something at the n-th event.
type alarm struct {
	left atomic.Int64
	do   func()
}

func newAlarm(n int64, do func()) *alarm {
	a := &alarm{do: do}
	a.left.Store(n)
	return a
}

func (a *alarm) event() {
	if a.left.Add(-1) == 0 {
		a.do()
	}
}

func (a *alarm) Pass(int, int, string, int64) { a.event() }
func (a *alarm) Block(int, int)               { a.event() }
func (a *alarm) Done(int64, int64)            { a.event() }
func (a *alarm) Finish()                      { a.event() }

// The child of TestLinesKilled: it runs a job, and kills itself at an event.
func TestLinesChild(t *testing.T) {
	path := os.Getenv("SLUICE_LINES_JOB")
	if path == "" {
		t.Skip("runs as a child")
	}
	at, _ := strconv.ParseInt(os.Getenv("SLUICE_LINES_KILL"), 10, 64)
	ranks, _ := strconv.Atoi(os.Getenv("SLUICE_LINES_RANKS"))
	_, err := runJob(path, "killed", ranks, pipeline.Options{Watch: newAlarm(at, func() {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	})})
	if err != nil {
		t.Fatal(err)
	}
}

// kill -9 again and again, with changing numbers of ranks.
func TestLinesKilled(t *testing.T) {
	s := newSite(t)
	s.corpus(2, 10, 200)
	want, _ := s.oracle()
	path := s.write("job.toml", linesJob)
	for try := range int64(40) {
		cmd := exec.Command(os.Args[0], "-test.run=^TestLinesChild$")
		cmd.Env = append(os.Environ(), "SLUICE_LINES_JOB="+path,
			fmt.Sprintf("SLUICE_LINES_KILL=%d", 3+try*9), fmt.Sprintf("SLUICE_LINES_RANKS=%d", 1+try%4))
		text, err := cmd.CombinedOutput()
		if err == nil {
			if try < 3 {
				t.Errorf("was killed %d times only", try)
			}
			same(t, "killed", want, s.files("killed/data"))
			return
		}
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("%v: %s", err, text)
		}
	}
	t.Fatal("does not come to an end")
}

// A run that is stopped continues, with other ranks.
func TestLinesStopped(t *testing.T) {
	s := newSite(t)
	s.corpus(3, 8, 150)
	want, funnel := s.oracle()
	for at := int64(2); ; at += 13 {
		out := fmt.Sprint("stopped", at)
		stop := make(chan struct{})
		_, err := s.run(linesJob, out, 2, pipeline.Options{Stop: stop, Watch: newAlarm(at, func() { close(stop) })})
		if err == nil {
			break
		}
		if !errors.Is(err, mpi.ErrStopped) {
			t.Fatal(err)
		}
		got, err := s.run(linesJob, out, 3, pipeline.Options{})
		if err != nil {
			t.Fatal(err)
		}
		same(t, out, want, s.files(out+"/data"))
		if f := fmt.Sprint(got.Report.Stages); f != funnel {
			t.Errorf("%s: funnel %s, want %s", out, f, funnel)
		}
	}
}
