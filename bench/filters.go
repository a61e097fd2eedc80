package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sluice/stages"
	"sluice/stages/catalog"
	"sluice/stages/job"
)

// runFilters measures recipes of filters, a chain of cleaners, and each stage of their families alone, on
// texts in memory and on one core. Alone, a filter marks texts, so that it sees each.
// Stages that need a file of the user's are left out.
func runFilters(ctx context.Context, b *bench) error {
	base, err := b.base()
	if err != nil {
		return err
	}
	batches, rows, size, err := textBatches(base)
	if err != nil {
		return err
	}
	b.figure("texts", float64(rows), "documents", "10,000")
	b.figure("mean length", float64(size)/float64(rows), "B", "about 4000")
	least := 1.0 // seconds of each measurement
	if size < 10_000_000 {
		least = 0 // nobody wants figures of so little
	}
	measure := func(name, tables, aim string) error {
		pass, err := b.mappers(tables)
		if err != nil || pass == nil {
			return err
		}
		watch, done := newStopwatch(), 0
		for ; done == 0 || watch.seconds() < least; done++ {
			for _, texts := range batches {
				if err := run(ctx, pass, texts); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
		}
		took := watch.seconds() / float64(done)
		b.figure(name, float64(size)/1e6/took, "MB/s", "")
		b.figure(name, float64(rows)/took, "documents/s", aim)
		return nil
	}
	for _, recipe := range []string{"curator-english", "curator-non-english", "gopher", "c4", "refinedweb-lines", "fineweb-quality"} {
		aim := ""
		if recipe == "curator-english" {
			aim = "10,000; 20,000"
		}
		if err := measure(recipe, "[[stage]]\nrecipe = \""+recipe+"\"\n", aim); err != nil {
			return err
		}
	}
	if err := measure("curator-english, each filter sees each text", "[[stage]]\nrecipe = \"curator-english\"\naction = \"mark\"\n", ""); err != nil {
		return err
	}
	cleaners := "[[stage]]\nuse = \"clean.unicode\"\n[[stage]]\nuse = \"clean.newlines\"\n[[stage]]\nuse = \"clean.urls\"\n"
	if err := measure("clean.unicode, newlines, urls", cleaners, "10,000"); err != nil {
		return err
	}
	if err := measure("text.split, text.join", "[[stage]]\nuse = \"text.split\"\n[[stage]]\nuse = \"text.join\"\n", ""); err != nil {
		return err
	}
	all := catalog.All()
	for _, name := range all.Names() {
		family, _, _ := strings.Cut(name, ".")
		if !slices.Contains([]string{"text", "code", "clean", "privacy"}, family) {
			continue
		}
		table := all[name].Least(name)
		if all[name].Has("invert") {
			table += "action = \"mark\"\n"
		}
		if err := measure(name, table, ""); err != nil {
			return err
		}
	}
	return nil
}

// mappers makes the one pass of a job file with these tables; nil if there is none, because the stages need
// files that are not there or other stages, or compare samples.
func (b *bench) mappers(tables string) (*stages.Pass, error) {
	path := filepath.Join(b.Dir, "filters.toml")
	if err := os.WriteFile(path, []byte("input = \"in\"\noutput = \"out\"\n"+tables), 0o666); err != nil {
		return nil, err
	}
	j, err := job.Parse(path, catalog.All(), job.Options{Recipes: catalog.Recipes()})
	if err != nil {
		return nil, nil
	}
	made, err := j.Build()
	if err != nil {
		return nil, err
	}
	if stages.CheckParts(made) != nil || stages.Prepare(context.Background(), made) != nil {
		return nil, nil
	}
	passes := stages.Passes(made)
	if len(passes) > 1 {
		return nil, nil
	}
	return &passes[0], nil
}

// textBatches returns the texts of a corpus in batches of about 1 MiB.
func textBatches(base []byte) (batches [][][]byte, rows int, size int64, err error) {
	var texts [][]byte
	n := 0
	for line := range bytes.Lines(base) {
		var row tableRow
		if err := json.Unmarshal(line, &row); err != nil {
			return nil, 0, 0, err
		}
		texts = append(texts, []byte(row.Text))
		rows++
		size += int64(len(row.Text))
		if n += len(row.Text); n >= 1<<20 {
			batches = append(batches, texts)
			texts, n = nil, 0
		}
	}
	if len(texts) > 0 {
		batches = append(batches, texts)
	}
	return batches, rows, size, nil
}

// run takes texts through a pass.
func run(ctx context.Context, pass *stages.Pass, texts [][]byte) error {
	b := stages.NewBatch(&stages.Shard{}, &stages.Block{}, 0, len(texts))
	b.Columns = []stages.Column{{Name: "text", Text: slices.Clone(texts)}}
	_, _, err := pass.Run(ctx, b, nil, nil)
	return err
}
