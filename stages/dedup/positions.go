package dedup

import (
	"encoding/binary"
	"errors"
	"io"

	"sluice/stages"
)

// Positions of units in a text travel as a list: the first in a form whose bytes
// compare as the numbers do, of 1 to 4 bytes of which the upper two bits of the first
// byte say how many more there are; then differences, as signed varints. What is noted and
// answered about a document is thus in the order of its text.

// appendFirst appends a first position, less than maxUnits.
func appendFirst(b []byte, n uint32) []byte {
	switch {
	case n < 1<<6:
		return append(b, byte(n))
	case n < 1<<14:
		return append(b, byte(n>>8)|1<<6, byte(n))
	case n < 1<<22:
		return append(b, byte(n>>16)|2<<6, byte(n>>8), byte(n))
	}
	return append(b, byte(n>>24)|3<<6, byte(n>>16), byte(n>>8), byte(n))
}

// takeFirst takes a first position from the front of p.
func takeFirst(p []byte) (n uint32, rest []byte, ok bool) {
	if len(p) == 0 || len(p) <= int(p[0]>>6) {
		return 0, nil, false
	}
	more := int(p[0] >> 6)
	n = uint32(p[0] & 0x3f)
	for _, c := range p[1 : 1+more] {
		n = n<<8 | uint32(c)
	}
	return n, p[1+more:], true
}

// appendPositions appends a list of positions, which is not empty.
func appendPositions(b []byte, list []uint32) []byte {
	b = appendFirst(b, list[0])
	for i, n := range list[1:] {
		b = binary.AppendVarint(b, int64(n)-int64(list[i]))
	}
	return b
}

// errPositions reports positions that passed all checksums and are none.
var errPositions = errors.New("a list of positions is broken: this is a bug")

// takePositions appends the positions in p to list.
func takePositions(list []uint32, p []byte) ([]uint32, error) {
	n, p, ok := takeFirst(p)
	for list = append(list, n); ok && len(p) > 0; list = append(list, n) {
		d, k := binary.Varint(p)
		next := int64(n) + d
		if ok = k > 0 && 0 <= next && next < maxUnits; !ok {
			break
		}
		n, p = uint32(next), p[k:]
	}
	if !ok {
		return list, errPositions
	}
	return list, nil
}

// packSize is about how long a note with packed positions may be.
const packSize = 2048

// packed joins the lists of positions that follow each other in notes about one sample:
// most have one position.
func packed(notes stages.Notes, err error) (stages.Notes, error) {
	if notes == nil || err != nil {
		return nil, err
	}
	return &packedNotes{Notes: notes}, nil
}

type packedNotes struct {
	stages.Notes
	next    stages.ID // of the positions in list
	list    []uint32
	payload []byte
	ended   bool
}

func (p *packedNotes) Next() (stages.Note, error) {
	var last uint32
	p.payload = p.payload[:0]
	for {
		sample := p.next
		if len(p.list) > 0 {
			if len(p.payload) == 0 {
				p.payload = appendPositions(p.payload, p.list)
			} else {
				for _, n := range p.list {
					p.payload = binary.AppendVarint(p.payload, int64(n)-int64(last))
					last = n
				}
			}
			last = p.list[len(p.list)-1]
			p.list = p.list[:0]
		}
		if err := p.read(); err != nil {
			return stages.Note{}, err
		}
		if len(p.payload) > 0 && (p.ended || p.next != sample || len(p.payload) >= packSize) {
			return stages.Note{Sample: sample, Payload: p.payload}, nil
		}
		if p.ended {
			return stages.Note{}, io.EOF
		}
	}
}

// read reads the positions of the next note.
func (p *packedNotes) read() error {
	if p.ended {
		return nil
	}
	n, err := p.Notes.Next()
	if errors.Is(err, io.EOF) {
		p.ended = true
		return nil
	}
	if err == nil {
		p.next = n.Sample
		p.list, err = takePositions(p.list, n.Payload)
	}
	return err
}
