package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// runLines deduplicates 20 million distinct short documents in as little
// memory as a job may have, and compares the bytes with those of a run with
// memory to spare.
func runLines(ctx context.Context, b *bench) error {
	const shards, most, lineBytes = 10, 2_000_000, 40
	perShard := int(max(1, min(most, b.Size/shards/lineBytes))) // fewer than aimed at for a small Size alone
	if err := b.lines("lines", shards, perShard); err != nil {
		return err
	}
	small, rep, err := b.exact(ctx, "lines", "small", "--ranks", "1", "--set", "memory=64MB", "--set", "scratch="+b.Dir)
	if err != nil {
		return err
	}
	large, spare, err := b.exact(ctx, "lines", "large", "--ranks", "1", "--set", "memory=4GB", "--set", "scratch="+b.Dir)
	if err != nil {
		return err
	}
	for _, folder := range []string{"data", "duplicates"} {
		if err := sameFolders(filepath.Join(b.Dir, "small", folder), filepath.Join(b.Dir, "large", folder)); err != nil {
			return err
		}
	}
	_, peak := totals(rep)
	_, sparePeak := totals(spare)
	b.figure("documents", float64(rep.RowsIn), "", "20 million")
	b.figure("memory = 64MB: peak", peak, "MB", "at most 164")
	b.figure("memory = 64MB: CPU time per document", small.cpu*1e9/float64(rep.RowsIn), "ns", "")
	b.figure("memory = 4GB: peak", sparePeak, "MB", "")
	b.figure("memory = 4GB: CPU time per document", large.cpu*1e9/float64(rep.RowsIn), "ns", "")
	b.figure("outputs are the same bytes", 1, "", "1")
	return nil
}

// sameFolders is nil if two folders hold the same files.
func sameFolders(a, b string) error {
	names := map[string]bool{}
	for _, dir := range []string{a, b} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, err := filepath.Rel(dir, path)
			names[rel] = true
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("%s and %s are empty", a, b)
	}
	for name := range names {
		p, err := os.ReadFile(filepath.Join(a, name))
		if err != nil {
			return err
		}
		q, err := os.ReadFile(filepath.Join(b, name))
		if err != nil {
			return err
		}
		if !bytes.Equal(p, q) {
			return fmt.Errorf("%s differs between %s and %s", name, a, b)
		}
	}
	return nil
}
