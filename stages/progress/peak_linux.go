package progress

import (
	"fmt"
	"os"
	"strings"
)

// Peak returns the peak resident set of this process in bytes, 0 if it cannot be
// known. It is read from /proc: what getrusage says is inherited from the process that
// started this one, across fork and exec.
func Peak() int64 {
	p, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(p)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			return kib * 1024
		}
	}
	return 0
}
