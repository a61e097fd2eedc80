package progress

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A Record is where one rank was at one time.
type Record struct {
	Host         string
	Rank, Size   int
	Start        uint32 // of the job
	Pass, Passes int    // from 1; 0 before the first
	Phase        Phase
	Block        int
	Bytes        int64 // read by the rank in this pass
	Total        int64 // to be read by all ranks in this pass
	Rows         int64 // seen by the rank in this pass
	Peak         int64 // bytes of the process at its largest
	Time         time.Time
}

// Phase is what a rank is about.
type Phase uint8

const (
	Starting Phase = iota
	Working        // reads blocks
	Waiting        // has no more blocks in this pass: it takes part in the round, or waits for others
	Ended
)

func (p Phase) String() string {
	if int(p) < len(phaseNames) {
		return phaseNames[p]
	}
	return "unknown"
}

var phaseNames = [...]string{"starting", "working", "has no more blocks", "ended"}

// The layout of life files; see FORMAT.md.
const (
	recordSize = 64
	magic      = "sluiceLF"
	version    = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header returns the first 64 bytes of a life file.
func header() []byte {
	p := binary.LittleEndian.AppendUint32([]byte(magic), version)
	p = binary.LittleEndian.AppendUint32(p, crc32.Checksum(p, castagnoli))
	return append(p, make([]byte, recordSize-len(p))...)
}

// encode returns the bytes of a record, without the host, which names the file.
func (r Record) encode() []byte {
	p := make([]byte, recordSize)
	le := binary.LittleEndian
	le.PutUint32(p[4:], uint32(r.Rank))
	le.PutUint32(p[8:], uint32(r.Size))
	le.PutUint32(p[12:], r.Start)
	le.PutUint16(p[16:], uint16(r.Pass))
	le.PutUint16(p[18:], uint16(r.Passes))
	p[20] = byte(r.Phase)
	le.PutUint32(p[24:], uint32(r.Block))
	le.PutUint32(p[28:], uint32(min(r.Peak>>20, math.MaxUint32)))
	le.PutUint64(p[32:], uint64(r.Bytes))
	le.PutUint64(p[40:], uint64(r.Total))
	le.PutUint64(p[48:], uint64(r.Rows))
	le.PutUint64(p[56:], uint64(r.Time.UnixNano()))
	le.PutUint32(p, crc32.Checksum(p[4:], castagnoli))
	return p
}

// decode returns the record in p; false if there is none, or a damaged one.
func decode(p []byte) (r Record, ok bool) {
	le := binary.LittleEndian
	if len(p) != recordSize || crc32.Checksum(p[4:], castagnoli) != le.Uint32(p) {
		return r, false
	}
	r.Rank, r.Size, r.Start = int(le.Uint32(p[4:])), int(le.Uint32(p[8:])), le.Uint32(p[12:])
	r.Pass, r.Passes, r.Phase = int(le.Uint16(p[16:])), int(le.Uint16(p[18:])), Phase(p[20])
	r.Block, r.Peak = int(le.Uint32(p[24:])), int64(le.Uint32(p[28:]))<<20
	r.Bytes, r.Total, r.Rows = int64(le.Uint64(p[32:])), int64(le.Uint64(p[40:])), int64(le.Uint64(p[48:]))
	r.Time = time.Unix(0, int64(le.Uint64(p[56:])))
	return r, r.Size > 0 && r.Rank < r.Size && r.Bytes >= 0 && r.Rows >= 0 && r.Total >= 0
}

// ReadLife returns the records of the newest start in dir, by rank. Ranks
// that have written none are missing, and so are records that are damaged, as while
// they are being written: the next beat makes them good. A dir that is not there
// holds none. A file of another version is an error.
func ReadLife(dir string) ([]Record, error) {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Record
	for _, e := range list {
		if !e.Type().IsRegular() {
			continue
		}
		path := filepath.Join(dir, e.Name())
		p, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		records, err := decodeFile(path, e.Name(), p)
		if err != nil {
			return nil, err
		}
		all = append(all, records...)
	}
	return newest(all), nil
}

// decodeFile returns the records of a life file; none if it is not one.
func decodeFile(path, host string, p []byte) ([]Record, error) {
	if len(p) < recordSize || string(p[:8]) != magic ||
		crc32.Checksum(p[:12], castagnoli) != binary.LittleEndian.Uint32(p[12:]) {
		return nil, nil
	}
	if v := binary.LittleEndian.Uint32(p[8:]); v != version {
		return nil, fmt.Errorf("%s has format version %d; this program knows version %d\nuse the program that runs the job", path, v, version)
	}
	var records []Record
	for at := recordSize; at+recordSize <= len(p); at += recordSize {
		if r, ok := decode(p[at : at+recordSize]); ok {
			r.Host = host
			records = append(records, r)
		}
	}
	return records, nil
}

// newest keeps the records of the newest start, one for each rank.
func newest(all []Record) []Record {
	slices.SortFunc(all, func(a, b Record) int {
		return cmp.Or(cmp.Compare(b.Start, a.Start), cmp.Compare(a.Rank, b.Rank), b.Time.Compare(a.Time))
	})
	return slices.CompactFunc(slices.DeleteFunc(all, func(r Record) bool { return r.Start != all[0].Start }),
		func(a, b Record) bool { return a.Rank == b.Rank })
}
