package dedup_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sluice/mpi"
	"sluice/stages/pipeline"
)

// countJob drops no document, so that input and output tell what was taken out.
const countJob = `
input = ["in"]
output = "out"
[[stage]]
use = "dedup.lines"
name = "lines"
min_left = 0
[[stage]]
use = "dedup.exact"
keep = "last"
action = "mark"
`

// texts returns the texts of shards below a folder, by path and row.
func (s site) texts(folder string) (list []string) {
	s.tb.Helper()
	paths, _ := filepath.Glob(filepath.Join(s.dir, folder, "*", "*.jsonl"))
	for _, path := range paths {
		p, err := os.ReadFile(path)
		if err != nil {
			s.tb.Fatal(err)
		}
		for line := range strings.Lines(string(p)) {
			var d struct{ Text string }
			if err := json.Unmarshal([]byte(line), &d); err != nil {
				s.tb.Fatal(err)
			}
			list = append(list, d.Text)
		}
	}
	return list
}

// stopper stops a job at its first bytes of a pass.
type stopper struct {
	pass int32
	at   atomic.Int32
	once sync.Once
	stop chan struct{}
}

func (w *stopper) Pass(p, _ int, _ string, _ int64) { w.at.Store(int32(p)) }
func (w *stopper) Block(int, int)                   {}
func (w *stopper) Finish()                          {}
func (w *stopper) Done(bytes, _ int64) {
	if w.at.Load() == w.pass && bytes > 0 {
		w.once.Do(func() { close(w.stop) })
	}
}

// The report says how many lines and bytes went, exactly, with any number of ranks and
// after a stop.
func TestLinesAreCounted(t *testing.T) {
	s := newSite(t)
	s.corpus(11, 7, 60)
	want := pipeline.TrimReport{Unit: "line"}
	check := func(out string, o pipeline.Outcome) {
		t.Helper()
		if got := o.Report.Stages[0].Trimmed; got == nil || *got != want {
			t.Errorf("%s: %+v, want %+v", out, got, want)
		}
		if o.Report.Stages[1].Trimmed != nil {
			t.Errorf("%s: exact dedup takes parts out of texts", out)
		}
	}
	for i, ranks := range []int{1, 3} {
		out := []string{"out1", "out3"}[i]
		o, err := s.run(countJob, out, ranks, pipeline.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			lines := func(text string) int64 {
				if text == "" {
					return 0
				}
				return int64(strings.Count(text, "\n")) + 1
			}
			before, after := s.texts("in"), s.texts("out1/data")
			for k, text := range before {
				if after[k] != text {
					want.Texts++
				}
				want.Parts += lines(text) - lines(after[k])
				want.Bytes += int64(len(text) - len(after[k]))
			}
			if want.Texts < 20 || want.Parts < 50 {
				t.Fatalf("too little goes: %+v", want)
			}
		}
		check(out, o)
	}
	w := &stopper{pass: 2, stop: make(chan struct{})}
	if _, err := s.run(countJob, "stopped", 1, pipeline.Options{Stop: w.stop, Watch: w}); !errors.Is(err, mpi.ErrStopped) {
		t.Fatalf("was not stopped: %v", err)
	}
	o, err := s.run(countJob, "stopped", 2, pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	check("stopped", o)
}
