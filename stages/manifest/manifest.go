// Package manifest keeps what a job has durably done, in OUT/.sluice, so that
// it can be killed anywhere and go on with any number of ranks.
//
// Each rank of each start appends to a [Journal] of its own; large things
// lie in [Segment] files, which records point into by [Ref]. A small file that is
// written whole or not at all is a commit ([WriteCommit]); [Inputs] is the one that freezes
// the job. An output appears through an [AtomicFile]. [Acquire] keeps a second
// run out. All of it is checksummed: what is damaged is reported and never
// believed. FORMAT.md draws the bytes.
package manifest

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"syscall"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A DamagedError says that bytes on disk are not those that were written.
type DamagedError struct {
	Path   string
	Offset int64 // where the damaged piece begins, bytes into the file
	What   string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s is damaged at byte %d: %s", e.Path, e.Offset, e.What)
}

// A VersionError says that a file is of a format version that this program
// does not know.
type VersionError struct {
	Path         string
	Found, Known uint32
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s has format version %d; this program knows version %d\nuse the program that wrote it, or start over with --fresh", e.Path, e.Found, e.Known)
}

// A WriteError says that a durable file could not be written, and what to do.
type WriteError struct {
	Path string
	Err  error
	Hint string // may be empty
}

func (e *WriteError) Error() string {
	s := fmt.Sprintf("cannot write %s: %v", e.Path, e.Err)
	if e.Hint != "" {
		s += "\n" + e.Hint
	}
	return s
}

func (e *WriteError) Unwrap() error { return e.Err }

// writing makes a *WriteError of an error met while writing path.
func writing(path string, err error) error {
	if err == nil {
		return nil
	}
	if _, done := errors.AsType[*WriteError](err); done {
		return err
	}
	// The path is said once, not again by what is inside.
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return &WriteError{path, err, hint(err)}
}

// hint says what the user can do about an error of the system; "" if nothing special.
func hint(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return "the disk is full; make room, or give `output` a larger disk, and run the same command again"
	case errors.Is(err, syscall.EDQUOT):
		return "the quota is used up; make room or raise it (lfs quota, quota -s), and run the same command again"
	case errors.Is(err, syscall.EROFS):
		return "the file system is read-only; give `output` a folder that can be written"
	case errors.Is(err, fs.ErrPermission):
		return "give `output` a folder that this user can write"
	}
	return ""
}

// syncDir makes renames and new files in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return writing(dir, err)
	}
	defer d.Close()
	// Some network file systems have no fsync of folders, and need none.
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return writing(dir, err)
	}
	return nil
}
