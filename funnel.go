package main

import (
	"fmt"
	"strings"

	"sluice/stages/pipeline"
	"sluice/stages/progress"
)

// funnel prints how many rows went into and came out of each stage, the clusters
// that dedups found, what was taken out of texts, and what was found in them.
func (p *program) funnel(r *pipeline.Report) {
	rows := [][]string{{"STAGE", "KIND", "ROWS IN", "ROWS OUT", "KEPT"}}
	for _, s := range r.Stages {
		rows = append(rows, []string{s.Name, s.Kind, progress.Count(s.RowsIn), progress.Count(s.RowsOut), share(s.RowsOut, s.RowsIn)})
	}
	rows = append(rows, []string{"all", "", progress.Count(r.RowsIn), progress.Count(r.RowsOut), share(r.RowsOut, r.RowsIn)})
	p.table(rows, 2)
	for _, s := range r.Stages {
		if f := s.Folders; len(f) > 0 {
			fmt.Fprintf(p.stdout, "%s: %s, the largest %s of %s\n", s.Name, plural(len(f), "folder"), f[0].Folder, plural(int(f[0].Rows), "row"))
		}
		for _, x := range s.Sources {
			fmt.Fprintf(p.stdout, "%s: %s of source %s, which has %s\n", s.Name, plural(int(x.RowsOut), "row"), x.Source, progress.Count(x.RowsIn))
		}
		if c := s.Clusters; c != nil {
			fmt.Fprintf(p.stdout, "%s: %s of %s samples, the largest of %s around %s\n", s.Name,
				plural(int(c.Count), "cluster"), progress.Count(c.Samples), progress.Count(c.Largest[0].Size), c.Largest[0].ID)
		}
	}
	for _, s := range r.Stages {
		if t := s.Trimmed; t != nil {
			fmt.Fprintf(p.stdout, "%s: %s removed from %s, %s\n", s.Name, plural(int(t.Parts), t.Unit), plural(int(t.Texts), "text"), progress.Bytes(t.Bytes))
		}
		for _, f := range s.Found {
			if f.Parts > 0 {
				fmt.Fprintf(p.stdout, "%s: %s of %s in %s, %s\n", s.Name, plural(int(f.Parts), "finding"), f.Entity, plural(int(f.Texts), "text"), progress.Bytes(f.Bytes))
			}
		}
	}
	if r.RowsDamaged > 0 {
		fmt.Fprintf(p.stdout, "damaged rows: %s\n", progress.Count(r.RowsDamaged))
	}
}

// table prints rows in columns; those from column right on hold numbers, and
// are set flush right.
func (p *program) table(rows [][]string, right int) {
	if len(rows) == 0 {
		return
	}
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if i >= right {
				fmt.Fprintf(&line, "%*s  ", width[i], cell)
			} else {
				fmt.Fprintf(&line, "%-*s  ", width[i], cell)
			}
		}
		fmt.Fprintln(p.stdout, strings.TrimRight(line.String(), " "))
	}
}

// share writes part of whole in percent.
func share(part, whole int64) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f %%", 100*float64(part)/float64(whole))
}
