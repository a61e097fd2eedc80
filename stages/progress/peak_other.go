//go:build !linux

package progress

import "syscall"

// Peak returns the peak resident set of this process in bytes, 0 if it cannot be
// known.
func Peak() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return int64(u.Maxrss) // getrusage counts bytes on Darwin
}
