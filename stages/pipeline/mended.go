package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sluice/stages/job"
	"sluice/stages/manifest"
)

// A differentJob says that OUT holds another job than this one.
type differentJob struct {
	output string
	diff   string
}

func (e *differentJob) Error() string {
	return fmt.Sprintf("%s holds another job; what differs:\n%s\ngive the job another output, or start over with --fresh", e.output, e.diff)
}

// compare returns a *differentJob as a mistake of the job where OUT holds another.
func (r *run) compare(then manifest.Inputs) error {
	canonical := r.job.Canonical()
	if then.Job == string(canonical) {
		return nil
	}
	return &JobError{&differentJob{r.job.Output, job.Diff([]byte(then.Job), canonical)}}
}

// mistaken notes, at rank 0, that the job in OUT ended in the first pass on a
// mistake of its own, such as a column that is not there. Its inputs are
// frozen, so that it cannot get any further.
func (r *run) mistaken(err error) error {
	if _, ok := errors.AsType[*JobError](err); !ok || r.comm.Rank() != 0 {
		return nil
	}
	return manifest.WriteCommit(filepath.Join(r.dir, mistakenFile), []byte(err.Error()))
}

// errSomething ends the reading of journals that say that something is done.
var errSomething = errors.New("something is done")

// worthless says that nothing is lost with what OUT holds: no block and no round
// is finished, or all that is belongs to a job that can only be mended.
func (r *run) worthless() bool {
	list, err := os.ReadDir(r.dir)
	if err != nil {
		return false
	}
	for _, e := range list {
		if e.Name() == doneFile || strings.HasPrefix(e.Name(), "round-") {
			return false
		}
	}
	if _, err := manifest.ReadCommit(filepath.Join(r.dir, mistakenFile)); err == nil {
		return true
	}
	damaged, err := manifest.ReadJournals(r.dir, func(rec manifest.Record) error {
		if rec.Kind != kindBegin {
			return errSomething
		}
		return nil
	})
	return err == nil && len(damaged) == 0
}

// replace clears OUT of another job that has come to nothing, once nobody else
// works there; otherwise it returns the refusal.
func (r *run) replace(refusal error) error {
	if !r.worthless() {
		return refusal
	}
	r.notice("%s held another job that had come to nothing: starting over", r.job.Output)
	return r.clear()
}
