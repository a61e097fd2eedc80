// Package sbatch turns the [job] table of a job file into a Slurm batch
// script, submits it, and reads what Slurm says to a job in its environment.
//
// Begin with [DefaultJob], decode the table over it, call [Job.Check], then
// [Script] and [Submit]. A program that may stand under Slurm calls [Environ].
package sbatch

// Job is the [job] table of a job file: what to ask Slurm for. It is not part
// of what makes two jobs the same: all of it may change between starts.
type Job struct {
	Name         string   `toml:"name"`           // "" = the name of the job file
	Nodes        int      `toml:"nodes"`          // at least 1
	RanksPerNode int      `toml:"ranks_per_node"` // 0 = one per GPU, or one where no GPU is asked for
	GPUsPerNode  int      `toml:"gpus_per_node"`  // 0 = none
	CPUsPerRank  int      `toml:"cpus_per_rank"`  // 0 = the node's cores shared out
	Time         string   `toml:"time"`           // a limit as Slurm writes it, "04:00:00"; "" = the partition's
	Mem          string   `toml:"mem"`            // per node, as Slurm writes it, "480G"; "" = the partition's, "0" = all
	Partition    string   `toml:"partition"`
	Account      string   `toml:"account"`
	QOS          string   `toml:"qos"`
	Constraint   string   `toml:"constraint"`
	Array        string   `toml:"array"`      // "0-9%2"
	Dependency   string   `toml:"dependency"` // "afterok:123"
	MPI          string   `toml:"mpi"`        // srun's --mpi
	Container    string   `toml:"container"`  // image for srun's --container-image
	Requeue      bool     `toml:"requeue"`    // go on by itself after a time limit or a lost node
	Signal       string   `toml:"signal"`     // "NAME@SECONDS" before the limit; "" = no warning
	Modules      []string `toml:"modules"`    // environment modules to load
	Lines        []string `toml:"lines"`      // shell lines to run before the ranks start
	Sbatch       []string `toml:"sbatch"`     // further options, as after #SBATCH
}

// DefaultJob returns the [job] table of an empty job file.
func DefaultJob() Job {
	return Job{Nodes: 1, MPI: "pmix", Requeue: true, Signal: "USR1@180"}
}
