package manifest

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// A Record is one entry of a journal.
type Record struct {
	Start, Rank int // of the journal
	Kind        byte
	Payload     []byte // until the callback returns
}

// A journalFile is a journal in a folder, by what its name says.
type journalFile struct {
	path        string
	start, rank int
}

// ReadJournals calls do with the good records of all journals in dir, by start, rank and
// place in the file. A record that was being written when the rank died is
// ignored, as is normal. A record that is damaged ends its file, and is returned in
// damaged: whatever it and those after it said is to be done again. An error of do ends
// the reading. A journal of another format version is a *[VersionError].
func ReadJournals(dir string, do func(Record) error) (damaged []*DamagedError, err error) {
	files, err := journals(dir)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		err := readJournal(file, do)
		if bad, ok := errors.AsType[*DamagedError](err); ok && bad.Path == file.path {
			damaged = append(damaged, bad)
		} else if err != nil {
			return damaged, err
		}
	}
	return damaged, nil
}

// NextStart returns the number of the next start of the job in dir: 0 for the first.
func NextStart(dir string) (int, error) {
	files, err := journals(dir)
	if err != nil || len(files) == 0 {
		return 0, err
	}
	return files[len(files)-1].start + 1, nil
}

// journals returns the journals in dir, by start and rank.
func journals(dir string) ([]journalFile, error) {
	list, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var files []journalFile
	for _, e := range list {
		if start, rank, ok := parseJournalName(e.Name()); ok {
			files = append(files, journalFile{filepath.Join(dir, e.Name()), start, rank})
		}
	}
	// Numbers may outgrow the six digits of the names.
	slices.SortFunc(files, func(a, b journalFile) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.rank, b.rank))
	})
	return files, nil
}

// readJournal calls do with the good records of one journal. Damage is a
// *[DamagedError] after them.
func readJournal(file journalFile, do func(Record) error) error {
	f, err := os.Open(file.path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return scanJournal(file, bufio.NewReaderSize(f, 1<<20), info.Size(), do)
}

// scanJournal reads a journal of size bytes.
func scanJournal(file journalFile, r *bufio.Reader, size int64, do func(Record) error) error {
	if size < headerSize {
		return nil // torn before anything was written
	}
	h := make([]byte, headerSize)
	if _, err := io.ReadFull(r, h); err != nil {
		return err
	}
	start, rank, err := readHeader(file.path, h, journalMagic, journalVersion)
	if err != nil {
		if _, damaged := errors.AsType[*DamagedError](err); damaged && restZero(r) {
			return nil // it says nothing, and was not all written
		}
		return err
	}
	if int(start) != file.start || int(rank) != file.rank {
		return &DamagedError{file.path, 0, "it is the journal of another start or rank"}
	}
	var payload []byte
	for at := int64(headerSize); size-at >= frameSize; {
		frame := make([]byte, frameSize)
		if _, err := io.ReadFull(r, frame); err != nil {
			return err
		}
		if frameSum(frame, at) != binary.LittleEndian.Uint32(frame[12:]) {
			if restZero(r) {
				return nil // the last one, and not all of it reached the disk
			}
			return &DamagedError{file.path, at, "the checksum of a record's frame is wrong"}
		}
		n := int64(binary.LittleEndian.Uint32(frame))
		if n > size-at-frameSize {
			return nil // torn
		}
		payload = slices.Grow(payload[:0], int(n))[:n]
		if _, err := io.ReadFull(r, payload); err != nil {
			return err
		}
		if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(frame[8:]) {
			if restZero(r) {
				return nil
			}
			return &DamagedError{file.path, at, "the checksum of a record is wrong"}
		}
		if err := do(Record{file.start, file.rank, frame[4], payload}); err != nil {
			return err
		}
		at += frameSize + n
	}
	return nil
}

// restZero says that nothing but the zeros of pages that were allocated and never
// written follows, as a machine that dies leaves them.
func restZero(r io.Reader) bool {
	p := make([]byte, 64<<10)
	for {
		n, err := r.Read(p)
		if len(bytes.TrimLeft(p[:n], "\x00")) > 0 {
			return false
		}
		if err != nil {
			return err == io.EOF
		}
	}
}
