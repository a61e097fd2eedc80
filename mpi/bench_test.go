package mpi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestBenchExchange checks that the benchmark moves what it says, small.
func TestBenchExchange(t *testing.T) {
	run := func(c Comm) error {
		r, err := BenchExchange(c, 3<<20)
		if c.Size() < 2 {
			if err == nil {
				return fmt.Errorf("measured one rank")
			}
			return nil
		}
		if err == nil && (r.Exchange <= 0 || r.Ranks != c.Size() || (r.Raw > 0) != (theWorld != nil)) {
			err = fmt.Errorf("result %+v", r)
		}
		return err
	}
	if theWorld != nil {
		if err := run(theWorld); err != nil {
			t.Fatal(err)
		}
		return
	}
	for n := 1; n <= 3; n++ {
		if err := Local(n, Config{}, run); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkExchange measures the exchange against MPI_Alltoallv:
//
//	mpirun -n 2 ./mpi.test -test.run xxx -test.bench Exchange -test.benchtime 1x
//
// Without a launcher it measures goroutine ranks alone.
func BenchmarkExchange(b *testing.B) {
	var r BenchResult
	run := func(c Comm) (err error) {
		x, err := BenchExchange(c, 256<<20)
		if c.Rank() == 0 {
			r = x
		}
		return err
	}
	for b.Loop() {
		var err error
		if theWorld != nil {
			err = run(theWorld)
		} else {
			err = Local(2, Config{}, run)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	if r.Ranks == 0 { // rank 0 speaks
		return
	}
	b.ReportMetric(r.Exchange, "MB/s")
	b.ReportMetric(r.Raw, "alltoallv-MB/s")
	b.ReportMetric(r.Ratio, "ratio")
	p, err := json.Marshal(r)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%s", p)
}

// BenchmarkIdle measures what waiting costs: the share of a core, in percent, that this rank uses
// for two seconds while it computes nothing, while others wait for it in
// a barrier, and while an exchange is open through which nothing goes. It needs
// a launcher, like BenchmarkExchange.
func BenchmarkIdle(b *testing.B) {
	if theWorld == nil {
		b.Skip("runs under mpirun or srun")
	}
	ctx, c := context.Background(), theWorld
	const rest = 2 * time.Second
	late := func() { // rank 0 keeps the others waiting
		if c.Rank() == 0 {
			time.Sleep(rest)
		}
	}
	for _, x := range []struct {
		name string
		wait func() error
	}{
		{"alone", func() error { time.Sleep(rest); return nil }},
		{"barrier", func() error { late(); return c.Barrier(ctx) }},
		{"exchange", func() error {
			x, err := c.Exchange(ctx, ExchangeOptions{}, eat)
			if err != nil {
				return err
			}
			time.Sleep(rest)
			_, err = x.Close(nil)
			return err
		}},
	} {
		b.Run(x.name, func(b *testing.B) {
			for b.Loop() {
				if err := c.Barrier(ctx); err != nil {
					b.Fatal(err)
				}
				start, used := time.Now(), cpuTime()
				if err := x.wait(); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(100*(cpuTime()-used).Seconds()/time.Since(start).Seconds(), "%cpu")
			}
		})
	}
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkNext measures the counter from the last rank, while rank 0 uses all its
// cores for something else. It needs a launcher.
func BenchmarkNext(b *testing.B) {
	if theWorld == nil || theWorld.Size() == 1 {
		b.Skip("runs under mpirun or srun")
	}
	ctx, c := context.Background(), theWorld
	const turns = 100
	for b.Loop() {
		if err := c.Barrier(ctx); err != nil {
			b.Fatal(err)
		}
		if c.Rank() == 0 {
			var stop atomic.Bool
			var burn sync.WaitGroup
			for range runtime.NumCPU() {
				burn.Go(func() {
					for x := pattern(1); !stop.Load(); {
						x = x.mix(1)
					}
				})
			}
			if _, err := c.Bcast(ctx, nil, c.Size()-1); err != nil {
				b.Fatal(err)
			}
			stop.Store(true)
			burn.Wait()
			continue
		}
		start := time.Now()
		if c.Rank() == c.Size()-1 {
			for range turns {
				if _, err := c.Next(ctx, "benchmark", 1); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(time.Since(start).Microseconds())/turns, "us/turn")
		}
		if _, err := c.Bcast(ctx, nil, c.Size()-1); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSend measures small messages to two ranks from several goroutines of one.
func BenchmarkSend(b *testing.B) {
	if theWorld != nil {
		b.Skip("needs no launcher")
	}
	const size, many = 100, 1 << 20
	for _, lanes := range []int{1, 2, 4} {
		b.Run(fmt.Sprintf("goroutines=%d", lanes), func(b *testing.B) {
			b.SetBytes(size * many)
			for b.Loop() {
				err := Local(2, Config{}, func(c Comm) error {
					x, err := c.Exchange(context.Background(), ExchangeOptions{}, eat)
					if err != nil {
						return err
					}
					errs := make([]error, lanes)
					var group sync.WaitGroup
					for lane := range lanes {
						group.Go(func() {
							p := make([]byte, size)
							for i := 0; i < many/lanes && c.Rank() == 0 && errs[lane] == nil; i++ {
								errs[lane] = x.Send(context.Background(), i&1, p)
							}
						})
					}
					group.Wait()
					_, err = x.Close(errors.Join(errs...))
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
