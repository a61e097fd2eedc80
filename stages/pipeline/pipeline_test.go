package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/mpi"
	"sluice/stages/corpus"
	"sluice/stages/dedup"
	"sluice/stages/job"
	"sluice/stages/pipeline"
	"sluice/stages/privacy"
	"sluice/stages/text"
)

func catalogue() job.Catalog {
	return job.Catalog{
		"corpus.blend":    job.NewEntry("blend", corpus.DefaultBlend(), corpus.NewBlend),
		"corpus.shuffle":  job.NewEntry("shuffle", corpus.DefaultShuffle(), corpus.NewShuffle),
		"corpus.split":    job.NewEntry("split", corpus.DefaultSplit(), corpus.NewSplit),
		"corpus.stats":    job.NewEntry("stats", corpus.DefaultStats(), corpus.NewStats),
		"dedup.exact":     job.NewEntry("exact", dedup.DefaultExact(), dedup.NewExact).Takes("action"),
		"dedup.fuzzy":     job.NewEntry("fuzzy", dedup.DefaultFuzzy(), dedup.NewFuzzy).Takes("action"),
		"privacy.redact":  job.NewEntry("redact", privacy.DefaultRedact(), privacy.NewRedact),
		"text.bad_words":  job.NewEntry("bad words", text.BadWords{}, text.NewBadWords).Takes("action", "score", "invert"),
		"text.join":       job.NewEntry("join", text.DefaultJoin(), text.NewJoin),
		"text.split":      job.NewEntry("split", text.DefaultSplit(), text.NewSplit),
		"text.substring":  job.NewEntry("substring", text.DefaultSubstring(), text.NewSubstring).Takes("action", "score", "invert"),
		"text.word_count": job.NewEntry("words", text.DefaultWordCount(), text.NewWordCount).Takes("action", "score", "invert"),
	}
}

// A bench is a folder with inputs and a job.
type folder struct {
	tb  testing.TB
	dir string
}

func newFolder(t *testing.T) folder { return folder{t, t.TempDir()} }

func (f folder) path(name string) string { return filepath.Join(f.dir, name) }

func (f folder) write(name, text string) {
	f.tb.Helper()
	if err := os.MkdirAll(filepath.Dir(f.path(name)), 0o777); err != nil {
		f.tb.Fatal(err)
	}
	if err := os.WriteFile(f.path(name), []byte(text), 0o666); err != nil {
		f.tb.Fatal(err)
	}
}

// run runs a job on n goroutine ranks into output out.
func (f folder) run(text, out string, n int, o pipeline.Options, set ...string) (pipeline.Outcome, error) {
	f.tb.Helper()
	f.write("job.toml", text)
	j, err := job.Parse(f.path("job.toml"), catalogue(), job.Options{Set: append(set, "output="+out)})
	if err != nil {
		f.tb.Fatal(err)
	}
	j.Threads = 2
	if j.Memory == 0 {
		j.Memory = 64_000_000
	}
	j.Scratch = f.path("scratch")
	outs := make([]pipeline.Outcome, n)
	err = mpi.Local(n, mpi.Config{}, func(c mpi.Comm) error {
		var err error
		outs[c.Rank()], err = pipeline.Run(context.Background(), c, j, o)
		return err
	})
	return outs[0], err
}

// tree returns what lies below the folders of an output, by path.
func (f folder) tree(out string, folders ...string) map[string]string {
	f.tb.Helper()
	all := map[string]string{}
	for _, name := range folders {
		root := filepath.Join(f.dir, out)
		err := filepath.WalkDir(filepath.Join(root, name), func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || d.IsDir() {
				return err
			}
			p, err := os.ReadFile(path)
			rel, _ := filepath.Rel(root, path)
			all[rel] = string(p)
			return err
		})
		if err != nil {
			f.tb.Fatal(err)
		}
	}
	return all
}

func same(t *testing.T, want, got map[string]string) {
	t.Helper()
	if len(want) == 0 {
		t.Error("nothing was written")
	}
	for name, p := range want {
		if q, ok := got[name]; !ok {
			t.Errorf("%s is missing", name)
		} else if p != q {
			t.Errorf("%s differs: %d bytes, want %d", name, len(q), len(p))
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is too many", name)
		}
	}
}

// corpus writes shards of rows with words from a small set, so that many repeat.
func (f folder) corpus(seed uint64, shards, rows int) {
	r := rand.New(rand.NewPCG(seed, 1))
	for s := range shards {
		var b strings.Builder
		for i := range r.IntN(rows) {
			fmt.Fprintf(&b, `{"id": "%d-%d", "text": "doc %d of \u00e9 \n few %s"}`+"\n", s, i, r.IntN(rows*2), strings.Repeat("w ", r.IntN(8)))
		}
		f.write(fmt.Sprintf("in/%d/part-%d.jsonl", s%3, s), b.String())
	}
}

const exactJob = `
input = ["in"]
output = "out"
[[stage]]
use = "text.word_count"
min_words = 6
[[stage]]
use = "dedup.exact"
`

func TestSameBytesAtAnyNumberOfRanks(t *testing.T) {
	f := newFolder(t)
	f.corpus(1, 20, 300)
	if _, err := f.run(exactJob, "out1", 1, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	want := f.tree("out1", "data", "duplicates")
	f.oracle(want)
	for _, n := range []int{2, 3, 8} {
		out := fmt.Sprint("out", n)
		if _, err := f.run(exactJob, out, n, pipeline.Options{}); err != nil {
			t.Fatal(err)
		}
		same(t, want, f.tree(out, "data", "duplicates"))
	}
}

// oracle checks the output of exactJob against plain code.
func (f folder) oracle(got map[string]string) {
	f.tb.Helper()
	in := f.tree(".", "in")
	names := make([]string, 0, len(in))
	for name := range in {
		names = append(names, name)
	}
	slices.Sort(names)
	seen := map[string]bool{}
	for _, name := range names {
		var want bytes.Buffer
		for line := range strings.Lines(in[name]) {
			_, text, _ := strings.Cut(line, `"text": `)
			if len(strings.Fields(strings.ReplaceAll(strings.Trim(text, "\"}\n"), `\n`, " "))) < 6 || seen[text] {
				continue
			}
			seen[text] = true
			want.WriteString(line)
		}
		data := filepath.Join("data", strings.TrimPrefix(name, "in/"))
		if got[data] != want.String() {
			f.tb.Errorf("%s is not what plain code gives", data)
		}
	}
}
