package manifest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// tempMark is in the names of all files that are not whole yet.
const tempMark = ".sluice-tmp-"

// An AtomicFile is a file that appears at its path whole or not at all: it is
// written under another name beside it. The names of two writers of one path never
// meet.
type AtomicFile struct {
	path string
	f    *os.File
	err  error
}

// CreateAtomic starts a file that is to appear at path. It makes the folder.
func CreateAtomic(path string) (*AtomicFile, error) {
	dir, name := filepath.Split(path)
	f, err := os.CreateTemp(dir, "."+name+tempMark+"*")
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(dir, 0o755); err == nil {
			f, err = os.CreateTemp(dir, "."+name+tempMark+"*")
		}
	}
	if err != nil {
		return nil, writing(path, err)
	}
	return &AtomicFile{path: path, f: f}, nil
}

// Write appends to the file.
func (a *AtomicFile) Write(p []byte) (int, error) {
	if a.err != nil {
		return 0, a.err
	}
	n, err := a.f.Write(p)
	a.err = writing(a.path, err)
	return n, a.err
}

// Commit makes the bytes durable and the file appear. That it appeared is
// durable once the folder is synced, by [DirSyncs] or [SyncDirs]. If Commit
// fails, nothing is left; after it, Abort does nothing.
func (a *AtomicFile) Commit() error {
	if a.f == nil {
		return a.err
	}
	if a.err == nil {
		a.err = writing(a.path, a.f.Chmod(0o644))
	}
	if a.err == nil {
		a.err = writing(a.path, a.f.Sync())
	}
	if err := a.f.Close(); a.err == nil {
		a.err = writing(a.path, err)
	}
	if a.err == nil {
		a.err = writing(a.path, os.Rename(a.f.Name(), a.path))
	}
	if a.err != nil {
		os.Remove(a.f.Name())
	}
	a.f = nil
	if a.err == nil {
		a.err = os.ErrClosed
		return nil
	}
	return a.err
}

// Abort removes what was written. It may be deferred.
func (a *AtomicFile) Abort() error {
	if a.f == nil {
		return nil
	}
	a.f.Close()
	err := os.Remove(a.f.Name())
	a.f, a.err = nil, os.ErrClosed
	return writing(a.path, err)
}

// Temps lists what writers that were killed left in dir, or that others write there.
func Temps(dir string) ([]string, error) {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var paths []string
	for _, e := range list {
		if strings.Contains(e.Name(), tempMark) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, err
}

// RemoveTemps removes what writers that were killed left in dir and the
// folders below, and returns how many. No writer may be at work.
func RemoveTemps(dir string) (int, error) {
	n := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || !strings.Contains(e.Name(), tempMark) {
			return err
		}
		n++
		return os.Remove(path)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return n, nil
	}
	return n, writing(dir, err)
}

// DirSyncs syncs folders in which files appeared, a thousand files at a time.
// Its methods may be called by several goroutines; the zero value is ready.
type DirSyncs struct {
	mu      sync.Mutex
	folders map[string]struct{}
	files   int
}

// filesPerSync is how many files may wait for the sync of their folder.
const filesPerSync = 1000

// Appeared notes that a file was made or renamed, and syncs if enough were.
func (d *DirSyncs) Appeared(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.folders == nil {
		d.folders = map[string]struct{}{}
	}
	d.folders[filepath.Dir(path)] = struct{}{}
	if d.files++; d.files < filesPerSync {
		return nil
	}
	return d.flush()
}

// Flush makes all files that were noted durable.
func (d *DirSyncs) Flush() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.flush()
}

// flush syncs the folders that are noted. mu is held.
func (d *DirSyncs) flush() error {
	for dir := range d.folders {
		if err := syncDir(dir); err != nil {
			return err
		}
		delete(d.folders, dir)
	}
	d.files = 0
	return nil
}

// SyncDirs makes what appeared in folders durable.
func SyncDirs(dirs ...string) error {
	var d DirSyncs
	for _, dir := range dirs {
		if err := d.Appeared(filepath.Join(dir, "x")); err != nil {
			return err
		}
	}
	return d.Flush()
}
