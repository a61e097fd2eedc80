package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sluice/stages/catalog"
	"sluice/stages/job"
	"sluice/stages/manifest"
	"sluice/stages/pipeline"
	"sluice/stages/progress"
)

const statusUsage = `usage: sluice status OUT|JOB.toml

Says whether the job in OUT is finished, runs, or was interrupted, and where
its ranks are. It reads files only, and may be asked from any node.

examples:
  sluice status /scratch/me/cc-clean
  watch -n 30 sluice status job.toml
`

// silence is how old the newest sign of life of a running job may be: ranks
// show one every 10 s, and file systems take their time to pass it on.
const silence = 60 * time.Second

// status says how far a job is.
func (p *program) status(args []string) error {
	args, err := flagSet{}.parse(args)
	if err != nil {
		return err
	}
	if err := arguments(args, "status", "OUT"); err != nil {
		return err
	}
	out, err := outOf(args[0])
	if err != nil {
		return err
	}
	report, err := readReport(out)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if finished(out) && report != nil {
		fmt.Fprintf(p.stdout, "%s is finished\n\n", out)
		p.funnel(report)
		return nil
	}
	records, err := progress.ReadLife(pipeline.LifeDir(out))
	if err != nil {
		return err
	}
	if len(records) == 0 {
		fmt.Fprintf(p.stdout, "%s has not begun to read\n", out)
		return nil
	}
	p.places(out, records)
	return nil
}

// finished says whether the job in out is done.
func finished(out string) bool {
	_, err := manifest.ReadCommit(filepath.Join(out, ".sluice", "done.sluice"))
	return err == nil
}

// places prints where the ranks are, or were when they were interrupted.
func (p *program) places(out string, records []progress.Record) {
	newest, ended := records[0].Time, true
	var bytes, total int64
	pass := 0
	for _, r := range records {
		if r.Time.After(newest) {
			newest = r.Time
		}
		ended = ended && r.Phase == progress.Ended
		pass = max(pass, r.Pass)
	}
	for _, r := range records {
		if r.Pass == pass {
			bytes, total = bytes+r.Bytes, r.Total
		}
	}
	state := "runs"
	if ended || time.Since(newest) > silence {
		state = "was interrupted " + progress.Duration(max(0, time.Since(newest))) + " ago; the same command goes on from there"
	}
	fmt.Fprintf(p.stdout, "%s %s\npass %d of %d", out, state, pass, records[0].Passes)
	if total > 0 {
		fmt.Fprintf(p.stdout, ", %.1f %% read", 100*min(1, float64(bytes)/float64(total)))
	}
	fmt.Fprintf(p.stdout, "\n%s", progress.WhereAll(pipeline.LifeDir(out)))
}

// outOf returns the output folder that an argument names, itself or through a
// job file. It has to be one that a job has begun in.
func outOf(arg string) (string, error) {
	out, err := filepath.Abs(arg)
	if err != nil {
		return "", err
	}
	if strings.HasSuffix(arg, ".toml") {
		j, err := job.Parse(arg, catalog.All(), job.Options{Recipes: catalog.Recipes()})
		if err != nil {
			return "", err
		}
		out = j.Output
	}
	if _, err := os.Stat(filepath.Join(out, ".sluice")); err != nil {
		return "", usageError{fmt.Errorf("%s holds no job\nname the output of a job, or its job file", out)}
	}
	return out, nil
}

// readReport reads OUT/report.json.
func readReport(out string) (*pipeline.Report, error) {
	p, err := os.ReadFile(filepath.Join(out, "report.json"))
	if err != nil {
		return nil, err
	}
	r := new(pipeline.Report)
	if err := json.Unmarshal(p, r); err != nil {
		return nil, fmt.Errorf("%s/report.json: %w", out, err)
	}
	return r, nil
}
