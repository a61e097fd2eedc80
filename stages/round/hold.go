package round

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/manifest"
)

// Hold holds a round, writes the notes that come of it into a segment of this
// rank, named file, and returns the table, and its index for [DecodeIndex]:
// the same on all ranks. All of it is durable. It is collective.
func (m *Meeting) Hold(ctx context.Context, run func(context.Context, stages.Meeting) (stages.Notes, error), file string) (*Table, []byte, error) {
	defer func() {
		for name := range m.kept {
			m.drop(name)
		}
	}()
	notes, err := run(ctx, m)
	// What a round returns need not have been agreed on.
	if err := mpi.Agree(ctx, m.Comm, err); err != nil {
		if notes != nil {
			notes.Close()
		}
		return nil, nil, err
	}
	w := tableWriter{path: filepath.Join(m.Segments, file), durable: true, block: -1}
	own, err := m.write(notes, &w)
	if notes != nil {
		err = errors.Join(err, notes.Close())
	}
	if err = errors.Join(err, manifest.SyncDirs(m.Segments)); err != nil {
		err = fmt.Errorf("keep what came of %s: %w", m.Name, err)
	}
	if err := mpi.Agree(ctx, m.Comm, err); err != nil {
		return nil, nil, err
	}
	index, err := GatherAll(ctx, m.Comm, own)
	if err != nil {
		return nil, nil, err
	}
	t, err := DecodeIndex(index)
	return t, index, err
}

// write writes notes into a table, block by block, and returns the index of
// it: for each block its number, how many notes, and a Ref.
func (m *Meeting) write(notes stages.Notes, w *tableWriter) (index []byte, err error) {
	if notes == nil {
		return nil, nil
	}
	defer w.close()
	for n := 0; ; {
		if err := m.stopped(&n); err != nil {
			return nil, err
		}
		note, err := notes.Next()
		if errors.Is(err, io.EOF) {
			return w.end()
		}
		if err != nil {
			return nil, err
		}
		if err := w.add(note); err != nil {
			return nil, err
		}
	}
}

// A tableWriter writes notes, sorted by sample, as pieces of a segment.
type tableWriter struct {
	path    string // of its segment
	durable bool
	segment *manifest.Segment
	piece   io.Writer
	block   int
	count   uint64
	index   []byte
	buf     []byte
}

func (w *tableWriter) add(n stages.Note) (err error) {
	if w.segment == nil {
		if w.segment, err = manifest.NewSegmentWriter(w.path); err != nil {
			return err
		}
	}
	if b := n.Sample.Block(); b != w.block {
		if err := w.endBlock(); err != nil {
			return err
		}
		w.block, w.count = b, 0
		if w.piece, err = w.segment.Begin(); err != nil {
			return err
		}
	}
	w.count++
	w.buf = AppendNote(w.buf[:0], n)
	_, err = w.piece.Write(w.buf)
	return err
}

func (w *tableWriter) endBlock() error {
	if w.block < 0 {
		return nil
	}
	ref, err := w.segment.End()
	w.index = binary.AppendUvarint(w.index, uint64(w.block))
	w.index = binary.AppendUvarint(w.index, w.count)
	w.index = ref.AppendTo(w.index)
	return err
}

// end ends the table, durable where it is to be, and returns the index.
func (w *tableWriter) end() ([]byte, error) {
	if err := w.endBlock(); err != nil || w.segment == nil {
		return w.index, err
	}
	if !w.durable {
		return w.index, w.segment.Flush()
	}
	return w.index, w.segment.Sync()
}

// close gives the file back. What end returned no error for is written.
func (w *tableWriter) close() {
	if w.segment != nil {
		_ = w.segment.CloseVolatile()
	}
}

// DecodeIndex reads the index of a table.
func DecodeIndex(p []byte) (*Table, error) {
	t := &Table{Blocks: map[int]manifest.Ref{}}
	for len(p) > 0 {
		block, n := binary.Uvarint(p)
		count, k := binary.Uvarint(p[max(n, 0):])
		if n <= 0 || k <= 0 || block >= stages.MaxBlocks {
			return nil, errBroken
		}
		ref, rest, err := manifest.DecodeRef(p[n+k:])
		if err != nil {
			return nil, errBroken
		}
		t.Count += int64(count)
		t.Blocks[int(block)] = ref
		p = rest
	}
	return t, nil
}

// GatherAll returns what all ranks passed, end to end in the order of ranks, on
// every rank. It is collective.
func GatherAll(ctx context.Context, c mpi.Comm, p []byte) ([]byte, error) {
	parts, err := c.Gather(ctx, p, 0)
	if err != nil {
		return nil, err
	}
	var all []byte
	for _, part := range parts {
		all = append(all, part...)
	}
	return c.Bcast(ctx, all, 0)
}
