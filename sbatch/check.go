package sbatch

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

var (
	memory  = regexp.MustCompile(`^[0-9]+[KMGT]?$`)
	warning = regexp.MustCompile(`^(SIG)?(USR1|TERM)@[0-9]{1,5}$`)
	word    = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
)

// Check returns everything that is wrong with j, one error per mistake, each
// beginning with its key; nil if nothing is.
func (j Job) Check() error {
	var errs []error
	bad := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("job."+key+": "+format, args...))
	}
	if j.Nodes < 1 {
		bad("nodes", "%d is less than 1", j.Nodes)
	}
	for _, n := range []struct {
		key   string
		value int
	}{{"ranks_per_node", j.RanksPerNode}, {"gpus_per_node", j.GPUsPerNode}, {"cpus_per_rank", j.CPUsPerRank}} {
		if n.value < 0 {
			bad(n.key, "%d is negative\n0 leaves it to the node", n.value)
		}
	}
	if j.Time != "" {
		if d, err := ParseLimit(j.Time); err != nil {
			bad("time", "%w", err)
		} else if d == 0 {
			bad("time", "%q leaves no time to run", j.Time)
		}
	}
	if j.Mem != "" && !memory.MatchString(j.Mem) {
		bad("mem", "%q is not a size per node\nwrite megabytes, or a number with K, M, G or T, as in \"480G\"", j.Mem)
	}
	if j.Signal != "" && !warning.MatchString(j.Signal) {
		bad("signal", "%q is not NAME@SECONDS\nlegal names: USR1, TERM; as in \"USR1@180\"; \"\" asks for no warning", j.Signal)
	}
	if !word.MatchString(j.MPI) {
		bad("mpi", "%q is not the name of an MPI plugin\n`srun --mpi=list` shows them; \"pmix\" is usual", j.MPI)
	}
	texts := []struct {
		key    string
		values []string
	}{
		{"name", []string{j.Name}}, {"partition", []string{j.Partition}}, {"account", []string{j.Account}},
		{"qos", []string{j.QOS}}, {"constraint", []string{j.Constraint}}, {"array", []string{j.Array}},
		{"dependency", []string{j.Dependency}}, {"container", []string{j.Container}},
		{"modules", j.Modules}, {"sbatch", j.Sbatch}, {"lines", j.Lines},
	}
	for _, t := range texts {
		for _, v := range t.values {
			// A line break would start a line of the script that nobody asked for.
			if strings.ContainsFunc(v, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) {
				bad(t.key, "%q holds a control character", v)
			}
		}
	}
	for _, s := range j.Sbatch {
		if !strings.HasPrefix(s, "-") {
			bad("sbatch", "%q is not an option of sbatch\nwrite it as after #SBATCH, as in \"--mail-type=END\"", s)
		}
	}
	return errors.Join(errs...)
}

// MemBytes returns what Mem asks for on a node, in bytes; 0 where that is the
// partition's to say. Slurm counts in MiB and powers of 1024.
func (j Job) MemBytes() int64 {
	if !memory.MatchString(j.Mem) {
		return 0
	}
	digits := strings.TrimRight(j.Mem, "KMGT")
	n, err := strconv.ParseInt(digits, 10, 64)
	shift := 20
	if unit := j.Mem[len(digits):]; unit != "" {
		shift = 10 * (1 + strings.Index("KMGT", unit))
	}
	if err != nil || n > math.MaxInt64>>shift {
		return 0
	}
	return n << shift
}
