package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"sluice/mpi"
)

const versionUsage = `usage: sluice version

Prints the version, the Go release and platform, and what this build has of
MPI and CUDA.

example:
  sluice version
`

// release is the version that goes into reports.
const release = "0.1.0"

// version prints what this build is.
func (p *program) version(args []string) error {
	args, err := flagSet{}.parse(args)
	if err != nil {
		return err
	}
	if err := arguments(args, "version"); err != nil {
		return err
	}
	tags, commit := "none", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "-tags":
				tags = strings.ReplaceAll(s.Value, ",", " ")
			case "vcs.revision":
				commit = " commit " + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	fmt.Fprintf(p.stdout, "sluice %s%s\n%s %s/%s, tags: %s, ranks: %s\n",
		release, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH, tags, mpi.Backend)
	return nil
}
