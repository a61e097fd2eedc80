package manifest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"sync"
)

const (
	journalMagic   = "sluiceJN"
	journalVersion = 1
	frameSize      = 16 // before each record
)

// A Journal is the append-only record of what one rank has done since one
// start. Its methods may be called by several goroutines.
type Journal struct {
	path string
	mu   sync.Mutex
	f    *os.File
	size int64
	buf  []byte
	err  error // the first failure; nothing is appended after it
}

// journalName names the journal of a start and rank within its folder.
func journalName(start, rank int) string { return fmt.Sprintf("journal-%06d-%06d.log", start, rank) }

// parseJournalName is the inverse of journalName.
func parseJournalName(name string) (start, rank int, ok bool) {
	n, err := fmt.Sscanf(name, "journal-%d-%d.log", &start, &rank)
	return start, rank, err == nil && n == 2 && start >= 0 && rank >= 0 && name == journalName(start, rank)
}

// CreateJournal makes the journal of a rank in dir for a start of the job;
// starts are numbered by [NextStart]. It is an error if it exists.
func CreateJournal(dir string, start, rank int) (*Journal, error) {
	path := filepath.Join(dir, journalName(start, rank))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, writing(path, err)
	}
	j := &Journal{path: path, f: f}
	if err := j.write(appendHeader(nil, journalMagic, journalVersion, uint32(start), uint32(rank))); err != nil {
		f.Close()
		return nil, err
	}
	return j, nil
}

// Append adds a record of any kind, which it copies. Once Append has returned, the
// record outlives the process; once Sync has returned, the machine.
func (j *Journal) Append(kind byte, payload []byte) error {
	if int64(len(payload)) > math.MaxUint32 {
		return fmt.Errorf("journal record of %d bytes: at most %d; large things go to a segment", len(payload), uint32(math.MaxUint32))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.buf = appendFrame(j.buf[:0], j.size, kind, payload)
	return j.write(append(j.buf, payload...))
}

// appendFrame appends what stands before a record at the offset in the file.
func appendFrame(p []byte, offset int64, kind byte, payload []byte) []byte {
	from := len(p)
	p = binary.LittleEndian.AppendUint32(p, uint32(len(payload)))
	p = append(p, kind, 0, 0, 0)
	p = binary.LittleEndian.AppendUint32(p, crc32.Checksum(payload, castagnoli))
	return binary.LittleEndian.AppendUint32(p, frameSum(p[from:], offset))
}

// frameSum covers the place, too, so that bytes that moved are found.
func frameSum(p []byte, offset int64) uint32 {
	var at [8]byte
	binary.LittleEndian.PutUint64(at[:], uint64(offset))
	return crc32.Update(crc32.Checksum(p[:12], castagnoli), castagnoli, at[:])
}

// write appends p and nothing after a failure. mu is held, or j is new.
func (j *Journal) write(p []byte) error {
	if j.err != nil {
		return j.err
	}
	if _, err := j.f.WriteAt(p, j.size); err != nil {
		j.err = writing(j.path, err)
		// What follows a torn record is not read, so none may stay within.
		_ = j.f.Truncate(j.size)
		return j.err
	}
	j.size += int64(len(p))
	return nil
}

// Sync makes all records durable.
func (j *Journal) Sync() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil {
		j.err = writing(j.path, datasync(j.f))
	}
	return j.err
}

// Close syncs and closes the journal.
func (j *Journal) Close() error {
	err := j.Sync()
	j.mu.Lock()
	defer j.mu.Unlock()
	if errors.Is(j.err, os.ErrClosed) {
		return nil
	}
	if e := j.f.Close(); err == nil {
		err = writing(j.path, e)
	}
	j.err = fmt.Errorf("journal %s: %w", j.path, os.ErrClosed)
	return err
}
