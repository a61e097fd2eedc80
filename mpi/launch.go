package mpi

import (
	"os"
	"strconv"
)

// Launched returns how many ranks srun or mpirun has started this process
// with, and which of the two it was. The size is 0 if it was neither: a
// login shell, or the shell of a batch script or of salloc. It only reads the
// environment; MPI itself may see fewer ranks, which [World] refuses.
func Launched() (size int, launcher string) { return launched(os.Getenv) }

// launched looks at the innermost launcher first: under mpirun inside an
// allocation, the variables of Slurm are those of mpirun's own daemons.
func launched(getenv func(string) string) (int, string) {
	number := func(name string) int {
		n, err := strconv.Atoi(getenv(name))
		if err != nil || n < 1 {
			return 0
		}
		return n
	}
	step := number("SLURM_STEP_NUM_TASKS")
	if step > 0 && isShell(getenv("SLURM_STEP_ID")) {
		step = 0
	}
	for _, name := range []string{"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"} {
		n := number(name)
		if n == 0 {
			continue
		}
		if name == "PMI_SIZE" && n == step { // srun --mpi=pmi2 sets it as well
			return n, "srun"
		}
		return n, "mpirun"
	}
	if step > 0 {
		return step, "srun"
	}
	return 0, ""
}

// isShell reports whether a step id is one of those that Slurm gives to the shells of
// sbatch and salloc (slurm.h: SLURM_BATCH_SCRIPT, SLURM_INTERACTIVE_STEP).
func isShell(step string) bool {
	id, err := strconv.ParseUint(step, 10, 32)
	return err == nil && id >= 0xfffffff0
}
