package mpi

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestLocalFailures checks that one rank that fails or leaves takes along the others,
// wherever they wait, and that Local names it.
func TestLocalFailures(t *testing.T) {
	skipLaunched(t)
	bad := errors.New("out of paper")
	wait := map[string]func(c Comm) error{
		"barrier": func(c Comm) error { return c.Barrier(context.Background()) },
		"close": func(c Comm) error {
			x, err := c.Exchange(context.Background(), ExchangeOptions{}, eat)
			if err != nil {
				return err
			}
			_, err = x.Close(nil)
			if later := c.Barrier(context.Background()); later != err {
				return fmt.Errorf("then %v", later)
			}
			return err
		},
		"send": func(c Comm) error {
			x, err := c.Exchange(context.Background(), ExchangeOptions{Budget: small}, eat)
			for err == nil {
				err = x.Send(context.Background(), 1, make([]byte, 1000))
			}
			if x != nil {
				_, err = x.Close(err)
			}
			return err
		},
	}
	leave := map[string]func() error{
		"it returned while":       func() error { return nil },
		"out of paper":            func() error { return bad },
		"panic: overboard":        func() error { panic("overboard") },
		"ended by runtime.Goexit": func() error { runtime.Goexit(); return nil },
	}
	for where, wait := range wait {
		for text, leave := range leave {
			t.Run(where+"/"+text, func(t *testing.T) {
				heard := make([]error, 3)
				err := Local(3, Config{}, func(c Comm) error {
					if c.Rank() == 1 {
						return leave()
					}
					heard[c.Rank()] = wait(c)
					return heard[c.Rank()]
				})
				for _, err := range []error{err, heard[0], heard[2]} {
					var e *RankError
					if !errors.As(err, &e) || e.Rank != 1 || e.Size != 3 || !strings.Contains(e.Text, text) {
						t.Errorf("got %v, want rank 1 and %q", err, text)
					}
				}
				if text == bad.Error() && !errors.Is(err, bad) {
					t.Errorf("%v lost its cause", err)
				}
			})
		}
	}
}

// TestLocalEnd checks what Local returns when the ranks agree.
func TestLocalEnd(t *testing.T) {
	skipLaunched(t)
	bad := errors.New("out of paper")
	err := Local(3, Config{}, func(c Comm) error {
		var own error
		if c.Rank() == 2 {
			own = bad
		}
		return Agree(context.Background(), c, own)
	})
	if !errors.Is(err, bad) {
		t.Errorf("got %v, not the cause", err)
	}
	if err := Local(3, Config{}, func(Comm) error { return ErrStopped }); err != ErrStopped {
		t.Errorf("got %v, not a stop", err)
	}
	if err := Local(1, Config{}, func(Comm) error { return bad }); err != bad {
		t.Errorf("a single rank gave %v", err)
	}
	if Local(0, Config{}, nil) == nil {
		t.Error("no ranks passed")
	}
}

// TestLocalOrder checks that ranks in different collectives are told so.
func TestLocalOrder(t *testing.T) {
	skipLaunched(t)
	err := Local(2, Config{}, func(c Comm) error {
		if c.Rank() == 0 {
			return c.Barrier(context.Background())
		}
		return c.AllReduce(context.Background(), []uint64{1}, Sum)
	})
	if err == nil || !strings.Contains(err.Error(), "same order") {
		t.Errorf("got %v", err)
	}
}

// TestLocalBroken checks that a rank whose context ended gets the same error
// from then on.
func TestLocalBroken(t *testing.T) {
	skipLaunched(t)
	bad := errors.New("no time left")
	err := Local(2, Config{}, func(c Comm) error {
		if c.Rank() == 1 {
			return nil
		}
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(bad)
		for range 2 {
			if err := c.Barrier(ctx); !errors.Is(err, bad) && !strings.Contains(err.Error(), "it returned") {
				t.Errorf("got %v", err)
			}
			ctx = context.Background()
		}
		return nil
	})
	if err != nil && !strings.Contains(err.Error(), "it returned") {
		t.Error(err)
	}
}

// TestWatchdogPatience checks that a rank that waits calls Waiting again and again, says in what,
// and goes on waiting while Waiting is content.
func TestWatchdogPatience(t *testing.T) {
	skipLaunched(t)
	var mu sync.Mutex
	asked := make(map[string]int)
	twice := make(chan string, 10)
	cfg := Config{Watchdog: time.Millisecond, Waiting: func(op string, since time.Time) error {
		mu.Lock()
		defer mu.Unlock()
		if asked[op]++; asked[op] == 2 && time.Since(since) > 0 {
			twice <- op
		}
		return nil
	}}
	err := Local(2, cfg, func(c Comm) error {
		ctx := context.Background()
		for _, want := range []string{"Barrier", `exchange "x"`, `Close of exchange "x"`} {
			if c.Rank() == 1 {
				// Rank 0 waits for us until it has been asked twice.
				if got := <-twice; got != want {
					t.Errorf("waited in %q, not in %q", got, want)
				}
			}
			switch want {
			case "Barrier":
				if err := c.Barrier(ctx); err != nil {
					return err
				}
				continue
			case `exchange "x"`:
				x, err := c.Exchange(ctx, ExchangeOptions{Name: "x"}, eat)
				if err != nil {
					return err
				}
				if c.Rank() == 1 {
					if got := <-twice; got != `Close of exchange "x"` {
						t.Errorf("waited in %q", got)
					}
				}
				_, err = x.Close(nil)
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestLaunched(t *testing.T) {
	for _, x := range []struct {
		env      string
		size     int
		launcher string
	}{
		{"", 0, ""},
		{"SLURM_JOB_ID=5 SLURM_NTASKS=8 SLURM_PROCID=0 SLURM_LOCALID=0", 0, ""}, // batch script
		{"SLURM_STEP_NUM_TASKS=1 SLURM_STEP_ID=4294967290", 0, ""},              // shell of salloc
		{"SLURM_STEP_NUM_TASKS=4 SLURM_STEP_ID=0 SLURM_PROCID=3", 4, "srun"},
		{"SLURM_STEP_NUM_TASKS=1 SLURM_STEP_ID=7", 1, "srun"},
		{"OMPI_COMM_WORLD_SIZE=3", 3, "mpirun"},
		{"OMPI_COMM_WORLD_SIZE=3 SLURM_STEP_NUM_TASKS=2 SLURM_STEP_ID=0", 3, "mpirun"}, // orted's
		{"PMI_SIZE=4 SLURM_STEP_NUM_TASKS=4 SLURM_STEP_ID=0", 4, "srun"},
		{"PMI_SIZE=4 SLURM_STEP_NUM_TASKS=2 SLURM_STEP_ID=0", 4, "mpirun"},
		{"PMI_SIZE=4", 4, "mpirun"},
		{"SLURM_STEP_NUM_TASKS=many OMPI_COMM_WORLD_SIZE=-1", 0, ""},
	} {
		env := make(map[string]string)
		for _, f := range strings.Fields(x.env) {
			k, v, _ := strings.Cut(f, "=")
			env[k] = v
		}
		size, launcher := launched(func(k string) string { return env[k] })
		if size != x.size || launcher != x.launcher {
			t.Errorf("%s: got %d by %q, want %d by %q", x.env, size, launcher, x.size, x.launcher)
		}
	}
}
