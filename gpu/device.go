// Package gpu opens the device that a rank computes on: the cores of the host
// or a CUDA device. Begin with [Open].
//
// The CUDA half is in the build with tag cuda; without the tag its functions
// return an error that names that build.
package gpu

import "fmt"

// A Device is what a rank computes on. Its methods may be called from several
// goroutines, Close once and last.
type Device interface {
	// Name is the maker's name, for people.
	Name() string
	Kind() Kind
	// Memory is asked anew on each call.
	Memory() (Memory, error)
	Close() error
}

// Kind is the kind of a [Device].
type Kind string

const (
	Host Kind = "host"
	CUDA Kind = "cuda"
)

// Memory is in bytes. Free counts what other processes left.
type Memory struct {
	Total, Free uint64
}

// Info is what the driver says of one accelerator of this node, whether the
// job may use it or not.
type Info struct {
	Name   string
	UUID   string
	Driver string
	Memory Memory
	Health Health
}

// Health is how an accelerator feels. A negative value was not to be had.
type Health struct {
	Celsius int
	// Uncorrected counts the memory errors since the driver was loaded that
	// ECC saw and could not mend. A device with any should be drained.
	Uncorrected int64
}

// Open returns the device of the rank that is the localRank-th of its node.
// want is "host", "cuda", or "auto": CUDA where this build has it and the node
// shows a device, otherwise the host. Ranks share devices in turn where there
// are fewer devices than ranks.
func Open(localRank int, want string) (Device, error) {
	if localRank < 0 {
		return nil, fmt.Errorf("gpu: local rank %d is negative", localRank)
	}
	switch want {
	case "host":
		return openHost()
	case "cuda":
		return openCUDA(localRank)
	case "auto":
		if n, err := countCUDA(); err == nil && n > 0 {
			return openCUDA(localRank)
		}
		return openHost()
	}
	return nil, fmt.Errorf("unknown device %q\nlegal: auto, host, cuda", want)
}

// pick returns which of n visible devices belongs to a rank. The driver has
// applied CUDA_VISIBLE_DEVICES to the list already: a rank that Slurm bound to
// one device sees one, and a rank of an unbound node sees them all.
func pick(localRank, n int) int { return localRank % n }
