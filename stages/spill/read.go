package spill

import (
	"encoding/binary"
	"hash/crc32"
	"io"
)

// runReader reads one run, in order, through a buffer of its own.
type runReader struct {
	f      *file
	next   int64  // offset in the file of the first byte that is not in ahead
	end    int64  // of the run
	buffer []byte // whole blocks are read into it
	ahead  []byte // of buffer: bytes after the current block
	data   []byte // of the current block: records that are still to come
	left   uint32 // how many
	at     int64  // offset of the current block
}

// newRunReader reads run r of f through buffer, which is the reader's from now
// on. A block that is larger than buffer is read into memory of its own.
func newRunReader(f *file, r run, buffer []byte) *runReader {
	return &runReader{f: f, next: r.offset, end: r.offset + r.length, buffer: buffer}
}

// read returns the next record. Its payload is good until the next call. The
// error is io.EOF at the end.
func (r *runReader) read() (Record, error) {
	if r.left == 0 {
		if err := r.nextBlock(); err != nil {
			return Record{}, err
		}
	}
	rec, rest, ok := decodeRecord(r.data)
	r.left--
	if !ok || r.left == 0 && len(rest) > 0 {
		return Record{}, r.f.damaged(r.at, "its records do not fill the block")
	}
	r.data = rest
	return rec, nil
}

// decodeRecord takes a record off the front of p; ok is false if p is not one.
// The payload is a part of p.
func decodeRecord(p []byte) (r Record, rest []byte, ok bool) {
	if len(p) < 25 {
		return r, nil, false
	}
	r.Key = binary.LittleEndian.Uint64(p)
	r.Order = binary.LittleEndian.Uint64(p[8:])
	r.Sample = binary.LittleEndian.Uint64(p[16:])
	n, w := binary.Uvarint(p[24:])
	p = p[24:]
	if w <= 0 || n > uint64(len(p)-w) {
		return r, nil, false
	}
	p = p[w:]
	r.Payload = p[:n:n]
	return r, p[n:], true
}

// nextBlock reads and checks a block.
func (r *runReader) nextBlock() error {
	r.at = r.next - int64(len(r.ahead))
	if r.at == r.end {
		return io.EOF
	}
	if err := r.fill(blockHeader); err != nil {
		return err
	}
	h := r.ahead[:blockHeader]
	sum, count := binary.LittleEndian.Uint32(h), binary.LittleEndian.Uint32(h[4:])
	length, offset := binary.LittleEndian.Uint64(h[8:]), binary.LittleEndian.Uint64(h[16:])
	if offset != uint64(r.at) || count == 0 || length > uint64(r.end-r.at-blockHeader) {
		return r.f.damaged(r.at, "a block does not begin here")
	}
	size := blockHeader + int64(length)
	if err := r.fill(size); err != nil {
		return err
	}
	b := r.ahead[:size]
	if crc32.Checksum(b[4:], castagnoli) != sum {
		return r.f.damaged(r.at, "the checksum of the block is wrong")
	}
	r.data, r.left, r.ahead = b[blockHeader:], count, r.ahead[size:]
	return nil
}

// fill makes ahead at least n bytes long, reading as much as the buffer takes.
func (r *runReader) fill(n int64) error {
	have := int64(len(r.ahead))
	if have >= n {
		return nil
	}
	if n > r.end-r.at {
		return r.f.damaged(r.at, "the run ends within a block")
	}
	buffer := r.buffer
	if n > int64(len(buffer)) {
		// Only where a record is larger than its share of the memory.
		buffer = make([]byte, n)
	}
	copy(buffer, r.ahead)
	buffer = buffer[:min(int64(len(buffer)), r.end-r.at)]
	if err := r.f.readAt(buffer[have:], r.next); err != nil {
		return err
	}
	r.ahead = buffer
	r.next = r.at + int64(len(buffer))
	return nil
}
