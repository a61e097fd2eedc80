package format

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/stages"
)

// savedRows makes a file of n records and returns its bytes.
func savedRows(t testing.TB, n, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	c, err := NewCollection(&b, []stages.Parameter{{Key: "k", Value: "1"}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := c.Write(fmt.Appendf(nil, "name %d", i), bytes.Repeat([]byte{byte(i)}, i%size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// readSaved reads all blocks of a file, cut at so many bytes.
func readSaved(path string, size int64) (rows []string, blocks int, err error) {
	shard := &stages.Shard{Path: path, Format: stages.SavedFormat}
	src := savedSource{Options{}.filled()}
	list, err := src.Blocks(context.Background(), shard, size)
	if err != nil {
		return nil, 0, err
	}
	for i := range list {
		in, err := src.Open(context.Background(), shard, &list[i])
		if err != nil {
			return nil, 0, err
		}
		defer in.Close()
		for {
			n, decode, err := in.Next(context.Background())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, 0, err
			}
			b, err := decode()
			if err != nil {
				return nil, 0, err
			}
			if b.Len() != n || len(b.RowID) != n || len(b.Records) != n {
				return nil, 0, fmt.Errorf("%d rows, %d in the batch", n, b.Len())
			}
			for k := range n {
				rows = append(rows, fmt.Sprintf("%s: %d", b.RowID[k], len(b.Records[k])))
			}
		}
	}
	return rows, len(list), nil
}

func TestCollectionIsReadAsWritten(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ n, size, blocks int }{{0, 1, 1}, {1, 1, 1}, {3, 2, 1}, {20_000, 100, 2}} {
		path := filepath.Join(dir, "a.sketches")
		if err := os.WriteFile(path, savedRows(t, c.n, c.size), 0o666); err != nil {
			t.Fatal(err)
		}
		rows, blocks, err := readSaved(path, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			if want := fmt.Sprintf("name %d: %d", i, i%c.size); row != want {
				t.Fatalf("row %d is %q, want %q", i, row, want)
			}
		}
		if len(rows) != c.n || blocks != c.blocks {
			t.Errorf("%d rows in %d blocks, want %d in %d", len(rows), blocks, c.n, c.blocks)
		}
	}
}

// A file that was cut anywhere, or of which any byte is wrong, is an error that names it.
func TestCollectionDamaged(t *testing.T) {
	whole := savedRows(t, 9, 7)
	path := filepath.Join(t.TempDir(), "a.sketches")
	check := func(p []byte, format string, args ...any) {
		t.Helper()
		if err := os.WriteFile(path, p, 0o666); err != nil {
			t.Fatal(err)
		}
		_, _, err := readSaved(path, 1<<20)
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", fmt.Sprintf(format, args...), err)
		}
	}
	for n := range whole {
		check(whole[:n], "%d bytes of %d", n, len(whole))
		damaged := bytes.Clone(whole)
		damaged[n] ^= 1 << (n % 8)
		check(damaged, "byte %d", n)
	}
	check(append(bytes.Clone(whole), 0), "a byte more")
}

func FuzzCollection(f *testing.F) {
	f.Add(savedRows(f, 9, 7))
	path := filepath.Join(f.TempDir(), "a.sketches")
	f.Fuzz(func(t *testing.T, p []byte) {
		if err := os.WriteFile(path, p, 0o666); err != nil {
			t.Fatal(err)
		}
		readSaved(path, 1<<20) // must not panic
	})
}
