//go:build !mpi

package mpi

import "fmt"

// Backend names what [World] runs on in this build: "mpi" or "local".
const Backend = "local"

// World runs main on the ranks of MPI. This build has no MPI: main runs on one
// goroutine rank, or not at all if several ranks were launched.
func World(cfg Config, main func(Comm) error) error {
	if size, launcher := Launched(); size > 1 {
		return fmt.Errorf("%s started %d ranks, but this build has no MPI\nbuild it with: go build -tags mpi", launcher, size)
	}
	return Local(1, cfg, main)
}
