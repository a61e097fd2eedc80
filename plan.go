package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/catalog"
	"sluice/stages/job"
	"sluice/stages/pipeline"
	"sluice/stages/plan"
	"sluice/stages/progress"
)

const planUsage = `usage: sluice plan JOB.toml [--set KEY=VALUE]... [--ranks N] [--per-node N] [--sample SIZE]

Says what a job will cost: passes over the input, the columns that they read
and add, bytes that the ranks send each other, memory and scratch. It runs the
stages over a sample of the input, and scales what it sees.

  --set KEY=VALUE  change a key of the job file
  --ranks N        plan for N ranks; default: what run would start here, or
                   what [job] asks for
  --per-node N     of which N run on a node, each a process of its own, as
                   under srun; default: all are goroutine ranks of one process
  --sample SIZE    how much of the input to read; default 256MiB

examples:
  sluice plan job.toml
  sluice plan job.toml --ranks 512 --per-node 8
`

var planFlags = []string{"set", "ranks", "per-node", "sample"}

// planOptions are the flags of plan.
type planOptions struct {
	ranks     int // 0 = not given
	perNode   int // 0 = not given
	processes bool
	sample    job.Size
}

// plan says what a job will cost.
func (p *program) plan(args []string) error {
	var set []string
	var o planOptions
	args, err := flagSet{values: map[string]func(string) error{
		"set": list(&set), "ranks": atLeastOne(&o.ranks), "per-node": atLeastOne(&o.perNode),
		"sample": func(s string) (err error) { o.sample, err = job.ParseSize(s); return err },
	}}.parse(args)
	if err != nil {
		return err
	}
	if err := arguments(args, "plan", "JOB.toml"); err != nil {
		return err
	}
	j, err := job.Parse(args[0], catalog.All(), job.Options{Set: set, Recipes: catalog.Recipes()})
	if err != nil {
		return err
	}
	return p.showPlan(j, o, false)
}

// layout fills in what the flags leave open: ranks and how they share nodes.
func (o *planOptions) layout(j *job.Job) {
	asked := max(j.Job.RanksPerNode, j.Job.GPUsPerNode)
	if launched, _ := mpi.Launched(); launched > 0 {
		o.processes = true
		o.ranks = max(o.ranks, launched)
	} else if o.perNode == 0 && o.ranks == 0 && j.Job.Nodes*asked > 1 {
		o.ranks, o.perNode = j.Job.Nodes*asked, asked
	}
	if o.perNode > 0 {
		o.processes = true
	}
	if o.ranks == 0 {
		o.ranks = max(o.perNode, 1)
		if o.perNode == 0 {
			o.ranks = runtime.GOMAXPROCS(0)
		}
	}
	if o.perNode == 0 || o.perNode > o.ranks {
		o.perNode = o.ranks
	}
}

// asked gives the ranks of a job what [job] asks for, where the rest of the job
// file does not say: they will run there, and not on this machine. A tenth of the
// memory stays with the system, as in run.
func asked(j *job.Job, perNode int) {
	if j.Threads == 0 {
		j.Threads = j.Job.CPUsPerRank
	}
	if j.Memory == 0 {
		j.Memory = j.Job.MemBytes() / 10 * 9 / int64(perNode)
	}
}

// showPlan makes the plan of a job and prints it. fresh says that the run would start over.
func (p *program) showPlan(j *job.Job, o planOptions, fresh bool) error {
	o.layout(j)
	own := *j
	if launched, _ := mpi.Launched(); launched == 0 && o.processes {
		asked(&own, o.perNode)
	}
	if err := own.Resolve(o.perNode, o.perNode); err != nil {
		return err
	}
	if err := pipeline.CheckOutput(&own, fresh); err != nil {
		return usageError{err}
	}
	made, err := plan.Make(context.Background(), &own, plan.Options{
		Ranks: o.ranks, RanksPerNode: o.perNode, Processes: o.processes, Sample: int64(o.sample),
	})
	if err != nil {
		return usageError{err} // the input is not what the job file says
	}
	p.planHead(made)
	p.planPasses(made)
	p.planStages(made)
	p.planCost(made)
	if w := own.ScratchWarning(); w != "" && made.Scratch > 0 {
		p.errorf("%s", w)
	}
	for _, w := range made.Warnings() {
		p.errorf("%s", w)
	}
	return nil
}

func (p *program) planHead(m *plan.Plan) {
	read := "all of it read for this plan"
	if !m.Whole() {
		read = progress.Bytes(m.Sampled) + " of it read for this plan"
	}
	fmt.Fprintf(p.stdout, "input    %s in %s, %s, about %s rows; %s\n", progress.Bytes(m.Bytes),
		plural(m.Shards, "shard"), plural(m.Blocks, "block"), progress.Count(m.Rows), read)
	fmt.Fprintf(p.stdout, "ranks    %d, %d on a node, of %s and %v of memory each\n\n", m.Options.Ranks, m.Options.RanksPerNode,
		plural(m.Job.Threads, "thread"), progress.Bytes(m.Job.Memory))
}

// planPasses prints a line for everything that a pass does.
func (p *program) planPasses(m *plan.Plan) {
	rows := [][]string{{"PASS", "KIND", "STAGE", "READS", "ADDS", "ROWS LEFT", "ASKED", "ANSWERED", "SENT"}}
	for i, pass := range m.Passes {
		number, counted := strconv.Itoa(i+1), 0
		left := func() string {
			counted++
			return progress.Count(pass.Rows[counted-1])
		}
		read := progress.Bytes(m.Bytes)
		if pass.Unread {
			read = "if a pair is open"
		}
		rows = append(rows, []string{number, "read", read, names(pass.Needs), "", "", "", "", ""})
		for _, step := range pass.Steps {
			c := step.Stage.Columns()
			row := []string{number, "map", step.Stage.Name(), names(c.Reads), strings.Join(c.Adds, " "), "", "", "", ""}
			if step.Table != "" {
				row[1], row[3] = "shuffle: apply", ""
			} else if _, ok := step.Stage.(stages.Mover); ok {
				row[1] = "move"
			}
			if step.Count {
				row[5] = left()
			}
			rows = append(rows, row)
		}
		if pass.Ends != nil {
			rows = append(rows, []string{number, "shuffle: note", pass.Ends.Name(), names(pass.Ends.Columns().Reads), "", "", "", "", ""})
		}
		for _, r := range pass.Rounds {
			rows = append(rows, []string{number, "round", r.Name, "", "", "",
				progress.Bytes(r.Asked.Bytes), progress.Bytes(r.Answered.Bytes), progress.Bytes(r.Sent)})
		}
		if pass.Last() {
			where := m.Job.Output
			if m.Outputs > 0 {
				where += ": " + plural(m.Outputs, "shard")
			}
			rows = append(rows, []string{number, "write", where, "", "", "", "", "", ""})
		}
	}
	p.table(rows, 5)
	fmt.Fprintln(p.stdout)
}

// planStages prints what stages say of themselves.
func (p *program) planStages(m *plan.Plan) {
	for _, pass := range m.Passes {
		e, ok := pass.Ends.(stages.Explainer)
		if !ok {
			continue
		}
		lines := e.Explain()
		if len(lines) == 0 {
			continue
		}
		fmt.Fprintf(p.stdout, "%s\n", pass.Ends.Name())
		for _, line := range lines {
			fmt.Fprintf(p.stdout, "  %s\n", line)
		}
		fmt.Fprintln(p.stdout)
	}
}

func (p *program) planCost(m *plan.Plan) {
	what := "process of " + plural(m.Options.RanksPerNode, "rank")
	if m.Options.Processes {
		what = "rank"
	}
	lines := [][]string{
		{"reads", fmt.Sprintf("%s, %s", plural(m.Reads(), "pass"), progress.Bytes(int64(m.Reads())*m.Bytes))},
		{"sent", progress.Bytes(m.Sent()) + " between ranks"},
		{"memory", fmt.Sprintf("%s per %s", progress.Bytes(m.Memory), what)},
		{"scratch", fmt.Sprintf("%s per rank, in %s", progress.Bytes(m.Scratch), m.Job.Scratch)},
		{"removed", progress.Bytes(m.Removed()) + " in OUT/removed, before it is compressed"},
		{"state", progress.Bytes(m.State) + " in OUT/.sluice while it runs"},
	}
	if m.Removed() == 0 {
		lines = slices.DeleteFunc(lines, func(l []string) bool { return l[0] == "removed" })
	}
	p.table(lines, len(lines[0]))
}

func names(needs []stages.Need) string {
	var all []string
	for _, n := range needs {
		all = append(all, n.Name)
	}
	return strings.Join(all, " ")
}

// plural writes "1 pass", "2 passes".
func plural(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "s"):
		what += "e"
	}
	return progress.Count(int64(n)) + " " + what + "s"
}
