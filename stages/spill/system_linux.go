package spill

import (
	"os"

	"golang.org/x/sys/unix"
)

// punch gives the blocks of a part of f back to the file system.
func punch(f *os.File, offset, length int64) error {
	return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, offset, length)
}

// adviseHuge asks for huge pages: fewer faults, and fewer misses where
// entries move. It is no harm where it fails.
func adviseHuge(p []byte) { _ = unix.Madvise(p, unix.MADV_HUGEPAGE) }
