package dedup

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"sluice/stages"
)

// A note about the units of a document holds up to noteUnits of them: the position of the first, as a
// first position, which keeps notes in the order of the text; the order of the document, a
// uvarint; and for each different unit, in the order of the text
//
//	twice the distance of its position from that of the one before, and 1 if it repeats, a uvarint
//	upper 64 bits of the hash, the 32 below
//	if it repeats: length of what follows, a uvarint; the other positions, as in a list
//
// 13 bytes for most. The payload of a question is the lower half of the hash, and the list of positions.
const noteUnits = 256

// A noter writes notes. It belongs to one goroutine at a time.
type noter struct {
	hasher
	found   []occurrence
	firsts  [2 * noteUnits]uint16 // by hash: 1 + the first in found with it
	payload []byte
	list    []byte
}

// An occurrence is a unit at its position.
type occurrence struct {
	hash     unitHash
	position uint32
	next     uint16 // in found, with the same hash; 0 = none
	last     uint16 // of them, known to the first
	repeats  bool   // is not the first
}

// note calls note with the payload of each note about a document. It is good until
// note returns.
func (w *noter) note(text []byte, order uint64, note func(payload []byte)) {
	end := func() {
		if len(w.found) > 0 {
			note(w.encode(order))
		}
		w.found = w.found[:0]
		clear(w.firsts[:])
	}
	w.each(text, func(position uint32, hash unitHash) {
		if w.add(position, hash); len(w.found) == noteUnits {
			end()
		}
	})
	end()
}

// add adds what was found to the others with its hash.
func (w *noter) add(position uint32, hash unitHash) {
	i := uint16(len(w.found))
	o := occurrence{hash: hash, position: position, last: i}
	slot := int(hash.key % uint64(len(w.firsts)))
	for ; w.firsts[slot] != 0; slot = (slot + 1) % len(w.firsts) {
		first := &w.found[w.firsts[slot]-1]
		if first.hash == hash {
			w.found[first.last].next, first.last, o.repeats = i, i, true
			break
		}
	}
	if !o.repeats {
		w.firsts[slot] = i + 1
	}
	w.found = append(w.found, o)
}

// encode returns the payload of the note about what was found.
func (w *noter) encode(order uint64) []byte {
	last := w.found[0].position
	p := appendFirst(w.payload[:0], last)
	p = binary.AppendUvarint(p, order)
	for i := range w.found {
		o := &w.found[i]
		if o.repeats {
			continue
		}
		p = binary.AppendUvarint(p, uint64(o.position-last)<<1|uint64(min(o.next, 1)))
		p = binary.LittleEndian.AppendUint64(p, o.hash.key)
		p = binary.LittleEndian.AppendUint32(p, o.hash.low)
		last = o.position
		if o.next != 0 {
			w.list = w.appendRepeats(w.list[:0], o)
			p = binary.AppendUvarint(p, uint64(len(w.list)))
			p = append(p, w.list...)
		}
	}
	w.payload = p
	return p
}

// appendRepeats appends the positions of those that repeat o.
func (w *noter) appendRepeats(b []byte, o *occurrence) []byte {
	for o.next != 0 {
		next := &w.found[o.next]
		b = binary.AppendVarint(b, int64(next.position)-int64(o.position))
		o = next
	}
	return b
}

// Lengths in notes and questions.
const (
	keySize  = 8
	lowSize  = 4
	hashSize = keySize + lowSize
)

// errUnits reports a note that passed its checksum and is none.
var errUnits = errors.New("a note about the units of a document is broken: this is a bug")

// An asker asks for the units of documents.
type asker struct{ payload []byte }

// ask asks for the units in a note about a document.
func (a *asker) ask(id stages.ID, p []byte, ask func(stages.Question) error) error {
	position, p, ok := takeFirst(p)
	order, n := binary.Uvarint(p)
	if !ok || n <= 0 {
		return errUnits
	}
	for p = p[n:]; len(p) > 0; {
		step, n := binary.Uvarint(p)
		position += uint32(step >> 1)
		if n <= 0 || len(p) < n+hashSize || step>>1 >= maxUnits || position >= maxUnits {
			return errUnits
		}
		q := stages.Question{Key: binary.LittleEndian.Uint64(p[n:]), Order: order, Sample: id}
		a.payload = append(a.payload[:0], p[n+keySize:n+hashSize]...)
		a.payload = appendFirst(a.payload, position)
		p = p[n+hashSize:]
		if step&1 != 0 {
			size, n := binary.Uvarint(p)
			if n <= 0 || size > uint64(len(p)-n) {
				return errUnits
			}
			a.payload = append(a.payload, p[n:n+int(size)]...)
			p = p[n+int(size):]
		}
		q.Payload = a.payload
		if err := ask(q); err != nil {
			return err
		}
	}
	return nil
}

// A cutter takes units out of texts. It belongs to one goroutine.
type cutter struct {
	*units
	gone []bool // parts of the text, as far as any is gone
	list []uint32
}

// without returns a new text: text without the units at the positions in notes.
func (c *cutter) without(text []byte, notes []stages.Note) ([]byte, error) {
	clear(c.gone)
	c.gone = c.gone[:0]
	for _, n := range notes {
		var err error
		if c.list, err = takePositions(c.list[:0], n.Payload); err != nil {
			return nil, err
		}
		for _, at := range c.list {
			end := int(at + c.span())
			c.gone = slices.Grow(c.gone, max(0, end-len(c.gone)))
			c.gone = c.gone[:max(end, len(c.gone))]
			for i := int(at); i < end; i++ {
				c.gone[i] = true
			}
		}
	}
	return c.join(text), nil
}

// parts returns how many parts the last text lost.
func (c *cutter) parts() (n int64) {
	for _, gone := range c.gone {
		if gone {
			n++
		}
	}
	return n
}

// join joins the parts of text that are not gone. Between two of them stands what ended
// the first; where that has no line feed and the end of a part that is gone from there has one,
// that. What ended the text ends it.
func (c *cutter) join(text []byte) []byte {
	left := make([]byte, 0, len(text))
	var between, end []byte // what stands behind what is left so far; the end of the last part
	some := false
	for n := 0; len(text) > 0; n++ {
		content, size := c.cut(text)
		part := text[:content]
		end, text = text[content:size], text[size:]
		if n < len(c.gone) && c.gone[n] {
			if bytes.IndexByte(between, '\n') < 0 && bytes.IndexByte(end, '\n') >= 0 {
				between = end
			}
			continue
		}
		if some {
			left = append(left, between...)
		}
		left = append(left, part...)
		between, some = end, true
	}
	if !some {
		return left
	}
	return append(left, end...)
}
