package main

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"sluice/stages"
	"sluice/stages/catalog"
	"sluice/stages/job"
	"sluice/stages/plan"
)

const planUsage = `usage: sluice plan JOB.toml [--ranks N] [--set KEY=VALUE]... [--sample SIZE]

Checks the job and says what it will cost: passes and reads of the input,
columns, bytes that the ranks send each other, memory and scratch of a rank.
It reads a sample of the input, evenly from all of it, and writes nothing.

  --ranks N        plan for N ranks under srun or mpirun; default: the
                   goroutine ranks that run would start here
  --set KEY=VALUE  change a key of the job file, as for run
  --sample SIZE    read so much of the input; default 256MiB. An input that is
                   not larger is read whole, and nothing is guessed

examples:
  sluice plan job.toml
  sluice plan job.toml --ranks 512 --set memory=24GB --sample 1GB
`

var planFlags = []string{"ranks", "set", "sample"}

// plan prints what a job will cost.
func (p *program) plan(args []string) error {
	var set []string
	var ranks int
	var sample string
	args, err := flagSet{values: map[string]func(string) error{
		"set": list(&set), "ranks": atLeastOne(&ranks), "sample": text(&sample),
	}}.parse(args)
	if err != nil {
		return err
	}
	if err := arguments(args, "plan", "JOB.toml"); err != nil {
		return err
	}
	o := plan.Options{Ranks: ranks, Processes: ranks > 0}
	if sample != "" {
		size, err := job.ParseSize(sample)
		if err != nil {
			return usageError{fmt.Errorf("--sample: %w", err)}
		}
		o.Sample = int64(size)
	}
	j, err := job.Parse(args[0], catalog.All(), job.Options{Set: set})
	if err != nil {
		return err
	}
	if o.Ranks == 0 {
		o.Ranks = defaultRanks()
	}
	o.RanksPerNode = ranksPerNode(j, o)
	if err := j.Resolve(o.RanksPerNode, o.RanksPerNode); err != nil {
		return err
	}
	made, err := plan.Make(context.Background(), j, o)
	if err != nil {
		return err
	}
	p.printPlan(made)
	for _, w := range made.Warnings() {
		p.errorf("%s", w)
	}
	return nil
}

// ranksPerNode is how many ranks a node will have, as far as the job says.
func ranksPerNode(j *job.Job, o plan.Options) int {
	switch {
	case !o.Processes:
		return o.Ranks
	case j.Job.RanksPerNode > 0:
		return min(o.Ranks, j.Job.RanksPerNode)
	case j.Job.Nodes > 0:
		return (o.Ranks + j.Job.Nodes - 1) / j.Job.Nodes
	}
	return 1
}

func (p *program) printPlan(made *plan.Plan) {
	o := made.Options
	rows := [][]string{{"PASS", "KIND", "STAGE", "NEEDS", "ADDS", "ROWS LEFT", "SENT"}}
	for i, pass := range made.Passes {
		counted := 0
		for _, step := range pass.Steps {
			left := ""
			if step.Count {
				left = p.about(made, count(pass.Rows[counted]))
				counted++
			}
			needs, adds := columnsOf(step.Stage)
			kind := "map"
			if step.Round >= 0 {
				kind, needs = "apply", ""
			}
			rows = append(rows, []string{strconv.Itoa(i + 1), kind, step.Stage.Name(), needs, adds, left, ""})
		}
		sent := pass.Questions.Sent(o.Ranks) + pass.Answers.Sent(o.Ranks)
		what, name, needs := "write", made.Job.Output, ""
		if pass.Ask != nil {
			what, name = "shuffle", pass.Ask.Name()
			needs, _ = columnsOf(pass.Ask)
		}
		rows = append(rows, []string{strconv.Itoa(i + 1), what, name, needs, "", "", p.about(made, bytesOf(sent))})
	}
	p.table(rows, 5)
	fmt.Fprintln(p.stdout)
	reads := int64(len(made.Passes))
	p.table([][]string{
		{"ranks", strconv.Itoa(o.Ranks)},
		{"input", fmt.Sprintf("%s in %s shards, %s blocks, %s rows", bytesOf(made.Bytes), count(int64(made.Shards)), count(int64(made.Blocks)), p.about(made, count(made.Rows)))},
		{"reads of the input", fmt.Sprintf("%d, %s together, %s a rank", reads, bytesOf(reads*made.Bytes), bytesOf(reads*made.Bytes/int64(o.Ranks)))},
		{"sent", fmt.Sprintf("%s, %s a rank", p.about(made, bytesOf(made.Sent())), bytesOf(made.Sent()/int64(o.Ranks)))},
		{"memory", fmt.Sprintf("%s a process at its peak; %s allowed for each rank", bytesOf(made.Memory), bytesOf(made.Job.Memory))},
		{"scratch", bytesOf(made.Scratch) + " a rank"},
		{"state in OUT/.sluice", bytesOf(made.State)},
	}, 2)
	if !made.Whole() {
		fmt.Fprintf(p.stdout, "\nscaled from a sample of %s: repeats between what was read and what was not are not in it\n", bytesOf(made.Sampled))
	}
}

// about marks numbers that are scaled from a sample.
func (p *program) about(made *plan.Plan, s string) string {
	if made.Whole() {
		return s
	}
	return "~" + s
}

// columnsOf lists what a stage reads and adds.
func columnsOf(s stages.Stage) (needs, adds string) {
	c := s.Columns()
	var names []string
	for _, n := range c.Reads {
		names = append(names, n.Name)
	}
	return strings.Join(names, " "), strings.Join(append(c.Adds, c.Changes...), " ")
}

// bytesOf writes a number of bytes with three digits, by powers of ten.
func bytesOf(n int64) string {
	v := float64(n)
	for _, unit := range []string{"B", "kB", "MB", "GB", "TB"} {
		if v < 999.5 {
			if unit == "B" || v >= 99.95 {
				return fmt.Sprintf("%.0f %s", v, unit)
			}
			return fmt.Sprintf("%.3g %s", v, unit)
		}
		v /= 1000
	}
	return fmt.Sprintf("%.0f PB", v)
}

// defaultRanks is how many goroutine ranks run starts.
func defaultRanks() int { return runtime.GOMAXPROCS(0) }
