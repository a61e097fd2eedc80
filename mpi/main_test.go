package mpi

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestMain runs the tests on every rank of MPI if it was launched so:
//
//	go test -c -tags mpi -o mpi.test ./mpi && mpirun -n 2 ./mpi.test
//
// The ranks run the same tests in the same order. The exit code is that of
// the first one that failed.
func TestMain(m *testing.M) {
	if fault := os.Getenv("SLUICE_FAULT"); fault != "" {
		os.Exit(runFault(fault))
	}
	if size, _ := Launched(); size == 0 || Backend == "local" {
		os.Exit(m.Run())
	}
	code := 0
	err := World(Config{}, func(c Comm) error {
		flag.Parse()
		if c.Rank() > 0 && !testing.Verbose() {
			flag.Set("test.v", "false")
		}
		withWorld(c, func() { code = m.Run() })
		if code != 0 {
			return Agree(context.Background(), c, fmt.Errorf("tests ended with %d", code))
		}
		return Agree(context.Background(), c, nil)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// theWorld is the communicator of TestMain for the tests; nil if there is none.
var theWorld Comm

func withWorld(c Comm, f func()) {
	theWorld = c
	defer func() { theWorld = nil }()
	f()
}

// skipLaunched keeps the tests that need no launcher from running on each of its ranks.
func skipLaunched(t *testing.T) {
	if theWorld != nil {
		t.Skip("runs without a launcher")
	}
}

// TestWorld runs the suite on the ranks of MPI.
func TestWorld(t *testing.T) {
	if theWorld == nil {
		t.Skip("runs under mpirun or srun")
	}
	runSuite(t, theWorld)
}

// TestWorldLanes runs it on lanes of these ranks.
func TestWorldLanes(t *testing.T) {
	if theWorld == nil {
		t.Skip("runs under mpirun or srun")
	}
	for _, x := range suite() {
		if strings.HasPrefix(x.name, "next") {
			continue // its counters are no longer new
		}
		t.Run(x.name, func(t *testing.T) {
			err := Lanes(theWorld, 2, func(l Comm) error { return Agree(context.Background(), l, x.run(l)) })
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
