package round

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"

	"sluice/stages"
	"sluice/stages/manifest"
)

// A Table says where the notes of a table lie: for each block that has some,
// one piece of a segment. Notes have the form
//
//	sample 8 bytes, little endian; length of the payload, a uvarint; the payload
//
// and lie in the order of (sample, payload).
type Table struct {
	Count  int64 // notes, over all ranks
	Blocks map[int]manifest.Ref
	dir    string // where the segments lie; "" = where those of all tables do

	mu      sync.Mutex
	checked map[int]bool // blocks whose checksum was right
}

// AppendNote appends a note in the form in which tables hold it.
func AppendNote(b []byte, n stages.Note) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(n.Sample))
	b = binary.AppendUvarint(b, uint64(len(n.Payload)))
	return append(b, n.Payload...)
}

// errEnough ends a reading of a table before its end.
var errEnough = errors.New("enough")

// errBroken reports notes that passed their checksum and are still not whole.
var errBroken = errors.New("a table of this job is of another version\nstart over with --fresh, or use the sluice that began the job")

// A Reader reads the notes of one block. The zero value has none.
type Reader struct {
	in    *manifest.Section
	at    int64 // of the next note to be read
	size  int64 // of all notes
	next  stages.Note
	have  bool
	arena []byte // payloads of the notes that were returned last
	list  []stages.Note
}

// Open opens the notes of a block.
func (t *Table) Open(segments string, block int) (*Reader, error) {
	r := new(Reader)
	return r, r.open(t, segments, block)
}

// open lets r read the notes of a block, after all of them have been checked once: a
// sample that is wrong by a bit would hide the notes behind it.
func (r *Reader) open(t *Table, segments string, block int) error {
	r.have, r.at, r.size, r.arena = false, 0, 0, r.arena[:0]
	if t == nil {
		return nil
	}
	ref, ok := t.Blocks[block]
	if !ok {
		return nil
	}
	if t.dir != "" {
		segments = t.dir
	}
	if err := r.section(segments, ref); err != nil {
		return err
	}
	if err := t.check(r.in, block); err != nil {
		return err
	}
	r.size = ref.Length
	return nil
}

// section opens a piece, in the file that is open where it lies there.
func (r *Reader) section(segments string, ref manifest.Ref) (err error) {
	if r.in != nil {
		if moved, err := r.in.Move(ref); moved || err != nil {
			return err
		}
		if err := r.in.Close(); err != nil {
			return err
		}
	}
	r.in, err = manifest.OpenSection(segments, ref)
	return err
}

// check compares the checksum of a block the first time.
func (t *Table) check(in *manifest.Section, block int) error {
	t.mu.Lock()
	known := t.checked[block]
	t.mu.Unlock()
	if known {
		return nil
	}
	if err := in.Check(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.checked == nil {
		t.checked = map[int]bool{}
	}
	t.checked[block] = true
	return nil
}

// Close closes the file.
func (r *Reader) Close() error {
	if r.in == nil {
		return nil
	}
	return r.in.Close()
}

// none is the sample that stands for the end.
const none = stages.ID(math.MaxUint64)

// Sample returns the sample of the next note; none at the end.
func (r *Reader) Sample() (stages.ID, error) {
	if !r.have {
		if r.at == r.size {
			return none, nil
		}
		if err := r.read(); err != nil {
			return none, err
		}
		r.have = true
	}
	return r.next.Sample, nil
}

// read reads the next note, its payload to the end of the arena.
func (r *Reader) read() error {
	const header = 8 + binary.MaxVarintLen64
	p, err := r.in.Peek(r.at, int(min(r.size-r.at, header)))
	switch {
	case err != nil:
		return err
	case len(p) < 8:
		return errBroken
	}
	id := stages.ID(binary.LittleEndian.Uint64(p))
	length, k := binary.Uvarint(p[8:])
	begin := 8 + k
	if k <= 0 || length > uint64(r.size-r.at)-uint64(begin) {
		return errBroken
	}
	n := int(length)
	if len(p) < begin+n {
		if p, err = r.in.Peek(r.at, begin+n); err != nil {
			return err
		}
	}
	at := len(r.arena)
	if cap(r.arena)-at < n {
		// What was returned stays where it is.
		r.arena, at = make([]byte, 0, max(4<<10, 2*n)), 0
	}
	r.arena = r.arena[:at+n]
	copy(r.arena[at:], p[begin:])
	r.next = stages.Note{Sample: id, Payload: r.arena[at:]}
	r.at += int64(begin + n)
	return nil
}

// Until returns the notes about samples before end, good until the next call.
func (r *Reader) Until(end stages.ID) ([]stages.Note, error) {
	r.list = r.list[:0]
	if !r.have {
		r.arena = r.arena[:0]
	} else {
		// The note that was read ahead moves to the front.
		n := copy(r.arena[:cap(r.arena)], r.next.Payload)
		r.arena = r.arena[:n]
		r.next.Payload = r.arena[:n:n]
	}
	for {
		id, err := r.Sample()
		if err != nil || id == none || id >= end {
			return r.list, err
		}
		r.list = append(r.list, r.next)
		r.have = false
	}
}

// Home implements stages.Meeting.
func (m *Meeting) Home(ctx context.Context, f func(id stages.ID, notes [][]stages.Note) error, tables ...string) error {
	h := home{m: m, tables: tables, readers: make([]Reader, len(tables)), notes: make([][]stages.Note, len(tables))}
	defer h.close()
	for b := m.Homes[m.Comm.Rank()]; b < m.Homes[m.Comm.Rank()+1]; b++ {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		err := h.block(b, f)
		if errors.Is(err, errEnough) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// A home reads tables at home.
type home struct {
	m       *Meeting
	tables  []string
	readers []Reader
	notes   [][]stages.Note
}

func (h *home) close() {
	for i := range h.readers {
		h.readers[i].Close()
	}
}

// block reads what is known of the samples of a block.
func (h *home) block(block int, f func(id stages.ID, notes [][]stages.Note) error) error {
	for i, name := range h.tables {
		if err := h.readers[i].open(h.m.table(name), h.m.Segments, block); err != nil {
			return fmt.Errorf("table %s: %w\na checkpoint of this job is damaged or gone; start over with --fresh", name, err)
		}
	}
	for {
		next := none
		for i := range h.readers {
			id, err := h.readers[i].Sample()
			if err != nil {
				return err
			}
			next = min(next, id)
		}
		if next == none {
			return nil
		}
		for i := range h.readers {
			list, err := h.readers[i].Until(next + 1)
			if err != nil {
				return err
			}
			h.notes[i] = list
		}
		if err := f(next, h.notes); err != nil {
			return err
		}
	}
}
