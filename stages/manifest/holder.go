package manifest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Holder is who holds a [Lock].
type Holder struct {
	Host     string    `json:"host"`
	PID      int       `json:"pid"`
	Process  string    `json:"process"`   // tells processes of one number apart; "" where unknown
	Boot     string    `json:"boot"`      // of the machine, and its process namespace; "" where unknown
	SlurmJob string    `json:"slurm_job"` // "" outside of Slurm
	Restart  int       `json:"restart"`   // how often Slurm has requeued the job
	Since    time.Time `json:"since"`
}

func (h Holder) String() string {
	s := fmt.Sprintf("process %d on %s", h.PID, h.Host)
	if h.SlurmJob != "" {
		s = fmt.Sprintf("Slurm job %s (start %d), %s", h.SlurmJob, h.Restart+1, s)
	}
	return s + ", since " + h.Since.Format(time.DateTime)
}

// Self returns this process as a holder.
func Self() Holder {
	h := Holder{PID: os.Getpid(), SlurmJob: os.Getenv("SLURM_JOB_ID"), Since: time.Now().UTC().Round(time.Second)}
	h.Host, _ = os.Hostname()
	h.Restart, _ = strconv.Atoi(os.Getenv("SLURM_RESTART_COUNT"))
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	space, err2 := os.Readlink("/proc/self/ns/pid")
	if err == nil && err2 == nil {
		h.Boot = string(bytes.TrimSpace(boot)) + " " + space
		h.Process, _ = processStart(h.PID)
	}
	return h
}

// processStart returns the time, in ticks since boot, at which a process of this
// machine began; false if there is no such process.
func processStart(pid int) (string, bool) {
	p, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", !errors.Is(err, fs.ErrNotExist)
	}
	// The second field is the program's name, which may hold anything.
	fields := strings.Fields(string(p[bytes.LastIndexByte(p, ')')+1:]))
	const state, start = 0, 19
	if len(fields) <= start {
		return "", true
	}
	if fields[state] == "Z" || fields[state] == "X" {
		return "", false
	}
	return fields[start], true
}

// A verdict says whether a process lives.
type verdict int

const (
	unknown verdict = iota
	alive
	dead
)

// judge says what can be known at once of another holder.
func (h Holder) judge(other Holder) verdict {
	if h.SlurmJob != "" && h.SlurmJob == other.SlurmJob && other.Restart < h.Restart {
		return dead // Slurm ends a job before it requeues it
	}
	if h.Boot == "" || h.Boot != other.Boot || other.Process == "" {
		return unknown
	}
	start, ok := processStart(other.PID)
	switch {
	case !ok || start != "" && start != other.Process:
		return dead
	case start == "":
		return unknown
	}
	return alive
}

const (
	lockMagic   = "sluiceLK"
	lockVersion = 1
	lockSize    = 1024
	lockFrame   = headerSize + 12
)

// A lockRecord is all that a lock file holds.
type lockRecord struct {
	Holder   Holder
	Released bool
	Beat     uint64
	raw      []byte // as it was read
}

// encode returns the bytes of a whole lock file.
func (r lockRecord) encode() []byte {
	holder, err := json.Marshal(r.Holder)
	if err != nil || len(holder) > lockSize-lockFrame {
		// No host name is that long; who holds is for people only.
		holder = fmt.Appendf(nil, `{"pid":%d}`, r.Holder.PID)
	}
	state := uint32(0)
	if r.Released {
		state = 1
	}
	p := appendHeader(make([]byte, 0, lockSize), lockMagic, lockVersion, state, uint32(len(holder)))
	p = binary.LittleEndian.AppendUint64(p, r.Beat)
	p = binary.LittleEndian.AppendUint32(p, crc32.Update(crc32.Checksum(p, castagnoli), castagnoli, holder))
	p = append(p, holder...)
	return append(p, make([]byte, lockSize-len(p))...)
}

// decodeLock is the inverse of encode. The record keeps p, also with an error.
func decodeLock(path string, p []byte) (r lockRecord, err error) {
	r.raw = p
	state, n, err := readHeader(path, p, lockMagic, lockVersion)
	if err != nil {
		return r, err
	}
	if len(p) < lockFrame || uint64(n) > uint64(len(p)-lockFrame) {
		return r, &DamagedError{path, headerSize, "it ends early"}
	}
	holder := p[lockFrame : lockFrame+n]
	if crc32.Update(crc32.Checksum(p[:headerSize+8], castagnoli), castagnoli, holder) != binary.LittleEndian.Uint32(p[headerSize+8:]) {
		return r, &DamagedError{path, 0, "the checksum is wrong"}
	}
	r.Released = state == 1
	r.Beat = binary.LittleEndian.Uint64(p[headerSize:])
	if err := json.Unmarshal(holder, &r.Holder); err != nil {
		return r, &DamagedError{path, lockFrame, err.Error()}
	}
	return r, nil
}

// lockNumbers returns the numbers of the lock files in dir, rising.
func lockNumbers(dir string) ([]int, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, e := range list {
		digits, ok := strings.CutPrefix(e.Name(), "lock-")
		if n, err := strconv.Atoi(digits); ok && err == nil && n > 0 {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// newestLock returns the lock file that counts; number 0 if there is none. One
// that is damaged, as while it is being made, is of a holder that nothing is
// known of.
func newestLock(dir string) (number int, r lockRecord, err error) {
	numbers, err := lockNumbers(dir)
	if err != nil || len(numbers) == 0 {
		return 0, r, err
	}
	number = numbers[len(numbers)-1]
	path := lockPath(dir, number)
	p, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, r, err
	}
	r, err = decodeLock(path, p)
	if _, damaged := errors.AsType[*DamagedError](err); damaged {
		return number, lockRecord{raw: p, Holder: Holder{Host: "unknown"}}, nil
	}
	return number, r, err
}
