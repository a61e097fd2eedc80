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
	f   *os.File
	ref Ref
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
	if err := checkSegment(f, path, r); err != nil {
		f.Close()
		return nil, err
	}
	return &Section{io.NewSectionReader(f, r.Offset, r.Length), f, r}, nil
}

// checkSegment checks that f is a segment that is long enough to hold r.
func checkSegment(f *os.File, path string, r Ref) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size()-r.Offset < r.Length {
		return &DamagedError{path, r.Offset, fmt.Sprintf("the file ends at byte %d, within the piece", info.Size())}
	}
	h := make([]byte, headerSize)
	if _, err := f.ReadAt(h, 0); err != nil {
		return err
	}
	_, _, err = readHeader(path, h, segmentMagic, segmentVersion)
	return err
}

// Check reads the piece through and compares its checksum.
func (s *Section) Check() error {
	r := io.NewSectionReader(s.f, s.ref.Offset, s.ref.Length)
	h := crc32.New(castagnoli)
	if _, err := io.CopyBuffer(h, r, make([]byte, min(s.ref.Length+1, 64<<10))); err != nil {
		return err
	}
	if h.Sum32() != s.ref.CRC {
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
	if err := checkSegment(s.f, s.f.Name(), r); err != nil {
		return true, err
	}
	s.ref, s.SectionReader = r, io.NewSectionReader(s.f, r.Offset, r.Length)
	return true, nil
}

// Close closes the file.
func (s *Section) Close() error { return s.f.Close() }
