package main

// All that is not a result goes to standard error with a "sluice:" prefix:
// no capitals at the start, no full stop at the end, and on lines of its own,
// indented, what to do about it.

import (
	"errors"
	"fmt"
	"strings"

	"sluice/mpi"
	"sluice/stages/job"
	"sluice/stages/pipeline"
)

// errorf says something; lines after the first are indented.
func (p *program) errorf(format string, args ...any) {
	text := strings.TrimRight(fmt.Sprintf(format, args...), "\n")
	text = strings.ReplaceAll(text, "\n", "\n        ")
	fmt.Fprintf(p.stderr, "sluice: %s\n", text)
}

// sayError says an error, and the mistakes of a job file one by one. What is
// wrong with a job is wrong on all ranks: which of them saw it first is left out.
func (p *program) sayError(err error) {
	var mistakes job.Mistakes
	var wrong *pipeline.JobError
	var rank *mpi.RankError
	switch {
	case errors.As(err, &mistakes):
		for _, m := range mistakes {
			p.errorf("%v", m)
		}
	case errors.As(err, &wrong) && errors.As(err, &rank):
		p.errorf("%s", rank.Text)
	case errors.Is(err, mpi.ErrStopped):
		p.errorf("stopped\nthe same command goes on from here")
	default:
		p.errorf("%v", err)
	}
}
