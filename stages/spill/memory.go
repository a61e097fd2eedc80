package spill

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// An entry stands for one record in memory: key, order, sample, and where the
// payload is: 40 bits of offset above 24 bits of length.
type entry [4]uint64

// Sizes of entries and bounds on where they point.
const (
	entrySize = int64(unsafe.Sizeof(entry{}))
	lenBits   = 24
	longLen   = 1<<lenBits - 1 // the length stands in the 8 bytes before the payload
	hugeFrom  = 32 << 20       // below it, huge pages would be a large part of small inputs
	maxMemory = 1 << (64 - lenBits)
)

// memory holds records in one mapping: entries grow from the front, payloads
// from the back, and when they meet it is full. Pages that were never reached cost
// nothing, the collector has nothing to look at, and closing returns all.
type memory struct {
	limit   int64
	threads int // that sort
	mapping []byte
	entries []entry // capacity is what fits the mapping
	back    int64   // offset of the last payload that was added
	sink    byte
}

// open reserves the mapping: addresses, no memory yet.
func (m *memory) open() error {
	if m.mapping != nil {
		return nil
	}
	p, err := unix.Mmap(-1, 0, int(m.limit), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return fmt.Errorf("spill: cannot map %d bytes: %w\ngive the job less `memory`, or raise the limit on address space (ulimit -v)", m.limit, err)
	}
	if m.limit >= hugeFrom {
		adviseHuge(p)
	}
	m.mapping, m.back = p, int64(len(p))
	m.entries = unsafe.Slice((*entry)(unsafe.Pointer(unsafe.SliceData(p))), int64(len(p))/entrySize)[:0]
	return nil
}

// close returns the mapping. Payloads that were handed out are gone.
func (m *memory) close() error {
	if m.mapping == nil {
		return nil
	}
	err := unix.Munmap(m.mapping)
	*m = memory{limit: m.limit, threads: m.threads}
	return err
}

func (m *memory) len() int { return len(m.entries) }

// reset forgets all records and keeps the mapping.
func (m *memory) reset() {
	m.entries, m.back = m.entries[:0], int64(len(m.mapping))
}

// add copies r, or reports that there is no room.
func (m *memory) add(r Record) bool {
	n := int64(len(r.Payload))
	need := n
	if n >= longLen {
		need += 8
	}
	if int64(len(m.entries)+1)*entrySize > m.back-need {
		return false
	}
	m.back -= n
	at := m.back
	copy(m.mapping[at:], r.Payload)
	short := uint64(n)
	if n >= longLen {
		short = longLen
		m.back -= 8
		binary.LittleEndian.PutUint64(m.mapping[m.back:], uint64(n))
	}
	m.entries = append(m.entries, entry{r.Key, r.Order, r.Sample, uint64(at)<<lenBits | short})
	return true
}

// payload returns the payload of e.
func (m *memory) payload(e *entry) []byte {
	at, n := e[3]>>lenBits, e[3]&longLen
	if n == longLen {
		n = binary.LittleEndian.Uint64(m.mapping[at-8:])
	}
	return m.mapping[at : at+n : at+n]
}

// record returns record i; its payload is good until reset.
func (m *memory) record(i int) Record {
	e := &m.entries[i]
	return Record{e[0], e[1], e[2], m.payload(e)}
}

// warmth is how many payloads are fetched ahead.
const warmth = 32

// warm reads a byte of each of the payloads from i on, once every warmth
// records. Sorted payloads lie anywhere; loads that do not wait for each
// other hide most of what each would cost alone.
func (m *memory) warm(i int) {
	if i%warmth == 0 {
		m.fetch(i)
	}
}

// fetch reads the first byte of the payloads of warmth entries. The sum keeps
// the compiler from leaving the loads out.
func (m *memory) fetch(i int) {
	var sum byte
	for _, e := range m.entries[i:min(i+warmth, len(m.entries))] {
		if e[3]&longLen != 0 {
			sum += m.mapping[e[3]>>lenBits]
		}
	}
	m.sink = sum
}

func (m *memory) comparePayloads(a, b entry) int { return bytes.Compare(m.payload(&a), m.payload(&b)) }
