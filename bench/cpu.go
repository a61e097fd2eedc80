package bench

import (
	"syscall"
	"time"
)

// A stopwatch measures CPU time of this process, that of the system for it
// included. Wall time says little where others use the machine too.
type stopwatch struct{ begin time.Duration }

func newStopwatch() stopwatch { return stopwatch{cpuTime()} }

// seconds returns the CPU time since the start; never 0, so that one may
// divide by it.
func (s stopwatch) seconds() float64 { return max(cpuTime()-s.begin, 1).Seconds() }

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // cannot be: the arguments are right
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
