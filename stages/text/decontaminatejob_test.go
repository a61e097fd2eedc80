package text_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/mpi"
	"sluice/stages/catalog"
	"sluice/stages/job"
	"sluice/stages/pipeline"
	"sluice/stages/text"
)

// A corpus of several shards, of which many texts have an example, some of them several or one that is
// common. The bytes and the funnel are those of plain code, at any number of ranks.
func TestDecontaminateJob(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	r := rand.New(rand.NewPCG(3, 9))
	words := func(n int) string {
		var b strings.Builder
		for range n {
			fmt.Fprintf(&b, "%c%d%s ", 'A'+rune(r.IntN(50)), r.IntN(1000), []string{"", "", "", ".", ",", "!"}[r.IntN(6)])
		}
		return b.String()
	}
	o := text.DefaultDecontaminate()
	o.MaxMatches, o.RemoveCharEachSide, o.MinDocumentLength, o.MaxSplits = 8, 40, 60, 3
	var examples, texts []string
	var rows strings.Builder
	for range 60 {
		examples = append(examples, words(9+r.IntN(8)))
		rows.WriteString("  " + examples[len(examples)-1] + "\r\n")
	}
	write("tasks/one.txt", rows.String())
	names := map[int]string{}
	for shard := range 6 {
		rows.Reset()
		for range 40 + r.IntN(200) {
			s := words(r.IntN(60))
			for r.IntN(3) == 0 {
				s += examples[int(r.ExpFloat64()*40)%len(examples)] + words(r.IntN(80))
			}
			p, _ := json.Marshal(map[string]any{"n": len(texts), "text": s})
			rows.Write(append(p, '\n'))
			names[len(texts)] = fmt.Sprintf("%d.jsonl", shard)
			texts = append(texts, s)
		}
		write(fmt.Sprintf("in/%d.jsonl", shard), rows.String())
	}
	left, cut := o.Plainly(examples, texts)
	want, stay := map[string]string{}, 0
	for i, s := range left {
		if s != nil {
			stay++
			p, _ := json.Marshal(map[string]any{"n": i, "text": *s})
			want[names[i]] += string(p) + "\n"
		}
	}
	if cut < 50 || stay > len(texts)-10 {
		t.Fatalf("%d texts, %d stay, %d are cut", len(texts), stay, cut)
	}
	write("job.toml", `
input = ["in"]
output = "out"
[[stage]]
use = "text.decontaminate"
tasks = ["tasks/one.txt"]
max_matches = 8
remove_char_each_side = 40
min_document_length = 60
max_splits = 3
`)
	for _, ranks := range []int{1, 2, 4} {
		out := fmt.Sprint("out", ranks)
		j, err := job.Parse(filepath.Join(dir, "job.toml"), catalog.All(), job.Options{Set: []string{"output=" + out}})
		if err != nil {
			t.Fatal(err)
		}
		j.Threads, j.Memory, j.Scratch = 2, 64_000_000, filepath.Join(dir, "scratch")
		outs := make([]pipeline.Outcome, ranks)
		err = mpi.Local(ranks, mpi.Config{}, func(c mpi.Comm) (err error) {
			outs[c.Rank()], err = pipeline.Run(context.Background(), c, j, pipeline.Options{})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if s := outs[0].Report.Stages[0]; s.RowsIn != int64(len(texts)) || s.RowsOut != int64(stay) || s.Trimmed == nil || s.Trimmed.Texts != int64(cut+len(texts)-stay) {
			t.Errorf("%d ranks: funnel %+v, %+v, want %d, %d, %d cut", ranks, s, s.Trimmed, len(texts), stay, cut)
		}
		for name, p := range want {
			got, err := os.ReadFile(filepath.Join(dir, out, "data", name))
			if err != nil || string(got) != p {
				t.Errorf("%d ranks: %s differs: %v", ranks, name, err)
			}
		}
	}
}
