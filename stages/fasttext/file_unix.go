//go:build unix

package fasttext

import (
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// A file is the bytes of a file, to be read only.
type file struct {
	data   []byte
	mapped bool
}

func openFile(path string) (file, error) {
	f, err := os.Open(path)
	if err != nil {
		return file{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return file{}, err
	}
	switch {
	case !info.Mode().IsRegular():
		return file{}, fmt.Errorf("%s: not a file", path)
	case info.Size() == 0:
		return file{}, fmt.Errorf("%s: the file is empty", path)
	case info.Size() > math.MaxInt:
		return file{}, fmt.Errorf("%s: the file is too large", path)
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return file{}, fmt.Errorf("%s: cannot be mapped: %w", path, err)
	}
	// It is read once from front to back. Advice that fails changes nothing but speed.
	_ = unix.Madvise(data, unix.MADV_WILLNEED)
	return file{data, true}, nil
}

func (f file) close() error {
	if f.mapped {
		return unix.Munmap(f.data)
	}
	return nil
}
