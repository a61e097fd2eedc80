package sbatch

import (
	"fmt"
	"strings"
)

// ScriptOptions is what a script needs to know beside its [Job].
type ScriptOptions struct {
	Program string   // path of the program, good on every node
	Args    []string // what to call it with: "run", the job file, flags
	First   []string // further arguments of the first start alone, such as one that clears OUT
	Name    string   // name of the Slurm job where the Job has none
	Log     string   // path of the log, with sbatch's %j and so on; "" = NAME-%j.log in the folder of submission
	// MaxRestarts bounds how often the job puts itself back into the queue;
	// 0 means 50.
	MaxRestarts int
}

// Script returns the batch script of a job. It is meant to be read, and
// edited where a cluster wants it.
//
// The script starts one step of ranks and passes signals on to it. It exits
// with the step's code, but for two: 85 (stopped, to be continued) puts
// the job back into the queue if [Job.Requeue], and 3 (done, damaged input
// skipped) becomes 0, so that jobs chained by afterok go on.
func Script(j Job, o ScriptOptions) (string, error) {
	if err := j.Check(); err != nil {
		return "", err
	}
	if o.MaxRestarts == 0 {
		o.MaxRestarts = 50
	}
	if j.Name == "" {
		j.Name = o.Name
	}
	if o.Log == "" {
		o.Log = strings.ReplaceAll(j.Name, "/", "-") + "-%j.log"
		if j.Array != "" {
			o.Log = strings.TrimSuffix(o.Log, "%j.log") + "%A_%a.log"
		}
	}
	s := new(script)
	s.line("#!/bin/bash")
	s.head(j, o)
	s.line("")
	s.setUp(j)
	s.step(j, o)
	s.end(j, o)
	return s.String(), nil
}

type script struct{ strings.Builder }

func (s *script) line(format string, args ...any) {
	fmt.Fprintf(s, format, args...)
	s.WriteByte('\n')
}

// option writes an option of sbatch, unless its value is empty.
func (s *script) option(name, value string) {
	if value != "" {
		s.line("#SBATCH --%s=%s", name, quote(value))
	}
}

func (s *script) head(j Job, o ScriptOptions) {
	s.option("job-name", j.Name)
	s.option("output", o.Log)
	s.option("open-mode", "append") // a restart goes on in the same log
	s.option("nodes", fmt.Sprint(j.Nodes))
	if n := j.ranks(); n > 0 {
		s.option("ntasks-per-node", fmt.Sprint(n))
	}
	if j.CPUsPerRank > 0 {
		s.option("cpus-per-task", fmt.Sprint(j.CPUsPerRank))
	}
	mem := j.Mem
	if j.wholeNodes() {
		s.line("#SBATCH --exclusive")
		if mem == "" {
			mem = "0" // --exclusive gives all cores, but not all memory
		}
	}
	if j.GPUsPerNode > 0 {
		s.option("gres", fmt.Sprintf("gpu:%d", j.GPUsPerNode))
	}
	s.option("mem", mem)
	s.option("time", j.Time)
	s.option("partition", j.Partition)
	s.option("account", j.Account)
	s.option("qos", j.QOS)
	s.option("constraint", j.Constraint)
	s.option("array", j.Array)
	s.option("dependency", j.Dependency)
	if j.Requeue {
		s.line("#SBATCH --requeue")
	} else {
		s.line("#SBATCH --no-requeue")
	}
	if j.Signal != "" {
		s.option("signal", "B:"+strings.TrimPrefix(j.Signal, "SIG"))
	}
	for _, option := range j.Sbatch {
		s.line("#SBATCH %s", option)
	}
}

// ranks returns the ranks per node, 0 if only the node can tell.
func (j Job) ranks() int {
	if j.RanksPerNode > 0 {
		return j.RanksPerNode
	}
	return j.GPUsPerNode
}

// wholeNodes says whether the job asks for nodes rather than for cores.
func (j Job) wholeNodes() bool { return j.ranks() == 0 || j.CPUsPerRank == 0 }

func (s *script) setUp(j Job) {
	for _, m := range j.Modules {
		s.line("module load %s", quote(m))
	}
	for _, l := range j.Lines {
		s.line("%s", l)
	}
	if n := j.ranks(); n > 0 {
		s.line("ranks=%d # per node", n)
	} else {
		s.line("# one rank per NUMA domain of this node")
		s.line("ranks=$(ls -d /sys/devices/system/node/node[0-9]* 2>/dev/null | wc -l)")
		s.line("[ \"$ranks\" -gt 0 ] || ranks=1")
	}
	if j.CPUsPerRank > 0 {
		s.line("cpus=%d # per rank", j.CPUsPerRank)
	} else {
		s.line("cpus=$((SLURM_CPUS_ON_NODE / ranks))")
		s.line("[ \"$cpus\" -gt 0 ] || cpus=1")
	}
	s.line("echo \"job $SLURM_JOB_ID, start $((${SLURM_RESTART_COUNT:-0} + 1)): $SLURM_JOB_NUM_NODES nodes of $ranks ranks with $cpus cores: $SLURM_JOB_NODELIST\"")
	s.line("")
}

func (s *script) step(j Job, o ScriptOptions) {
	// The handler names $!, which is set together with the start of the step,
	// so that no signal falls between the start and an assignment.
	s.line(`# Slurm warns this shell, not the ranks. They stop at the next block.
stop() {
  interrupted=yes
  told=yes
  echo "job $SLURM_JOB_ID: told to stop; the ranks stop at the next block"
  kill -USR1 "$!" 2>/dev/null
}
told=
trap stop USR1 TERM
`)
	if strings.HasPrefix(j.MPI, "pmix") {
		s.line("# By default Slurm runs the two fences of MPI_Init by different algorithms, and now and then a rank of")
		s.line("# Open MPI dies there of SIGSEGV.")
		s.line("export SLURM_PMIX_FENCE=\"${SLURM_PMIX_FENCE:-tree}\"")
	}
	if len(o.First) > 0 {
		s.line("first=(%s) # not after a restart", strings.TrimSpace(words(o.First)))
		s.line("[ \"${SLURM_RESTART_COUNT:-0}\" = 0 ] || first=()")
	}
	s.line("srun --mpi=%s --kill-on-bad-exit=1 --nodes=\"$SLURM_JOB_NUM_NODES\" --ntasks-per-node=\"$ranks\" \\", j.MPI)
	s.WriteString("  --ntasks=$((ranks * SLURM_JOB_NUM_NODES)) --cpus-per-task=\"$cpus\"")
	if j.Container != "" {
		s.WriteString(" --container-image=" + quote(j.Container))
	}
	s.WriteString(" \\\n  " + quote(o.Program) + words(o.Args))
	if len(o.First) > 0 {
		s.WriteString(` "${first[@]}"`)
	}
	s.line(" &")
	s.line(`
# A signal ends wait early.
while :; do
  interrupted=
  wait "$!"
  code=$?
  [ -n "$interrupted" ] || break
done
# bash loses the code of a step that ends as the signal comes. The next start
# finds out how things stand.
case $told$code in
yes-1 | yes127) code=85 ;;
esac
`)
}

func (s *script) end(j Job, o ScriptOptions) {
	s.line("case $code in")
	s.line("3)")
	s.line("  echo \"job $SLURM_JOB_ID: done; damaged input was skipped, report.json lists it\"")
	s.line("  code=0")
	s.line("  ;;")
	s.line("85)")
	if j.Requeue {
		s.line("  # In any other state Slurm itself ends the job: it was cancelled, or is requeued.")
		s.line("  state=$(squeue --noheader --jobs=\"$SLURM_JOB_ID\" --format=%%T)")
		s.line("  if [ \"$state\" = RUNNING ] && [ \"${SLURM_RESTART_COUNT:-0}\" -lt %d ]; then", o.MaxRestarts)
		s.line("    echo \"job $SLURM_JOB_ID: stopped; goes back into the queue\"")
		s.line("    # The queue ends this shell, and forgets its exit code.")
		s.line("    scontrol requeue \"$SLURM_JOB_ID\" && sleep 60")
		s.line("  fi")
		s.line("  echo \"job $SLURM_JOB_ID: stopped; where Slurm does not start it again, submit it again to continue\"")
	} else {
		s.line("  echo \"job $SLURM_JOB_ID: stopped; submit it again to continue\"")
	}
	s.line("  ;;")
	s.line("esac")
	s.line("exit \"$code\"")
}

// words returns the words of a command line, each with a space before it.
func words(values []string) string {
	var b strings.Builder
	for _, v := range values {
		b.WriteString(" " + quote(v))
	}
	return b.String()
}

// quote makes one word of v for a shell and for sbatch.
func quote(v string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-+=./:,@%[]", r)
	}
	if v != "" && strings.Trim(v, "[]") == v && strings.IndexFunc(v, func(r rune) bool { return !plain(r) }) < 0 {
		return v
	}
	return "'" + strings.ReplaceAll(v, "'", `'\''`) + "'"
}
