package pipeline_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"sluice/stages/pipeline"
)

// similarPages writes about so many bytes of pages in two shards. Most are close to one that came
// before, in chains: each is made of the page before it in its family.
func (f folder) similarPages(total int) {
	f.tb.Helper()
	r := rand.New(rand.NewPCG(11, 12))
	var families [][]string
	for s := range 2 {
		f.write(fmt.Sprintf("in/part-%d.jsonl", s), "")
		file, err := os.Create(f.path(fmt.Sprintf("in/part-%d.jsonl", s)))
		if err != nil {
			f.tb.Fatal(err)
		}
		w := bufio.NewWriterSize(file, 1<<20)
		for n := 0; n < total/2; {
			var page []string
			if r.IntN(3) == 0 || len(families) == 0 {
				for range 40 + r.IntN(60) {
					page = append(page, fmt.Sprintf("%06x", r.IntN(1<<24)))
				}
				families = append(families, page)
			} else {
				page = families[r.IntN(len(families))]
				page[r.IntN(len(page))] = fmt.Sprintf("%06x", r.IntN(1<<24))
			}
			k, err := fmt.Fprintf(w, `{"text": "%s"}`+"\n", strings.Join(page, " "))
			if err != nil {
				f.tb.Fatal(err)
			}
			n += k
		}
		if err := w.Flush(); err != nil {
			f.tb.Fatal(err)
		}
		file.Close()
	}
}

// More input than memory: sketches, questions and sets go through scratch, and the
// settling takes steps. The bytes are those of a run with memory to spare. With too little
// scratch the job says what to raise, and then goes on to the same bytes.
func TestFuzzyLargerThanMemory(t *testing.T) {
	if testing.Short() || underRace {
		t.Skip("reads a large input many times: minutes under the race detector")
	}
	const text = "input = [\"in\"]\noutput = \"out\"\n[[stage]]\nuse = \"dedup.fuzzy\"\nthreshold = 0.6\n"
	f := newFolder(t)
	f.similarPages(62 << 20)
	out, err := f.run(text, "spare", 1, pipeline.Options{}, `memory="3GB"`)
	if err != nil {
		t.Fatal(err)
	}
	if n := out.Report; n.Duplicates*3 < n.RowsIn {
		t.Errorf("%d of %d go", n.Duplicates, n.RowsIn)
	}
	want := f.tree("spare", "data", "duplicates")
	if _, err := f.run(text, "tight", 2, pipeline.Options{}, `memory="64MB"`); err != nil {
		t.Fatal(err)
	}
	same(t, want, f.tree("tight", "data", "duplicates"))
	_, err = f.run(text, "full", 2, pipeline.Options{}, `memory="64MB"`, `scratch_max="4MB"`)
	if err == nil || !strings.Contains(err.Error(), "raise `scratch_max`") {
		t.Fatalf("with little scratch: error %v", err)
	}
	if _, err := f.run(text, "full", 3, pipeline.Options{}, `memory="64MB"`, `scratch_max="2GB"`); err != nil {
		t.Fatal(err)
	}
	same(t, want, f.tree("full", "data", "duplicates"))
	if files := sortedFiles(t, f.path("scratch")); len(files) > 0 {
		t.Errorf("scratch still holds %v", files)
	}
}
