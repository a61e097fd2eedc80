package pipeline_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// sortedFiles returns the paths of all files below dir that are not empty.
func sortedFiles(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Size() > 0 {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	return files
}

// flip changes a bit in the middle of a file.
func flip(t *testing.T, path string) {
	t.Helper()
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p[len(p)/2] ^= 4
	if err := os.WriteFile(path, p, 0o666); err != nil {
		t.Fatal(err)
	}
}
