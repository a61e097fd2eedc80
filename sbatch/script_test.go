package sbatch

import (
	"cmp"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden scripts anew")

func full() Job {
	return Job{
		Name: "clean cc", Nodes: 64, GPUsPerNode: 8, CPUsPerRank: 12, Time: "1-04:00:00", Mem: "900G",
		Partition: "batch", Account: "ml", QOS: "high", Constraint: "[rack1|rack2]", Array: "0-9%2",
		Dependency: "afterok:12", MPI: "pmix_v4", Container: "/images/o'neill.sqsh", Requeue: true, Signal: "SIGUSR1@300",
		Modules: []string{"openmpi/4.1"}, Lines: []string{"export OMPI_MCA_btl=^tcp"}, Sbatch: []string{"--mail-type=END"},
	}
}

var options = ScriptOptions{Program: "/opt/my tools/sluice", Args: []string{"run", "/jobs/job.toml"}, Name: "job"}

func TestScript(t *testing.T) {
	small := DefaultJob()
	once := DefaultJob()
	once.Requeue, once.Signal, once.RanksPerNode, once.CPUsPerRank = false, "", 2, 4
	for name, job := range map[string]Job{"default": small, "full": full(), "once": once} {
		t.Run(name, func(t *testing.T) {
			got, err := Script(job, options)
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".sbatch")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the script is not %s; after a wanted change: go test ./sbatch -update\n%s", golden, got)
			}
			cmd := exec.Command("bash", "-n")
			cmd.Stdin = strings.NewReader(got)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("bash does not take the script: %v\n%s", err, out)
			}
		})
	}
}

// The script runs with stand-ins for srun and scontrol, so that what it does
// with signals and exit codes is tested wherever there is a bash.
func TestScriptRuns(t *testing.T) {
	for _, c := range []struct {
		name, srun, env string
		state           string
		first           []string
		requeue         bool
		code, or        int
		wants           []string
	}{
		{name: "done", srun: "exit 0", requeue: true, code: 0},
		{name: "failed", srun: "exit 7", requeue: true, code: 7},
		{name: "damaged input", srun: "exit 3", requeue: true, code: 0, wants: []string{"damaged input was skipped"}},
		{name: "stopped", srun: "exit 85", requeue: true, code: 143, wants: []string{"requeued 41", "goes back into the queue"}},
		{name: "stopped too often", srun: "exit 85", env: "SLURM_RESTART_COUNT=2", requeue: true, code: 85, wants: []string{"submit it again"}},
		{name: "cancelled", srun: "exit 85", state: "COMPLETING", requeue: true, code: 85, wants: []string{"submit it again"}},
		{name: "stopped, no requeue", srun: "exit 85", code: 85, wants: []string{"submit it again"}},
		// The ranks answer the signal that the shell got and passed on.
		{name: "warned", srun: "trap 'exit 85' USR1; kill -USR1 $PPID; while :; do sleep 0.01; done", requeue: true,
			code: 143, wants: []string{"told to stop", "requeued 41"}},
		// Here bash may or may not keep the code.
		{name: "warned as the step ends", srun: "trap '' USR1; kill -USR1 $PPID; exit 7", requeue: true, code: 7, or: 143},
		{name: "terminated", srun: "trap 'exit 85' USR1; kill -TERM $PPID; while :; do sleep 0.01; done", code: 85,
			wants: []string{"told to stop"}},
		{name: "arguments", srun: `shift $(($# - 3)); printf '<%s>' "$@"`, code: 0, wants: []string{"</opt/my tools/sluice><run></jobs/job.toml>"}},
		{name: "first start", srun: `shift $(($# - 2)); printf '<%s>' "$@"`, first: []string{"--fresh"}, wants: []string{"</jobs/job.toml><--fresh>"}},
		{name: "later start", srun: `shift $(($# - 2)); printf '<%s>' "$@"`, first: []string{"--fresh"}, env: "SLURM_RESTART_COUNT=1",
			wants: []string{"<run></jobs/job.toml>"}},
		{name: "cores", srun: `echo "$@"`, env: "SLURM_CPUS_ON_NODE=48", code: 0, wants: []string{"--ntasks-per-node=4 --ntasks=12 --cpus-per-task=12"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			job := DefaultJob()
			job.Requeue, job.RanksPerNode, job.Nodes = c.requeue, 4, 3
			o := options
			o.MaxRestarts = 2
			o.First = c.first
			script, err := Script(job, o)
			if err != nil {
				t.Fatal(err)
			}
			bin := t.TempDir()
			stub(t, bin, "srun", c.srun)
			stub(t, bin, "squeue", "echo "+cmp.Or(c.state, "RUNNING"))
			// The real one ends the shell that calls it.
			stub(t, bin, "scontrol", `echo "requeued $2"; kill -KILL $PPID`)
			cmd := exec.Command("bash", "-c", script)
			cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "SLURM_JOB_ID=41", "SLURM_JOB_NUM_NODES=3",
				"SLURM_CPUS_ON_NODE=8", "SLURM_JOB_NODELIST=n[1-3]", c.env)
			out, err := cmd.CombinedOutput()
			code := cmd.ProcessState.ExitCode()
			if code == -1 {
				code = 143 // ended by scontrol
			}
			if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if code != c.code && (c.or == 0 || code != c.or) {
				t.Errorf("exit code %d, want %d\n%s", code, c.code, out)
			}
			for _, want := range c.wants {
				if !strings.Contains(string(out), want) {
					t.Errorf("the log lacks %q:\n%s", want, out)
				}
			}
		})
	}
}

func stub(t *testing.T, folder, name, body string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/bash\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestCheck(t *testing.T) {
	if err := DefaultJob().Check(); err != nil {
		t.Errorf("the default is refused: %v", err)
	}
	if err := full().Check(); err != nil {
		t.Errorf("a full table is refused: %v", err)
	}
	for key, spoil := range map[string]func(*Job){
		"job.nodes":          func(j *Job) { j.Nodes = 0 },
		"job.ranks_per_node": func(j *Job) { j.RanksPerNode = -1 },
		"job.time":           func(j *Job) { j.Time = "4 hours" },
		"job.mem":            func(j *Job) { j.Mem = "48GB" },
		"job.signal":         func(j *Job) { j.Signal = "KILL@60" },
		"job.mpi":            func(j *Job) { j.MPI = "pmix; rm -r /" },
		"job.account":        func(j *Job) { j.Account = "ml\nrm -r /" },
		"job.lines":          func(j *Job) { j.Lines = []string{"a\nb"} },
		"job.sbatch":         func(j *Job) { j.Sbatch = []string{"mail-type=END"} },
	} {
		job := DefaultJob()
		spoil(&job)
		if err := job.Check(); err == nil || !strings.HasPrefix(err.Error(), key+": ") {
			t.Errorf("a bad %s gives %v", key, err)
		}
		if _, err := Script(job, options); err == nil {
			t.Errorf("a bad %s makes a script", key)
		}
	}
	two := Job{Nodes: -1, Time: "0", MPI: "pmix"}
	if err := two.Check(); err == nil || !strings.Contains(err.Error(), "job.nodes") || !strings.Contains(err.Error(), "job.time") {
		t.Errorf("two mistakes give %v; want both", err)
	}
}

func TestMemBytes(t *testing.T) {
	for mem, want := range map[string]int64{
		"": 0, "0": 0, "512": 512 << 20, "64K": 64 << 10, "3M": 3 << 20, "480G": 480 << 30, "2T": 2 << 40, "4 GB": 0, "99999999999T": 0,
	} {
		if got := (Job{Mem: mem}).MemBytes(); got != want {
			t.Errorf("%q is %d bytes, want %d", mem, got, want)
		}
	}
}
