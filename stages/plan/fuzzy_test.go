package plan_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/stages/dedup"
	"sluice/stages/job"
	"sluice/stages/plan"
)

// What ARCHITECTURE.md says that a document costs is what the code asks, sends and
// keeps. Texts of 104 words have 100 shingles; each tenth has one word changed in a copy.
func TestBytesOfFuzzy(t *testing.T) {
	const documents, copies = 2000, 200
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(1, 2))
	var in strings.Builder
	for i := range documents - copies {
		words := make([]string, 104)
		for j := range words {
			words[j] = fmt.Sprint("w", r.Uint32())
		}
		fmt.Fprintf(&in, "{\"text\": %q}\n", strings.Join(words, " "))
		if i < copies {
			words[103] = "other"
			fmt.Fprintf(&in, "{\"text\": %q}\n", strings.Join(words, " "))
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "in.jsonl"), []byte(in.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "job.toml")
	if err := os.WriteFile(file, []byte("input = \"in.jsonl\"\noutput = \"out\"\n[[stage]]\nuse = \"dedup.fuzzy\"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	j, err := job.Parse(file, job.Catalog{"dedup.fuzzy": job.NewEntry("fuzzy", dedup.DefaultFuzzy(), dedup.NewFuzzy)}, job.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Resolve(1, 1); err != nil {
		t.Fatal(err)
	}
	p, err := plan.Make(context.Background(), j, plan.Options{Ranks: 1})
	if err != nil {
		t.Fatal(err)
	}
	rounds := map[string]plan.Round{}
	for _, round := range append(p.Passes[0].Rounds, p.Passes[1].Rounds...) {
		if _, later := rounds[round.Name]; !later {
			rounds[round.Name] = round
		}
	}
	text, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, row string
		got, want int64
	}{
		{"sketches at rest", "in `OUT/.sluice`: sketches | 546 of each", p.Passes[0].Notes.Bytes, 546 * documents},
		{"sets at rest", "5 a shingle, of documents in pairs", p.Passes[1].Notes.Bytes, (10 + 5*100) * 2 * copies},
		{"same shingles", "same shingles | 33 |", rounds["dedup.fuzzy: same shingles"].Asked.Bytes, 33 * documents},
		{"bands", "bands | 832 (26 a band)", rounds["dedup.fuzzy: bands"].Asked.Bytes, 832 * documents},
		{"sketches", "sketches | 563 for each", rounds["dedup.fuzzy: sketches"].Asked.Bytes, 0},
		{"shingle sets", "shingle sets | 51 and 5 a shingle", rounds["dedup.fuzzy: shingle sets"].Asked.Bytes, (51 + 5*100) * copies},
	} {
		if c.want != 0 && c.got != c.want {
			t.Errorf("%s: %d bytes, want %d", c.what, c.got, c.want)
		}
		if !strings.Contains(string(text), c.row) {
			t.Errorf("ARCHITECTURE.md does not say %q", c.row)
		}
	}
	// Then the better partners are told that they are: a request, and an empty record.
	if got, want := rounds["dedup.fuzzy: sketches"].Asked.Bytes, int64((563+50)*copies); got != want {
		t.Errorf("sketches: %d bytes, want %d", got, want)
	}
}
