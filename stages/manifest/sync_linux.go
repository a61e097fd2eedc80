package manifest

import (
	"os"

	"golang.org/x/sys/unix"
)

// datasync makes the bytes of f durable, without its times.
func datasync(f *os.File) error { return os.NewSyscallError("fdatasync", unix.Fdatasync(int(f.Fd()))) }
