package pipeline

import (
	"encoding/binary"
	"errors"

	"sluice/stages"
	"sluice/stages/manifest"
)

// A blockRecord says that a pass is done with a block, and where what came of
// it lies. It is one record of the journal (FORMAT.md).
type blockRecord struct {
	pass, block int
	rows        int64   // lines: blank ones and damaged ones included
	samples     int64   // rows less those that are none: blank lines, rows out of read.sample
	noted       int64   // notes about the rows
	counts      []int64 // rows left by each counting step
	present     []int64 // batches that had each wanted column, and last those with rows
	damaged     int64
	lost        int64          // damaged rows in runs that could not be read
	truncated   bool           // the shard could not be read to its end
	bytesIn     int64          // read from the input
	bytesOut    int64          // of the piece
	left        int64          // rows of the piece
	labels      []stages.Label // of them, sorted by name; nil without a labeler

	alive   manifest.Ref // bitmap of the rows left; the zero Ref means all of them
	damage  manifest.Ref // list of damaged rows
	notes   manifest.Ref // about the rows of the block
	piece   manifest.Ref // of the output shard
	tallies manifest.Ref // what stages have counted
	tags    manifest.Ref // index of the label of each row left, a uvarint
	removed manifest.Ref // chunks of rows that stages dropped
}

func (r *blockRecord) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(r.pass))
	b = binary.AppendUvarint(b, uint64(r.block))
	for _, v := range []int64{r.rows, r.samples, r.damaged, r.lost, r.noted, r.bytesIn, r.bytesOut, r.left} {
		b = binary.AppendUvarint(b, uint64(v))
	}
	truncated := byte(0)
	if r.truncated {
		truncated = 1
	}
	b = append(b, truncated)
	for _, list := range [][]int64{r.counts, r.present} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, v := range list {
			b = binary.AppendUvarint(b, uint64(v))
		}
	}
	b = binary.AppendUvarint(b, uint64(len(r.labels)))
	for _, l := range r.labels {
		b = binary.AppendUvarint(appendBytes(b, []byte(l.Name)), uint64(l.Rows))
	}
	for _, ref := range []manifest.Ref{r.alive, r.damage, r.notes, r.piece, r.tallies, r.tags, r.removed} {
		b = appendRef(b, ref)
	}
	return b
}

// A shape is how long the lists are in the block records of a pass.
type shape struct{ counts, wanted int }

// shapesOf returns the shape of each pass.
func (r *run) shapesOf() []shape {
	shapes := make([]shape, len(r.passes))
	for p, pass := range r.passes {
		steps, trims := counted(pass)
		shapes[p] = shape{steps + trimCounts*len(trims), len(r.wanted(pass.Needs()))}
	}
	return shapes
}

// has says that a record is of the shape. Its last count of columns is there where the block has rows.
func (s shape) has(r *blockRecord) bool {
	return len(r.counts) == s.counts && (len(r.present) == s.wanted || len(r.present) == s.wanted+1)
}

// errShort reports a record that passed its checksum and is still not whole:
// one that another version wrote.
var errShort = errors.New("a record of the journal is of another version\nstart over with --fresh, or use the sluice that began the job")

func decodeBlockRecord(p []byte) (*blockRecord, []byte, error) {
	d := decoder{p: p}
	r := &blockRecord{pass: int(d.uint()), block: int(d.uint())}
	for _, v := range []*int64{&r.rows, &r.samples, &r.damaged, &r.lost, &r.noted, &r.bytesIn, &r.bytesOut, &r.left} {
		*v = int64(d.uint())
	}
	r.truncated = d.byte() == 1
	for _, list := range []*[]int64{&r.counts, &r.present} {
		n := d.uint()
		if n > uint64(len(d.p)) {
			return nil, nil, errShort
		}
		for range n {
			*list = append(*list, int64(d.uint()))
		}
	}
	labels := d.uint()
	if labels > uint64(len(d.p)) {
		return nil, nil, errShort
	}
	for range labels {
		r.labels = append(r.labels, stages.Label{Name: string(d.bytes()), Rows: int64(d.uint())})
	}
	for _, ref := range []*manifest.Ref{&r.alive, &r.damage, &r.notes, &r.piece, &r.tallies, &r.tags, &r.removed} {
		*ref = d.ref()
	}
	if d.short {
		return nil, nil, errShort
	}
	return r, d.p, nil
}

// appendRef appends a Ref, or that there is none.
func appendRef(b []byte, ref manifest.Ref) []byte {
	if ref == (manifest.Ref{}) {
		return append(b, 0)
	}
	return ref.AppendTo(append(b, 1))
}

// appendBytes appends a length and bytes.
func appendBytes(b, p []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(p))), p...)
}

// A decoder takes values from the front of p; short is set once p was too short.
type decoder struct {
	p     []byte
	short bool
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.p)
	if n <= 0 {
		d.short = true
		d.p = nil
		return 0
	}
	d.p = d.p[n:]
	return v
}

func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.p)) {
		d.short = true
		d.p = nil
		return make([]byte, 8) // as much as any caller indexes
	}
	p := d.p[:n]
	d.p = d.p[n:]
	return p
}

func (d *decoder) byte() byte     { return d.take(1)[0] }
func (d *decoder) bytes() []byte  { return d.take(d.uint()) }
func (d *decoder) uint64() uint64 { return binary.LittleEndian.Uint64(d.take(8)) }
func (d *decoder) uint32() uint32 { return binary.LittleEndian.Uint32(d.take(4)) }

func (d *decoder) ref() (ref manifest.Ref) {
	if d.byte() == 0 {
		return ref
	}
	ref, rest, err := manifest.DecodeRef(d.p)
	d.p, d.short = rest, d.short || err != nil
	return ref
}
