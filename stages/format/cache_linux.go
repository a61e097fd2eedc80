package format

import (
	"golang.org/x/sys/unix"
)

// Advice that fails changes nothing but speed, so its errors are ignored.

func sequential(f rawFile) { _ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_SEQUENTIAL) }

// forget takes a part of a file that will not be read again from the page
// cache.
func forget(f rawFile, at, n int64) { _ = unix.Fadvise(int(f.Fd()), at, n, unix.FADV_DONTNEED) }
