package job

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sluice/stages"
)

// PlaceOf returns where a key of a stage stands in the job file, such as "when" or "set.lang"; without the key
// where the stage does. name is that of the stage, or of one of those that its table makes.
func (j *Job) PlaceOf(name, key string) Place {
	best := Stage{}
	for _, s := range j.Stages {
		if own := s.Common.Name; strings.HasPrefix(name, own) && len(own) > len(best.Common.Name) {
			best = s
		}
	}
	if at, ok := best.keys[key]; ok {
		return at
	}
	return best.Place
}

// Locate puts before the error of an expression, which shows in a row, where that stands in the job file. Any
// other error it returns as it is.
func (j *Job) Locate(err error) error {
	row, ok := errors.AsType[*stages.RowError](err)
	stage, also := errors.AsType[*stages.StageError](err)
	if !ok || !also {
		return err
	}
	if at := j.PlaceOf(stage.Stage.Name(), row.Key); at != (Place{}) {
		return fmt.Errorf("%v: %w", at, err)
	}
	return err
}

// Wants says which of the stages is the first to read a column that an input lacks, where in the job file it names the
// column, and which of the columns that there are it may mean: has are those of the input, by its own names. Of a column that no stage reads the place is the zero one.
func (j *Job) Wants(list []stages.Stage, column string, has []string) (at Place, hint string) {
	var hints []string
	known, to := j.renamed(has, column)
	for _, s := range list {
		reads := func(needs []stages.Need) bool {
			return slices.ContainsFunc(needs, func(n stages.Need) bool { return n.Name == column })
		}
		if reads(s.Columns().Reads) {
			key := "column"
			if reads(stages.Conditions(s)) {
				key = "when"
			}
			for _, k := range []string{"where", "set", "columns", "by"} {
				if j.PlaceOf(s.Name(), key) == j.PlaceOf(s.Name(), "") {
					key = k
				}
			}
			at = j.PlaceOf(s.Name(), key)
			hints = append(hints, fmt.Sprintf("stage %q reads it", s.Name()))
			break // later stages add what this one cannot read
		}
		known = append(known, s.Columns().Adds...)
	}
	if to != "" {
		hints = append(hints, fmt.Sprintf("read.rename makes %q of it", to))
	} else if meant := DidYouMean(column, known); meant != "" {
		hints = append(hints, fmt.Sprintf("did you mean %q?", meant))
	}
	return at, strings.Join(hints, "; ")
}

// renamed returns the columns of an input under the names that the job has for them, but for column, which is known to be none of
// these; and what read.rename makes of that. What is nested in a column goes with it.
func (j *Job) renamed(has []string, column string) (known []string, to string) {
	for _, name := range has {
		ours := name
		top, _, _ := strings.Cut(name, ".")
		for _, in := range j.Inputs {
			if to := in.Read.Rename[top]; to != "" {
				ours = to + name[len(top):]
			}
		}
		if name == column && ours != name {
			to = ours
		}
		if ours != column {
			known = append(known, ours)
		}
	}
	return known, to
}
