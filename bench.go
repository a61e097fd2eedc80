package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"sluice/bench"
	"sluice/mpi"
	"sluice/stages/job"
)

const benchPage = `usage: sluice bench [NAME] [--corpus FILE] [--size SIZE] [--dir FOLDER]
                   [--write FOLDER] [--compare FOLDER]
       sluice bench corpus FOLDER [--shape SHAPE] [--size SIZE] [--seed N]
       sluice bench score OUT|CLUSTERS.tsv --truth FOLDER [--threshold J] [--as NAME]

Measures the program on this machine, on data that it makes, and prints the
figures. Without NAME it lists what there is to measure. Nothing passes or
fails.

  --corpus FILE    repeat the documents of this .jsonl.zst; default: made-up text
  --size SIZE      bytes of JSONL to make; default 2GB
  --dir FOLDER     where data go; default: a folder under $TMPDIR, removed at the end
  --write FOLDER   write the result to FOLDER/NAME.json
  --compare FOLDER print the change against FOLDER/NAME.json

corpus writes part-*.jsonl, and what it knows of them as the shared corpus has
it: truth_pairs.tsv, planted.tsv.

  --shape SHAPE    %s
  --seed N         other texts
  --families N     templates, documents that are repeated, or chains
  --pages N        documents of each; default: as many as --size has room for
  --share X        of a page's words, those of its template; default 0.9
  --near X         of all documents, planted copies; default 0.25

score compares what a dedup found with the exact truth: an OUT folder, or lines
"id TAB cluster" of any program.

  --truth FOLDER   has truth_pairs.tsv, and planted.tsv if there is one
  --threshold J    what counts as a duplicate; default 0.8
  --as NAME        call the result score-NAME; default: after what is scored

examples:
  sluice bench exact --compare bench/results
  sluice bench corpus /scratch/me/family --shape family --pages 30000
  sluice bench score OUT --truth shared/corpus --compare bench/results
  mpirun -n 4 sluice bench exchange --write bench/results
`

// benchUsage is the page, with the shapes that corpora have.
func benchUsage() string {
	var shapes []string
	for _, s := range bench.Shapes() {
		shapes = append(shapes, fmt.Sprintf("%-9s %s", s[0], s[1]))
	}
	return fmt.Sprintf(benchPage, strings.Join(shapes, "\n                   "))
}

var benchFlags = []string{"corpus", "size", "dir", "write", "compare",
	"shape", "seed", "families", "pages", "share", "near", "truth", "threshold", "as"}

// bench measures.
func (p *program) bench(args []string) error {
	o := bench.Options{Log: p.stderr}
	var size, write, compare string
	args, err := flagSet{values: map[string]func(string) error{
		"corpus": text(&o.Corpus), "size": text(&size), "dir": text(&o.Dir), "write": text(&write), "compare": text(&compare),
		"truth": text(&o.Score.Truth), "threshold": fraction(&o.Score.Threshold), "as": text(&o.Score.As),
		"shape": text(&o.Made.Shape), "seed": atLeast(0, &o.Made.Seed), "families": atLeast(1, &o.Made.Families),
		"pages": atLeast(1, &o.Made.Pages), "share": fraction(&o.Made.Share), "near": fraction(&o.Made.Near),
	}}.parse(args)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		for _, b := range bench.All() {
			fmt.Fprintf(p.stdout, "%-15s %s\n", strings.TrimSpace(b.Name+" "+b.Argument), b.Help)
		}
		return nil
	}
	if size != "" {
		n, err := job.ParseSize(size)
		if err != nil {
			return usageError{fmt.Errorf("--size: %w", err)}
		}
		o.Size = int64(n)
	}
	for _, path := range []*string{&o.Corpus, &o.Dir} {
		if *path != "" {
			if *path, err = filepath.Abs(*path); err != nil {
				return err
			}
		}
	}
	o.Args = args[1:]
	measure := func(c mpi.Comm) error {
		o := o
		o.Comm = c
		if c != nil && c.Rank() != 0 {
			o.Log = nil
		}
		r, err := bench.Run(context.Background(), args[0], o)
		if err != nil || c != nil && c.Rank() != 0 {
			return err
		}
		return p.benched(r, write, compare)
	}
	if launched, _ := mpi.Launched(); launched > 0 {
		return p.ranks(0, mpi.Config{}, nil, measure)
	}
	return measure(nil)
}

// benched prints a result, compares it, and writes it.
func (p *program) benched(r *bench.Result, write, compare string) error {
	var old *bench.Result
	if compare != "" {
		var err error
		if old, err = bench.Read(compare, r.Name); err != nil {
			return err
		}
		fmt.Fprintln(p.stderr, r.Against(old))
	}
	fmt.Fprintln(p.stdout, strings.Join(r.Compare(old), "\n"))
	if write == "" {
		return nil
	}
	return r.Write(write)
}
