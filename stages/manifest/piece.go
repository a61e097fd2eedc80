package manifest

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ReadRef returns the piece of a segment in dir that r points to. A piece that
// is missing or not what was written is a *[DamagedError].
func ReadRef(dir string, r Ref) ([]byte, error) {
	c, err := OpenRef(dir, r)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	p := make([]byte, r.Length)
	if _, err := io.ReadFull(c, p); err != nil {
		return nil, err
	}
	// The end is where the checksum is compared.
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		return nil, err
	}
	return p, nil
}

// OpenRef reads the piece of a segment in dir that r points to. In place of
// io.EOF comes a *[DamagedError] if the bytes were not those that were written: what is
// made of them is to be believed only after io.EOF.
func OpenRef(dir string, r Ref) (io.ReadCloser, error) {
	s, err := OpenSection(dir, r)
	if err != nil {
		return nil, err
	}
	return &checkedReader{section: s, ref: r}, nil
}

// A checkedReader compares the checksum of a piece when it reaches the end.
type checkedReader struct {
	section *Section
	ref     Ref
	sum     uint32
}

func (c *checkedReader) Read(p []byte) (int, error) {
	n, err := c.section.Read(p)
	c.sum = crc32.Update(c.sum, castagnoli, p[:n])
	if err == io.EOF && c.sum != c.ref.CRC {
		err = c.section.damaged("the checksum of the piece is wrong")
	}
	return n, err
}

func (c *checkedReader) Close() error { return c.section.Close() }

// A Section gives random access to a piece of a segment.
type Section struct {
	*io.SectionReader
	f      *os.File
	ref    Ref
	size   int64  // that the segment has at least
	from   int64  // where in the segment window begins
	window []byte // what [Section.Peek] has read
}

// OpenSection opens the piece that r points to, of which only the place is
// checked; [Section.Check] checks the rest.
func OpenSection(dir string, r Ref) (*Section, error) {
	if !isName(r.File) || r.Offset < headerSize || r.Length < 0 {
		return nil, fmt.Errorf("broken reference to segment %q", r.File)
	}
	path := filepath.Join(dir, r.File)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &DamagedError{path, r.Offset, "the file is missing"}
	}
	if err != nil {
		return nil, err
	}
	s := &Section{f: f}
	if err = s.place(r); err == nil {
		err = checkHeader(f)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

// checkHeader checks that f is a segment.
func checkHeader(f *os.File) error {
	h := make([]byte, headerSize)
	if _, err := f.ReadAt(h, 0); err != nil {
		return err
	}
	_, _, err := readHeader(f.Name(), h, segmentMagic, segmentVersion)
	return err
}

// place makes s the section of a piece of its segment, which is long enough to hold it.
func (s *Section) place(r Ref) error {
	if s.size-r.Offset < r.Length {
		info, err := s.f.Stat()
		if err != nil {
			return err
		}
		s.size = info.Size()
	}
	s.ref, s.SectionReader = r, io.NewSectionReader(s.f, r.Offset, r.Length)
	if s.size-r.Offset < r.Length {
		return s.damaged(fmt.Sprintf("the file ends at byte %d, within the piece", s.size))
	}
	return nil
}

const (
	mostAhead  = 64 << 10 // bytes of a piece that Peek reads at a time
	leastAhead = 16 << 10 // bytes that it reads, of the pieces behind it too: small ones lie side by side
)

// Peek returns n bytes of the piece or more, from a place on, at which it has as many. They are
// good until the next call.
func (s *Section) Peek(at int64, n int) ([]byte, error) {
	left := s.ref.Length - at
	if at < 0 || n < 0 || int64(n) > left {
		return nil, fmt.Errorf("%s: %d bytes are wanted at byte %d of a piece of %d: this is a bug", s.f.Name(), n, at, s.ref.Length)
	}
	from := s.ref.Offset + at
	if skip := from - s.from; skip < 0 || skip+int64(n) > int64(len(s.window)) {
		size := max(n, int(min(left, mostAhead)), leastAhead)
		if cap(s.window) < size {
			s.window = make([]byte, size)
		}
		got, err := s.f.ReadAt(s.window[:size], from)
		s.window, s.from = s.window[:got], from
		if got < n && err == io.EOF {
			return nil, s.damaged(fmt.Sprintf("the file ends at byte %d, within the piece", from+int64(got)))
		}
		if got < n {
			return nil, err
		}
	}
	p := s.window[from-s.from:]
	return p[:min(int64(len(p)), left)], nil
}

// Check reads the piece through and compares its checksum.
func (s *Section) Check() error {
	var sum uint32
	for at := int64(0); at < s.ref.Length; {
		p, err := s.Peek(at, int(min(s.ref.Length-at, mostAhead)))
		if err != nil {
			return err
		}
		sum = crc32.Update(sum, castagnoli, p)
		at += int64(len(p))
	}
	if sum != s.ref.CRC {
		return s.damaged("the checksum of the piece is wrong")
	}
	return nil
}

func (s *Section) damaged(what string) error {
	return &DamagedError{s.f.Name(), s.ref.Offset, what}
}

// Move makes s the section of another piece of the same segment, and says whether
// it is one.
func (s *Section) Move(r Ref) (bool, error) {
	if r.File != s.ref.File {
		return false, nil
	}
	return true, s.place(r)
}

// Close closes the file.
func (s *Section) Close() error { return s.f.Close() }
