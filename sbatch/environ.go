package sbatch

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Environment is what Slurm says to a process of a job. What it does not say is zero.
//
// It has no rank: under mpirun inside an allocation Slurm's variables are
// those of the launcher's daemons. Ranks come from package mpi.
type Environment struct {
	JobID       string
	ArrayTask   string // of a job array
	Restarts    int    // how often the job was put back into the queue
	Nodes       []string
	StepTasks   int       // ranks that srun started; 0 outside of a step
	CPUsOnNode  int       // cores of the job on this node
	CPUsPerRank int       // cores of one rank
	NodeMemory  int64     // bytes that the job may use on this node
	End         time.Time // when the time limit ends
}

// Environ reads the environment of this process. It returns nil outside of a
// Slurm job.
func Environ() (*Environment, error) { return environ(os.Getenv) }

func environ(getenv func(string) string) (*Environment, error) {
	e := &Environment{JobID: getenv("SLURM_JOB_ID"), ArrayTask: getenv("SLURM_ARRAY_TASK_ID")}
	if e.JobID == "" {
		return nil, nil
	}
	var err error
	number := func(key string) int64 {
		v := getenv(key)
		if v == "" {
			return 0
		}
		n, e := strconv.ParseInt(v, 10, 40)
		if (e != nil || n < 0) && err == nil {
			err = fmt.Errorf("environment variable %s=%q is not a number", key, v)
		}
		return max(n, 0)
	}
	e.Restarts = int(number("SLURM_RESTART_COUNT"))
	e.StepTasks = int(number("SLURM_STEP_NUM_TASKS"))
	e.CPUsOnNode = int(number("SLURM_CPUS_ON_NODE"))
	e.CPUsPerRank = int(number("SLURM_CPUS_PER_TASK"))
	if n := number("SLURM_JOB_END_TIME"); n > 0 {
		e.End = time.Unix(n, 0)
	}
	e.NodeMemory = number("SLURM_MEM_PER_NODE") << 20
	if e.NodeMemory == 0 {
		e.NodeMemory = number("SLURM_MEM_PER_CPU") * int64(e.CPUsOnNode) << 20
	}
	nodes := getenv("SLURM_STEP_NODELIST")
	if nodes == "" {
		nodes = getenv("SLURM_JOB_NODELIST")
	}
	hosts, hostErr := Hosts(nodes)
	if err == nil {
		err = hostErr
	}
	if err != nil {
		return nil, err
	}
	e.Nodes = hosts
	return e, nil
}

// Left returns how much of the time limit is left. It asks the controller
// where the environment does not say, and so belongs on one rank. ok is false
// if there is no limit.
func (e *Environment) Left(ctx context.Context) (left time.Duration, ok bool, err error) {
	if !e.End.IsZero() {
		return time.Until(e.End), true, nil
	}
	out, err := exec.CommandContext(ctx, "squeue", "--noheader", "--jobs="+e.JobID, "--format=%L").Output()
	if err != nil {
		return 0, false, fmt.Errorf("cannot ask squeue for the time left: %w", err)
	}
	answer := strings.TrimSpace(string(out))
	switch answer {
	case "UNLIMITED", "NOT_SET", "":
		return 0, false, nil
	case "INVALID": // past the limit, within the grace
		return 0, true, nil
	}
	left, err = ParseLimit(answer)
	return left, err == nil, err
}
