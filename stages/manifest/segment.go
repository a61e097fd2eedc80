package manifest

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"
)

const (
	segmentMagic   = "sluiceSG"
	segmentVersion = 1
	segmentBuffer  = 1 << 20
)

// A Ref says where in a segment a piece of data lies, and its checksum.
type Ref struct {
	File           string // name of the segment within its folder
	Offset, Length int64
	CRC            uint32 // CRC-32C of the piece
}

// AppendTo appends the encoded Ref to p, for a journal's payload.
func (r Ref) AppendTo(p []byte) []byte {
	p = binary.AppendUvarint(p, uint64(len(r.File)))
	p = append(p, r.File...)
	p = binary.AppendUvarint(p, uint64(r.Offset))
	p = binary.AppendUvarint(p, uint64(r.Length))
	return binary.LittleEndian.AppendUint32(p, r.CRC)
}

// DecodeRef decodes a Ref from the start of p and returns what follows.
func DecodeRef(p []byte) (r Ref, rest []byte, err error) {
	d := decoder{p: p}
	r.File = string(d.bytes())
	r.Offset, r.Length = int64(d.uvarint()), int64(d.uvarint())
	r.CRC = d.uint32()
	if d.bad || r.Offset < 0 || r.Length < 0 || r.Offset+r.Length < 0 || !isName(r.File) {
		return Ref{}, nil, fmt.Errorf("broken reference to a segment")
	}
	return r, d.p, nil
}

// isName says that a file name stays in its folder.
func isName(s string) bool { return filepath.IsLocal(s) && filepath.Base(s) == s && s != "." }

// A Segment is an append-only file of pieces, written by one rank. It
// belongs to one goroutine at a time; see [Segments] for several.
type Segment struct {
	path  string
	f     *os.File
	size  int64 // of the file, without what is in buf
	buf   []byte
	piece Ref  // being written
	open  bool // whether there is one
	err   error
}

// NewSegmentWriter makes a segment. It is an error if path exists.
func NewSegmentWriter(path string) (*Segment, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, writing(path, err)
	}
	return &Segment{path: path, f: f, buf: appendHeader(nil, segmentMagic, segmentVersion, 0, 0)}, nil
}

// Append writes p as a piece.
func (s *Segment) Append(p []byte) (Ref, error) {
	w, err := s.Begin()
	if err != nil {
		return Ref{}, err
	}
	if _, err := w.Write(p); err != nil {
		return Ref{}, err
	}
	return s.End()
}

// Begin starts a piece, which what it returns writes, until End or Cancel.
func (s *Segment) Begin() (io.Writer, error) {
	if s.err != nil {
		return nil, s.err
	}
	if s.open {
		return nil, fmt.Errorf("segment %s: a piece is already open", s.path)
	}
	s.open = true
	s.piece = Ref{File: filepath.Base(s.path), Offset: s.size + int64(len(s.buf))}
	return pieceWriter{s}, nil
}

// A pieceWriter is the writer of the open piece.
type pieceWriter struct{ s *Segment }

// Write appends to the piece. It is an error once the piece has ended.
func (w pieceWriter) Write(p []byte) (int, error) {
	s := w.s
	if !s.open || s.err != nil {
		return 0, s.failure()
	}
	s.piece.CRC = crc32.Update(s.piece.CRC, castagnoli, p)
	s.piece.Length += int64(len(p))
	if len(s.buf)+len(p) > segmentBuffer {
		if err := s.flush(); err != nil {
			return 0, err
		}
	}
	if len(p) >= segmentBuffer {
		return len(p), s.write(p)
	}
	s.buf = append(s.buf, p...)
	return len(p), nil
}

// failure says why there is no piece to write.
func (s *Segment) failure() error {
	if s.err != nil {
		return s.err
	}
	return fmt.Errorf("segment %s: no piece is open", s.path)
}

// End ends the piece. Its bytes may be read once Flush or Sync has returned.
func (s *Segment) End() (Ref, error) {
	if !s.open || s.err != nil {
		return Ref{}, s.failure()
	}
	s.open = false
	return s.piece, nil
}

// Cancel gives the open piece up, if there is one, and the room that it took.
func (s *Segment) Cancel() error {
	if !s.open || s.err != nil {
		return s.err
	}
	s.open = false
	if s.piece.Offset >= s.size {
		s.buf = s.buf[:s.piece.Offset-s.size]
		return nil
	}
	s.buf = s.buf[:0]
	s.size = s.piece.Offset
	s.err = writing(s.path, s.f.Truncate(s.size))
	return s.err
}

// flush writes the buffer out.
func (s *Segment) flush() error {
	if s.err == nil && len(s.buf) > 0 {
		p := s.buf
		s.buf = s.buf[:0]
		return s.write(p)
	}
	return s.err
}

func (s *Segment) write(p []byte) error {
	n, err := s.f.WriteAt(p, s.size)
	s.size += int64(n)
	s.err = writing(s.path, err)
	return s.err
}

// Flush hands all pieces to the system: they outlive the process.
func (s *Segment) Flush() error { return s.flush() }

// Sync makes all pieces durable. A journal record that points to a piece is
// to be synced after it.
func (s *Segment) Sync() error {
	if err := s.flush(); err != nil {
		return err
	}
	s.err = writing(s.path, datasync(s.f))
	return s.err
}

// Size is the number of bytes in the segment.
func (s *Segment) Size() int64 { return s.size + int64(len(s.buf)) }

// Close syncs and closes the segment.
func (s *Segment) Close() error {
	err := s.Sync()
	if e := s.CloseVolatile(); err == nil {
		err = e
	}
	return err
}

// CloseVolatile closes a segment that need not outlive the process: nothing is synced.
func (s *Segment) CloseVolatile() error {
	err := s.flush()
	if e := s.f.Close(); err == nil {
		err = writing(s.path, e)
	}
	s.err = fmt.Errorf("segment %s: %w", s.path, os.ErrClosed)
	return err
}

// Segments are the segments of one rank and start, as many as are written at
// the same time. Its methods may be called by several goroutines.
type Segments struct {
	dir, name string
	mu        sync.Mutex
	all, idle []*Segment
}

// NewSegments writes segments dir/NAME-start-rank-number; none is made yet.
func NewSegments(dir, name string, start, rank int) *Segments {
	return &Segments{dir: dir, name: fmt.Sprintf("%s-%06d-%06d", name, start, rank)}
}

// Take returns a segment that is the caller's until Give.
func (s *Segments) Take() (*Segment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.idle); n > 0 {
		g := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return g, nil
	}
	g, err := NewSegmentWriter(filepath.Join(s.dir, fmt.Sprintf("%s-%03d.seg", s.name, len(s.all))))
	if err == nil {
		s.all = append(s.all, g)
	}
	return g, err
}

// Give gives a segment back, its pieces ended or cancelled.
func (s *Segments) Give(g *Segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, g)
}

// Sync makes the pieces of all segments durable. All must have been given back.
func (s *Segments) Sync() error { return s.each((*Segment).Sync) }

// Close closes all segments. All must have been given back.
func (s *Segments) Close() error { return s.each((*Segment).Close) }

// each calls do with all segments, and returns the first error.
func (s *Segments) each(do func(*Segment) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first error
	for _, g := range s.all {
		if err := do(g); first == nil {
			first = err
		}
	}
	return first
}

// SyncFlushed makes durable what Flush handed to the system. Unlike the other
// methods it may be called while another goroutine writes.
func (s *Segment) SyncFlushed() error { return writing(s.path, datasync(s.f)) }
