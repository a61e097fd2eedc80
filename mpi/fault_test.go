package mpi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// culprit is the rank that fails in the program of the fault tests.
const culprit = 1

// faults says what the culprit does to itself, and what must come of it. The
// launcher has the last word on the exit code, but for Abort and an agreed end.
var faults = []struct {
	name string
	code int    // of the launcher; -1 for any but 0
	want string // in what it prints; "" where nobody is left to say it
}{
	{"kill", -1, ""},
	{"segv", -1, "nil pointer"},
	{"exit", -1, ""},
	{"stop", 1, "watchdog: waited"},
	{"panic", 1, "rank 1 of %d on %s ends the job: panic: overboard"},
	{"goexit", 1, "rank 1 of %d on %s ends the job: the rank was ended"},
	{"abort", 5, "rank 1 of %d on %s ends the job: abandon ship"},
	{"return", 1, "rank 1 has returned from main"},
	{"error", 1, "its error: out of paper"},
	{"impatient", 1, "rank 1 has returned from main"},
	{"deserted", 85, "context deadline exceeded"},
	{"agreed", 85, "out of paper\nrank 1 of %d on %s failed; the others stopped with it"},
	{"none", 0, ""},
}

// runFault is the program whose ranks fail. where is what the others wait in.
func runFault(fault string) int {
	what, where, _ := strings.Cut(fault, " ")
	cfg := Config{Watchdog: 2 * time.Second, Waiting: func(op string, since time.Time) error {
		return errors.New("rank 1 was last seen in " + op)
	}}
	main := func(c Comm) error {
		if where == "exchange" {
			return faultInExchange(c, what)
		}
		return faultInBarrier(c, what)
	}
	run := World
	if where == "local" {
		run = func(cfg Config, main func(Comm) error) error { return Local(2, cfg, main) }
	}
	if err := run(cfg, main); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 85
	}
	return 0
}

func faultInBarrier(c Comm, what string) error {
	ctx := context.Background()
	for i := range 20 {
		if err := c.Barrier(ctx); err != nil {
			return err
		}
		if i == 10 {
			if done, err := suffer(c, what); done || err != nil {
				return err
			}
		}
	}
	return nil
}

func faultInExchange(c Comm, what string) error {
	ctx := context.Background()
	x, err := c.Exchange(ctx, ExchangeOptions{Name: "ill-fated", Budget: small}, eat)
	if err != nil {
		return err
	}
	p := make([]byte, 5000)
	for i := range 2000 {
		if err = x.Send(ctx, i%c.Size(), p); err != nil {
			break
		}
		if i == 1000 {
			if done, err := suffer(c, what); done {
				return err
			} else if err != nil {
				_, err = x.Close(err)
				return err
			}
		}
	}
	_, err = x.Close(err)
	return err
}

// suffer does what to the culprit. done says that the rank leaves as it is.
func suffer(c Comm, what string) (done bool, err error) {
	bad := errors.New("out of paper")
	if c.Rank() != culprit {
		switch what {
		case "agreed":
			return false, Agree(context.Background(), c, nil)
		case "deserted": // what they posted never ends
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			defer cancel()
			return true, c.AllReduce(ctx, make([]uint64, 100000), Sum)
		}
		return false, nil
	}
	switch what {
	case "kill":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "stop":
		syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	case "segv":
		var p *int
		go func() { *p = 1 }() // out of World's sight
		select {}
	case "exit":
		os.Exit(0)
	case "panic":
		panic("overboard")
	case "goexit":
		runtime.Goexit()
	case "abort":
		c.Abort(5, "abandon ship")
	case "hang":
		select {}
	case "return", "deserted":
		return true, nil
	case "error":
		return true, bad
	case "impatient":
		ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
		defer cancel()
		for err == nil {
			err = c.Barrier(ctx)
		}
		return true, err
	case "agreed":
		return false, Agree(context.Background(), c, bad)
	}
	return false, nil
}

// launch returns the command line that starts this binary on several ranks:
// SLUICE_LAUNCH, such as "srun --mpi=pmix -N2 -n4", or mpirun on this machine.
func launch(t *testing.T) (line []string, ranks int) {
	if Backend == "local" {
		t.Skip("this build has no MPI; use go test -tags mpi")
	}
	skipLaunched(t)
	ranks = 3
	line = strings.Fields(os.Getenv("SLUICE_LAUNCH"))
	for i, f := range line {
		if n, ok := strings.CutPrefix(f, "-n"); ok {
			if n == "" && i+1 < len(line) {
				n = line[i+1]
			}
			fmt.Sscan(n, &ranks)
		}
	}
	if len(line) == 0 {
		line = []string{"mpirun", "-n", fmt.Sprint(ranks), "--oversubscribe", "--bind-to", "none"}
	}
	if _, err := exec.LookPath(line[0]); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return line, ranks
}

// command runs a line with this binary at its end. It ends what has not
// ended by itself within a minute, which is a failure.
func command(t *testing.T, line []string, env ...string) (out string, code int) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	line = append(line, exe)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Env = append(cmd.Env, "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
		"OMPI_MCA_mpi_yield_when_idle=1") // there may be fewer cores than ranks
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 15 * time.Second
	p, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("%q did not end:\n%s", line, p)
	}
	var bad *exec.ExitError
	if err != nil && !errors.As(err, &bad) {
		t.Fatal(err)
	}
	return string(p), cmd.ProcessState.ExitCode()
}

// TestFaults checks that a job ends when one of its ranks dies, stands still or
// leaves, while the others are in a collective or in an exchange, and that what it
// prints names the rank.
func TestFaults(t *testing.T) {
	line, ranks := launch(t)
	srun := strings.HasSuffix(line[0], "srun")
	for _, f := range faults {
		for _, where := range []string{"barrier", "exchange"} {
			if where == "exchange" && slices.Contains([]string{"impatient", "agreed", "deserted"}, f.name) {
				continue // these are collectives of their own
			}
			t.Run(f.name+"/"+where, func(t *testing.T) {
				start := time.Now()
				out, code := command(t, line, "SLUICE_FAULT="+f.name+" "+where)
				t.Logf("%.1f s, exit code %d", time.Since(start).Seconds(), code)
				host, rest, _ := strings.Cut(f.want, "%s")
				if strings.Contains(host, "%d") {
					host = fmt.Sprintf(host, ranks)
				}
				if !strings.Contains(out, host) || !strings.Contains(out, rest) {
					t.Errorf("no %q in:\n%s", f.want, out)
				}
				if f.code == -1 && code == 0 || f.code >= 0 && code != f.code && !(srun && f.code > 0 && code != 0) {
					t.Errorf("exit code %d, not %d:\n%s", code, f.code, out)
				}
			})
		}
	}
}

// TestLaunch runs the suite itself under the launcher.
func TestLaunch(t *testing.T) {
	line, _ := launch(t)
	if out, code := command(t, line); code != 0 {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

// TestLocalAbort checks that goroutine ranks end the program, too.
func TestLocalAbort(t *testing.T) {
	skipLaunched(t)
	out, code := command(t, nil, "SLUICE_FAULT=abort local")
	if code != 5 || !strings.Contains(out, "rank 1 of 2 on") || !strings.Contains(out, "ends the job: abandon ship") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	out, code = command(t, nil, "SLUICE_FAULT=hang local")
	if code != 1 || !strings.Contains(out, "in Barrier: rank 1 was last seen in Barrier") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

// TestSingletons checks that ranks which MPI does not connect refuse to work.
func TestSingletons(t *testing.T) {
	skipLaunched(t)
	env := []string{"SLUICE_FAULT=none barrier", "SLURM_STEP_NUM_TASKS=4", "SLURM_STEP_ID=0", "OMPI_COMM_WORLD_SIZE="}
	want := "go build -tags mpi"
	if Backend == "mpi" {
		want = "srun --mpi=pmix"
	}
	out, code := command(t, nil, env...)
	if code != 85 || !strings.Contains(out, "srun started 4 ranks") || !strings.Contains(out, want) {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}
