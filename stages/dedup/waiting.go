package dedup

import (
	"encoding/binary"
	"errors"
	"io"

	"sluice/stages"
)

// A waiting holds answers of which it is not yet known whether they are to be given:
// in memory up to a bound, and on scratch beyond it. The zero value has none.
type waiting struct {
	buf    []byte        // sample, 8 bytes; length of the payload, a uvarint; the payload
	sorter stages.Sorter // nil while all of them are in buf
}

// add adds an answer; room bounds buf, and sorter makes what takes the others.
func (w *waiting) add(n stages.Note, room int64, sorter func() stages.Sorter) error {
	if int64(len(w.buf)) < room {
		w.buf = appendID(w.buf, n.Sample)
		w.buf = binary.AppendUvarint(w.buf, uint64(len(n.Payload)))
		w.buf = append(w.buf, n.Payload...)
		return nil
	}
	if w.sorter == nil {
		w.sorter = sorter()
	}
	return w.sorter.Add(n)
}

// release gives all answers, and holds none after.
func (w *waiting) release(answer func(stages.Note) error) error {
	for p := w.buf; len(p) > 0; {
		id := stages.ID(binary.LittleEndian.Uint64(p))
		size, n := binary.Uvarint(p[8:])
		end := 8 + n + int(size)
		if err := answer(stages.Note{Sample: id, Payload: p[8+n : end]}); err != nil {
			return err
		}
		p = p[end:]
	}
	w.buf = w.buf[:0]
	if w.sorter == nil {
		return nil
	}
	notes, err := w.sorter.Sorted()
	w.sorter = nil
	if err != nil {
		return err
	}
	return errors.Join(giveAll(notes, answer), notes.Close())
}

func giveAll(notes stages.Notes, answer func(stages.Note) error) error {
	for {
		n, err := notes.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = answer(n)
		}
		if err != nil {
			return err
		}
	}
}

// drop forgets all answers.
func (w *waiting) drop() error {
	w.buf = w.buf[:0]
	if w.sorter == nil {
		return nil
	}
	s := w.sorter
	w.sorter = nil
	return s.Close()
}
