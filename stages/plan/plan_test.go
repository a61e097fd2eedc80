package plan_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/corpus"
	"sluice/stages/dedup"
	"sluice/stages/job"
	"sluice/stages/pipeline"
	"sluice/stages/plan"
	"sluice/stages/scan"
	"sluice/stages/text"
)

func catalogue() job.Catalog {
	return job.Catalog{
		"dedup.fuzzy":     job.NewEntry("fuzzy", dedup.DefaultFuzzy(), dedup.NewFuzzy),
		"dedup.exact":     job.NewEntry("exact", dedup.DefaultExact(), dedup.NewExact),
		"corpus.shuffle":  job.NewEntry("shuffle", corpus.DefaultShuffle(), corpus.NewShuffle),
		"corpus.blend":    job.NewEntry("blend", corpus.DefaultBlend(), corpus.NewBlend),
		"text.word_count": job.NewEntry("words", text.DefaultWordCount(), text.NewWordCount),
	}
}

// heavy is a filter that holds so many megabytes on each rank.
type heavy struct {
	MB int64 `toml:"mb" doc:"held"`
}

func (h heavy) Held(int) int64             { return 1e6 * h.MB }
func (heavy) Score(*scan.Document) float64 { return 1 }
func (heavy) Keep(float64) bool            { return true }

// What stages hold is part of the memory that a rank may take: the plan counts it, and a job without room for it does
// not begin.
func TestHeldMemory(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "in"), 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "in"), 2, 100, 5)
	entries := catalogue()
	entries["text.heavy"] = job.NewEntry("heavy", heavy{}, func(c stages.Common, h heavy) ([]stages.Stage, error) {
		return []stages.Stage{stages.NewFilter(c, h)}, nil
	})
	const ranks = 2
	plans := map[int]int64{}
	for _, mb := range []int{0, 30, 40} {
		path := filepath.Join(dir, "job.toml")
		toml := fmt.Sprintf("input = \"in\"\noutput = \"out%[1]d\"\nmemory = \"64MB\"\n[[stage]]\nuse = \"text.heavy\"\nmb = %[1]d\n", mb)
		if err := os.WriteFile(path, []byte(toml), 0o666); err != nil {
			t.Fatal(err)
		}
		j, err := job.Parse(path, entries, job.Options{})
		if err != nil {
			t.Fatal(err)
		}
		j.Threads, j.Scratch = 1, dir
		made, err := plan.Make(t.Context(), j, plan.Options{Ranks: ranks})
		errs := []error{err}
		if err == nil {
			plans[mb] = made.Memory
		}
		if mb > 0 {
			errs = append(errs, mpi.Local(ranks, mpi.Config{}, func(c mpi.Comm) error {
				_, err := pipeline.Run(t.Context(), c, j, pipeline.Options{})
				return err
			}))
		}
		for _, err := range errs {
			if small := err != nil && strings.Contains(err.Error(), "set memory to 80MB"); small != (mb == 40) || !small && err != nil {
				t.Errorf("%d MB: %v", mb, err)
			}
		}
	}
	if more := plans[30] - plans[0]; more < ranks*25e6 || more > ranks*30e6 {
		t.Errorf("2 x 30 MB are %d B more of %d", more, plans[0])
	}
}

// write makes shards whose rows repeat within and between shards.
func write(t *testing.T, dir string, shards, rows, words int) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(shards), uint64(rows)))
	for s := range shards {
		var b strings.Builder
		for i := range rows {
			fmt.Fprintf(&b, `{"id":"%d/%d","text":"doc %d %s"}`+"\n", s, i, r.IntN(shards*rows), strings.Repeat("word ", r.IntN(words)))
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("s%d.jsonl", s)), []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// What the plan says a job sends is what the run then reports, on inputs read
// whole to a few percent, on sampled ones within a fifth.
func TestPlanAgainstRun(t *testing.T) {
	for _, c := range []struct {
		name                string
		shards, rows, words int
		id                  string
		sample              int64
		within              float64
		last                string // of the job file
	}{
		{"whole", 6, 3000, 20, "", 0, 0.05, ""},
		{"with ids", 3, 4000, 5, "\nid = \"id\"", 0, 0.05, ""},
		{"sampled", 8, 20000, 40, "", 6 << 20, 0.2, ""},
		{"moved", 5, 3000, 20, "", 0, 0.05, "[[stage]]\nuse = \"corpus.shuffle\"\n[write]\ncompress = \"zstd\"\n"},
		{"blended", 6, 8000, 40, "", 2 << 20, 0.2, "[[stage]]\nuse = \"corpus.blend\"\nsamples = 70000\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "in"), 0o777); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "in"), c.shards, c.rows, c.words)
			path := filepath.Join(dir, "job.toml")
			toml := "output = \"out\"\nmemory = \"64MB\"\n[[source]]\nname = \"in\"\ninput = [\"in\"]\n[read]\ntext = \"text\"" + c.id +
				"\n[[stage]]\nuse = \"text.word_count\"\nmin_words = 4\n[[stage]]\nuse = \"dedup.exact\"\n" + c.last
			if err := os.WriteFile(path, []byte(toml), 0o666); err != nil {
				t.Fatal(err)
			}
			j, err := job.Parse(path, catalogue(), job.Options{})
			if err != nil {
				t.Fatal(err)
			}
			j.Threads, j.Scratch = 1, dir
			const ranks = 3
			made, err := plan.Make(context.Background(), j, plan.Options{Ranks: ranks, Sample: c.sample})
			if err != nil {
				t.Fatal(err)
			}
			if made.Whole() != (c.sample == 0) {
				t.Fatalf("sampled %d of %d bytes", made.Sampled, made.Bytes)
			}
			var sent int64
			var report *pipeline.Report
			err = mpi.Local(ranks, mpi.Config{}, func(comm mpi.Comm) error {
				out, err := pipeline.Run(context.Background(), comm, j, pipeline.Options{})
				if comm.Rank() == 0 {
					report = out.Report
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range report.Passes {
				for _, r := range p.Ranks {
					sent += r.Sent
				}
			}
			near(t, "bytes sent", made.Sent(), sent, c.within)
			near(t, "rows", made.Rows, report.RowsIn, c.within)
			left := made.Passes[1].Rows
			near(t, "rows left", left[len(left)-1], report.RowsOut, c.within)
			if files, _ := filepath.Glob(filepath.Join(dir, "out", "data", "*")); made.Outputs > 0 && made.Outputs != len(files) {
				t.Errorf("the plan says %d output shards, the run wrote %d", made.Outputs, len(files))
			}
		})
	}
}

// writeVersions writes pages of a few templates, and versions of them, into so many shards, the
// first of which is much larger than the others.
func writeVersions(t *testing.T, dir string, shards, pages int) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(shards), uint64(pages)))
	text := make([]strings.Builder, shards)
	for i := range pages {
		s := max(0, r.IntN(2*shards)-shards)
		fmt.Fprintf(&text[s], `{"text":"`)
		for w := range 150 {
			if r.IntN(40) == 0 {
				fmt.Fprintf(&text[s], "new%d ", i)
			}
			fmt.Fprintf(&text[s], "w%dt%d ", w, i%50)
		}
		fmt.Fprintln(&text[s], `"}`)
	}
	for s := range shards {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("s%d.jsonl", s)), []byte(text[s].String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// What a fuzzy dedup sends depends on where samples live, and how often records travel on
// how many ranks ask for them.
func TestPlanOfFuzzyAgainstRun(t *testing.T) {
	for _, shards := range []int{1, 5} {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "in"), 0o777); err != nil {
			t.Fatal(err)
		}
		writeVersions(t, filepath.Join(dir, "in"), shards, 2000)
		for _, ranks := range []int{2, 4} {
			path := filepath.Join(dir, "job.toml")
			toml := fmt.Sprintf("input = [\"in\"]\noutput = \"out%d\"\nmemory = \"64MB\"\n[[stage]]\nuse = \"dedup.fuzzy\"\n", ranks)
			if err := os.WriteFile(path, []byte(toml), 0o666); err != nil {
				t.Fatal(err)
			}
			j, err := job.Parse(path, catalogue(), job.Options{})
			if err != nil {
				t.Fatal(err)
			}
			j.Threads, j.Scratch = 1, dir
			made, err := plan.Make(context.Background(), j, plan.Options{Ranks: ranks})
			if err != nil {
				t.Fatal(err)
			}
			part, err := plan.Make(context.Background(), j, plan.Options{Ranks: ranks, Sample: 100_000})
			if err != nil {
				t.Fatal(err)
			}
			// A sample has few of the pairs, and its plan says so.
			if few := "similar pairs few"; strings.Contains(fmt.Sprint(made.Warnings()), few) || !strings.Contains(fmt.Sprint(part.Warnings()), few) {
				t.Errorf("warnings %q of all, %q of a part", made.Warnings(), part.Warnings())
			}
			var report *pipeline.Report
			err = mpi.Local(ranks, mpi.Config{}, func(comm mpi.Comm) error {
				out, err := pipeline.Run(context.Background(), comm, j, pipeline.Options{})
				if comm.Rank() == 0 {
					report = out.Report
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			var sent int64
			for _, p := range report.Passes {
				for _, r := range p.Ranks {
					sent += r.Sent
				}
			}
			near(t, fmt.Sprintf("%d shards, %d ranks: bytes sent", shards, ranks), made.Sent(), sent, 0.1)
			last := made.Passes[len(made.Passes)-1]
			near(t, "rows left", last.Rows[len(last.Rows)-1], report.RowsOut, 0)
		}
	}
}

func TestPlanMissesAColumn(t *testing.T) {
	for stage, column := range map[string]string{
		"columns = [\"url\"]\n": "url",
		"[[stage]]\nuse = \"dedup.exact\"\nname = \"second\"\ncolumns = [\"later\"]\n": "later",
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "job.toml")
		for name, text := range map[string]string{
			"job.toml": "input = [\"a.jsonl\"]\noutput = \"out\"\n[[stage]]\nuse = \"dedup.exact\"\n" + stage,
			"a.jsonl":  `{"text": "x"}` + "\n",
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		j, err := job.Parse(path, catalogue(), job.Options{})
		if err != nil {
			t.Fatal(err)
		}
		j.Memory, j.Scratch = 64_000_000, dir
		if _, err := plan.Make(context.Background(), j, plan.Options{Ranks: 1}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("no column %q", column)) {
			t.Errorf("error %v", err)
		}
	}
}

func near(t *testing.T, what string, planned, ran int64, within float64) {
	t.Helper()
	if off := math.Abs(float64(planned-ran)) / float64(ran); off > within {
		t.Errorf("%s: planned %d, ran %d: off by %.1f %%, want at most %.0f %%", what, planned, ran, 100*off, 100*within)
	}
}
