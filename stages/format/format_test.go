package format

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"sluice/stages"
)

// readBlocks reads a shard in blocks of about size bytes, calls each for every
// batch, and returns the pieces that the sink makes.
func readBlocks(t testing.TB, src stages.Source, sink stages.Sink, s *stages.Shard, size int64, each func(*stages.Batch)) ([][]byte, error) {
	t.Helper()
	blocks, err := src.Blocks(context.Background(), s, size)
	if err != nil {
		return nil, err
	}
	var pieces [][]byte
	for i := range blocks {
		blocks[i].Index = i
		var out bytes.Buffer
		piece, err := sink.Piece(s, &out)
		if err != nil {
			t.Fatal(err)
		}
		err = readBlock(t, src, s, &blocks[i], func(b *stages.Batch) {
			if each != nil {
				each(b)
			}
			if err := piece.Write(b); err != nil {
				t.Fatal(err)
			}
		})
		if e := piece.Close(); e != nil {
			t.Fatal(e)
		}
		pieces = append(pieces, out.Bytes())
		if err != nil {
			return pieces, err
		}
	}
	return pieces, nil
}

func readBlock(t testing.TB, src stages.Source, s *stages.Shard, block *stages.Block, each func(*stages.Batch)) error {
	t.Helper()
	r, err := src.Open(context.Background(), s, block)
	if err != nil {
		return err
	}
	defer r.Close()
	row := int64(0)
	for {
		n, decode, err := r.Next(context.Background())
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		b, err := decode()
		if err != nil {
			return err
		}
		if b.Len() != n || b.First != row {
			t.Fatalf("a batch of %d rows from %d, want %d from %d", b.Len(), b.First, n, row)
		}
		row += int64(n)
		each(b)
		Release(b)
	}
}

func join(t testing.TB, sink stages.Sink, pieces [][]byte) []byte {
	t.Helper()
	var sections []*io.SectionReader
	for _, p := range pieces {
		sections = append(sections, io.NewSectionReader(bytes.NewReader(p), 0, int64(len(p))))
	}
	var out bytes.Buffer
	if err := sink.Join(&out, sections); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// shardOf writes a file and returns the shard of it.
func shardOf(t testing.TB, name string, data []byte) *stages.Shard {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, data, 0o666); err != nil {
		t.Fatal(err)
	}
	shards, _, err := List(context.Background(), []stages.Input{{Paths: []string{p}, Read: stages.DefaultRead()}})
	if err != nil {
		t.Fatal(err)
	}
	return &shards[0]
}

func ends(t testing.TB, r stages.Read, w stages.Write, needs []stages.Need, o Options) (stages.Source, stages.Sink) {
	t.Helper()
	src, err := NewSource("jsonl", r, needs, o)
	if err != nil {
		t.Fatal(err)
	}
	sink, err := NewSink(w, r, o)
	if err != nil {
		t.Fatal(err)
	}
	return src, sink
}

func isDamaged(err error) bool {
	var d *stages.Damaged
	return errors.As(err, &d)
}

// A file that cannot be opened or read is a damaged shard, unless the machine is what cannot.
func TestDamagedFile(t *testing.T) {
	for err, damaged := range map[error]bool{
		syscall.EACCES: true, syscall.EIO: true, syscall.ENOENT: false, syscall.EMFILE: false, syscall.ENFILE: false, syscall.ENOMEM: false,
	} {
		got := asDamage("x", 0, &fs.PathError{Op: "open", Path: "x", Err: err})
		var d *stages.Damaged
		if errors.As(got, &d) != damaged || !errors.Is(got, err) {
			t.Errorf("%v: %v", err, got)
		}
	}
}
