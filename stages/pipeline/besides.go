package pipeline

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"sluice/stages"
	"sluice/stages/manifest"
)

// prepare prepares the stages of this rank, once.
func (r *run) prepare(ctx context.Context) error {
	if r.ready {
		return nil
	}
	r.ready = true
	if err := stages.Prepare(ctx, r.stages); err != nil {
		return err
	}
	room, err := stages.Room(r.stages, r.job.Memory, r.streams)
	r.budget = stages.NewBudget(room, r.streams)
	return err
}

// besides lists what the rows depend on besides the input: the files that stages read, those of folders too, and the
// keys that they were given. A job goes on with the same ones alone.
func (r *run) besides() (files []manifest.InputFile) {
	add := func(path string) {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			files = append(files, manifest.InputFile{Path: path, Size: info.Size(), Time: info.ModTime().UnixNano()})
		}
	}
	for _, path := range r.job.Files() {
		add(path)
		list, _ := os.ReadDir(path) // an error says that it is no folder
		for _, e := range list {
			add(filepath.Join(path, e.Name()))
		}
	}
	for _, s := range r.stages {
		if f, ok := stages.As[stages.Fingerprinter](s); ok && f.Fingerprint() != 0 {
			files = append(files, manifest.InputFile{Source: manifest.Key, Path: fmt.Sprintf("the key of stage %q", s.Name()), Size: int64(f.Fingerprint())})
		}
	}
	return files
}
