package mpi

import (
	"encoding/json"
	"fmt"
	"testing"
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
