//go:build !unix

package fasttext

import "os"

// A file is the bytes of a file, to be read only.
type file struct {
	data   []byte
	mapped bool
}

func openFile(path string) (file, error) {
	data, err := os.ReadFile(path)
	return file{data: data}, err
}

func (f file) close() error { return nil }
