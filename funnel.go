package main

import (
	"fmt"
	"sluice/stages"
	"strconv"
	"strings"

	"sluice/stages/job"
	"sluice/stages/pipeline"
)

// funnel prints how many rows went into and came out of each stage.
func (p *program) funnel(r *pipeline.Report) {
	rows := [][]string{{"STAGE", "KIND", "ROWS IN", "ROWS OUT", "KEPT"}}
	for _, s := range r.Stages {
		rows = append(rows, []string{s.Name, s.Kind, count(s.RowsIn), count(s.RowsOut), share(s.RowsOut, s.RowsIn)})
	}
	rows = append(rows, []string{"all", "", count(r.RowsIn), count(r.RowsOut), share(r.RowsOut, r.RowsIn)})
	p.table(rows, 2)
	if r.RowsDamaged > 0 {
		fmt.Fprintf(p.stdout, "damaged rows: %s\n", count(r.RowsDamaged))
	}
}

// passes prints which stages each pass of a job runs.
func (p *program) passes(j *job.Job) error {
	made, err := j.Build()
	if err != nil {
		return err
	}
	rows := [][]string{{"PASS", "KIND", "STAGE"}}
	for i, pass := range stages.Passes(made) {
		number := strconv.Itoa(i + 1)
		for _, step := range pass.Steps {
			kind := "map"
			if step.Round >= 0 {
				kind = "apply"
			}
			rows = append(rows, []string{number, kind, step.Stage.Name()})
		}
		if pass.Ask != nil {
			rows = append(rows, []string{number, "ask", pass.Ask.Name()})
		}
		if pass.Last() {
			rows = append(rows, []string{number, "write", j.Output})
		}
	}
	p.table(rows, len(rows[0]))
	return nil
}

// table prints rows in columns; those from column right on hold numbers, and
// are set flush right.
func (p *program) table(rows [][]string, right int) {
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

// count writes a number with commas.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// share writes part of whole in percent.
func share(part, whole int64) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f %%", 100*float64(part)/float64(whole))
}

// bytes writes a size for people, in powers of ten.
func bytes(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB", "PB", "EB"}
	f, u := float64(n), 0
	for f >= 999.5 && u < len(units)-1 {
		f /= 1000
		u++
	}
	if u == 0 || f >= 99.5 {
		return fmt.Sprintf("%.0f %s", f, units[u])
	}
	return fmt.Sprintf("%.3g %s", f, units[u])
}
