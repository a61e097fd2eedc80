package format

import (
	"os"

	"golang.org/x/sys/unix"
)

// Advice that fails changes nothing but speed, so its errors are ignored.

func sequential(f *os.File) { _ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_SEQUENTIAL) }

// forget takes a part of a file that will not be read again from the page
// cache.
func forget(f *os.File, at, n int64) { _ = unix.Fadvise(int(f.Fd()), at, n, unix.FADV_DONTNEED) }
