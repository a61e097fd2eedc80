package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sluice/mpi"
	"sluice/sbatch"
	"sluice/stages/catalog"
	"sluice/stages/job"
)

const submitUsage = `usage: sluice submit JOB.toml [--set KEY=VALUE]... [--program PATH] [--dry-run]

Checks the job file, writes the batch script beside it (JOB.sbatch), and hands
it to sbatch. The [job] table says what to ask Slurm for. Prints the id of the job.

  --set KEY=VALUE  change a key of the job file
  --program PATH   what the nodes run; default: this program
  --fresh          start over instead of going on with what OUT holds
  --dry-run        print the script, write and submit nothing

examples:
  sluice submit job.toml --dry-run
  sluice submit job.toml --set job.nodes=16 --set job.time=08:00:00
`

var submitFlags = []string{"set", "program", "fresh", "dry-run"}

// submit hands a job to Slurm.
func (p *program) submit(args []string) error {
	var set []string
	var dry, fresh bool
	path := ""
	args, err := flagSet{
		switches: map[string]*bool{"dry-run": &dry, "fresh": &fresh},
		values:   map[string]func(string) error{"set": list(&set), "program": text(&path)},
	}.parse(args)
	if err != nil {
		return err
	}
	if err := arguments(args, "submit", "JOB.toml"); err != nil {
		return err
	}
	j, err := job.Parse(args[0], catalog.All(), job.Options{Set: set, Recipes: catalog.Recipes()})
	if err != nil {
		return err
	}
	if path, err = nodeProgram(path, j.Job); err != nil {
		return err
	}
	run := []string{"run", j.Path}
	for _, s := range set {
		run = append(run, "--set", s)
	}
	if fresh {
		run = append(run, "--fresh")
	}
	name := strings.TrimSuffix(filepath.Base(j.Path), filepath.Ext(j.Path))
	script, err := sbatch.Script(j.Job, sbatch.ScriptOptions{Program: path, Args: run, Name: name})
	if err != nil {
		return usageError{err}
	}
	if dry {
		fmt.Fprint(p.stdout, script)
		return nil
	}
	file := filepath.Join(j.Dir, name+".sbatch")
	if err := os.WriteFile(file, []byte(script), 0o755); err != nil {
		return err
	}
	p.errorf("the script is %s", file)
	id, err := sbatch.Submit(context.Background(), script)
	if err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, id)
	p.errorf("job %s is in the queue\nsqueue -j %s shows it, sluice status %s how far it is", id, id, j.Output)
	return nil
}

// nodeProgram returns the absolute path of the program that the nodes run.
func nodeProgram(path string, j sbatch.Job) (string, error) {
	if path != "" {
		abs, err := filepath.Abs(path)
		if err == nil {
			_, err = os.Stat(abs)
		}
		return abs, err
	}
	if mpi.Backend == "local" && j.Nodes*max(j.RanksPerNode, j.GPUsPerNode, 1) > 1 {
		return "", usageError{fmt.Errorf("this build has no MPI, and the job wants several ranks\n" +
			"build one with: go build -tags mpi, and name it with --program")}
	}
	return os.Executable()
}
