package spill

import (
	"encoding/binary"
	"hash/crc32"
)

// A run is a sorted part of the file.
type run struct {
	offset, length int64
	widest         int64 // bytes of its largest block, header included
}

// blockHeader is the number of bytes before the records of a block.
const blockHeader = 24

// runWriter appends one run to the file, in blocks as FORMAT.md draws them.
// Its first error sticks.
type runWriter struct {
	f       *file
	block   int64
	start   int // of the open block in f.pending
	records uint32
	run     run
	err     error
}

// newRunWriter begins a run at the end of f, in blocks of about so many bytes. One run is
// written at a time.
func newRunWriter(f *file, block int64) *runWriter {
	w := &runWriter{f: f, block: block, err: f.open()}
	if f.pending == nil {
		f.pending = make([]byte, 0, f.buffer)
	}
	f.pending = f.pending[:0]
	w.run.offset = f.size
	return w
}

// add appends a record, which must not be smaller than the one before.
func (w *runWriter) add(r Record) {
	const most = 24 + binary.MaxVarintLen64
	open := int64(len(w.f.pending) - w.start)
	if w.records > 0 && open+most+int64(len(r.Payload)) > w.block {
		w.endBlock(nil)
	}
	if w.records == 0 {
		// A block begins: it must fit the buffer, or hold one record alone.
		if len(w.f.pending)+blockHeader+most+len(r.Payload) > cap(w.f.pending) || len(w.f.pending)+int(w.block) > cap(w.f.pending) {
			w.flush()
		}
		w.start = len(w.f.pending)
		w.f.pending = append(w.f.pending, make([]byte, blockHeader)...)
	}
	p := binary.LittleEndian.AppendUint64(w.f.pending, r.Key)
	p = binary.LittleEndian.AppendUint64(p, r.Order)
	p = binary.LittleEndian.AppendUint64(p, r.Sample)
	p = binary.AppendUvarint(p, uint64(len(r.Payload)))
	w.records++
	if len(p)+len(r.Payload) > cap(p) {
		w.f.pending = p
		w.endBlock(r.Payload)
		return
	}
	w.f.pending = append(p, r.Payload...)
}

// endBlock fills in the header of the open block. Its data ends with rest,
// which is too large for the buffer and is written from where it lies.
func (w *runWriter) endBlock(rest []byte) {
	b := w.f.pending[w.start:]
	binary.LittleEndian.PutUint32(b[4:], w.records)
	binary.LittleEndian.PutUint64(b[8:], uint64(len(b)-blockHeader+len(rest)))
	binary.LittleEndian.PutUint64(b[16:], uint64(w.f.size+int64(w.start)))
	sum := crc32.Update(crc32.Checksum(b[4:], castagnoli), castagnoli, rest)
	binary.LittleEndian.PutUint32(b, sum)
	w.run.widest = max(w.run.widest, int64(len(b)+len(rest)))
	w.records = 0
	w.start = len(w.f.pending)
	if rest != nil {
		w.flush()
		w.write(rest)
	}
}

func (w *runWriter) flush() {
	w.write(w.f.pending)
	w.f.pending = w.f.pending[:0]
	w.start = 0
}

func (w *runWriter) write(p []byte) {
	if w.err == nil && len(p) > 0 {
		w.err = w.f.write(p)
	}
}

// close ends the run and says where it lies.
func (w *runWriter) close() (run, error) {
	if w.records > 0 {
		w.endBlock(nil)
	}
	w.flush()
	w.run.length = w.f.size - w.run.offset
	return w.run, w.err
}
