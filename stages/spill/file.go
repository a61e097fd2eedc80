package spill

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// The header of the file; see FORMAT.md.
const (
	magic      = "sluiceSP"
	version    = 1
	headerSize = 16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// file is the one scratch file of a sorter. All runs lie in it end to end.
// It is unlinked as soon as it is made, so that it vanishes with the process,
// however that ends.
type file struct {
	dir, prefix string
	max         int64
	buffer      int // bytes that a run writer collects

	f       *os.File
	path    string
	size    int64 // where the next run goes
	freed   int64 // bytes given back within size
	written int64
	peak    int64
	pending []byte // the write buffer
}

// open makes the file and its folder, and writes the header.
func (f *file) open() error {
	if f.f != nil {
		return nil
	}
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return fmt.Errorf("spill: %w\nset `scratch` in the job file to a folder that can be written", err)
	}
	t, err := os.CreateTemp(f.dir, f.prefix+"*"+suffix)
	if err != nil {
		return fmt.Errorf("spill: %w\nset `scratch` in the job file to a folder that can be written", err)
	}
	// Where this fails, close and Clean remove the file.
	_ = os.Remove(t.Name())
	f.f, f.path = t, t.Name()
	h := binary.LittleEndian.AppendUint32([]byte(magic), version)
	return f.write(binary.LittleEndian.AppendUint32(h, crc32.Checksum(h, castagnoli)))
}

// write appends p.
func (f *file) write(p []byte) error {
	used := f.size - f.freed + int64(len(p))
	if used > f.max {
		return &FullError{Path: f.path, Bytes: used, Limit: f.max}
	}
	n, err := f.f.WriteAt(p, f.size)
	f.size += int64(n)
	f.written += int64(n)
	f.peak = max(f.peak, f.size-f.freed)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &FullError{Path: f.path, Bytes: used, Err: err}
	}
	if err != nil {
		return fmt.Errorf("spill: %w", err)
	}
	return nil
}

// free gives the bytes of a run that is no longer needed back to the file system.
func (f *file) free(offset, length int64) {
	if punch(f.f, offset, length) == nil {
		f.freed += length
	}
}

// close gives the scratch back. It may be called again.
func (f *file) close() error {
	if f.f == nil {
		return nil
	}
	err := f.f.Close()
	if e := os.Remove(f.path); err == nil && e != nil && !errors.Is(e, os.ErrNotExist) {
		err = e
	}
	f.f, f.pending = nil, nil
	if err != nil {
		return fmt.Errorf("spill: %w", err)
	}
	return nil
}

// readAt fills p from offset.
func (f *file) readAt(p []byte, offset int64) error {
	if _, err := f.f.ReadAt(p, offset); err != nil {
		if err == io.EOF {
			return f.damaged(offset, "ends early")
		}
		return fmt.Errorf("spill: %w", err)
	}
	return nil
}

func (f *file) damaged(offset int64, what string) error {
	return &DamagedError{Path: f.path, Offset: offset, What: what}
}

// suffix ends the names of all scratch files.
const suffix = ".spill"

// Clean removes the scratch files in dir whose names begin with prefix. Only
// file systems that cannot unlink an open file leave any behind. A missing
// dir is clean.
func Clean(dir, prefix string) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, e := range list {
		if n := e.Name(); strings.HasPrefix(n, prefix) && strings.HasSuffix(n, suffix) && e.Type().IsRegular() {
			if e := os.Remove(filepath.Join(dir, n)); e != nil && !errors.Is(e, os.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
	}
	return err
}
