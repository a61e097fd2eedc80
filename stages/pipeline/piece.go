package pipeline

import (
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"sluice/stages/manifest"
)

// A part is a file of pieces, one after the other: the output of a span. Where
// it holds a whole shard, it becomes the output shard.
type part struct {
	name string // below the folder of parts
	file *os.File
	size int64
}

func createPart(dir, name string) (*part, error) {
	p := &part{name: name}
	f, err := os.Create(filepath.Join(dir, "parts", name))
	if err != nil {
		return nil, diskError(err)
	}
	p.file = f
	return p, nil
}

// piece returns the writer of the next piece. One piece is written at a time.
func (p *part) piece() *pieceWriter {
	return &pieceWriter{part: p, ref: manifest.Ref{File: p.name, Offset: p.size}}
}

// A pieceWriter writes a piece and knows its place and checksum.
type pieceWriter struct {
	part *part
	ref  manifest.Ref
	buf  []byte
}

// pieceBuffer is how much is written to the disk at a time.
const pieceBuffer = 1 << 20

func (w *pieceWriter) Write(p []byte) (int, error) {
	w.ref.CRC = crc32.Update(w.ref.CRC, castagnoli, p)
	w.ref.Length += int64(len(p))
	if len(w.buf)+len(p) < pieceBuffer {
		w.buf = append(w.buf, p...)
		return len(p), nil
	}
	if err := w.flush(); err != nil {
		return 0, err
	}
	if len(p) < pieceBuffer {
		w.buf = append(w.buf, p...)
		return len(p), nil
	}
	return len(p), w.write(p)
}

func (w *pieceWriter) flush() error {
	err := w.write(w.buf)
	w.buf = w.buf[:0]
	return err
}

func (w *pieceWriter) write(p []byte) error {
	n, err := w.part.file.WriteAt(p, w.part.size)
	w.part.size += int64(n)
	return diskError(err)
}

// end returns where the piece lies, once all of it was written.
func (w *pieceWriter) end() (manifest.Ref, error) { return w.ref, w.flush() }

// checkPiece reads a piece through and compares its checksum.
func checkPiece(dir string, ref manifest.Ref) error {
	f, err := os.Open(filepath.Join(dir, "parts", ref.File))
	if err != nil {
		return err
	}
	defer f.Close()
	h := crc32.New(castagnoli)
	n, err := io.CopyBuffer(h, io.NewSectionReader(f, ref.Offset, ref.Length), make([]byte, pieceBuffer))
	if err == nil && (n != ref.Length || h.Sum32() != ref.CRC) {
		err = &manifest.DamagedError{Path: f.Name(), Offset: ref.Offset, What: "the checksum of the piece is wrong"}
	}
	return err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)
