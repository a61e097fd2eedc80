package dedup

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"

	"sluice/stages"
)

func appendID(b []byte, id stages.ID) []byte { return binary.LittleEndian.AppendUint64(b, uint64(id)) }

// distinct returns notes without those that repeat the one before.
func distinct(notes stages.Notes, err error) (stages.Notes, error) {
	if notes == nil || err != nil {
		return nil, err
	}
	return &distinctNotes{Notes: notes}, nil
}

type distinctNotes struct {
	stages.Notes
	last stages.Note
	some bool
}

func (d *distinctNotes) Next() (stages.Note, error) {
	for {
		n, err := d.Notes.Next()
		if err != nil || !d.some || n.Sample != d.last.Sample || !bytes.Equal(n.Payload, d.last.Payload) {
			d.some = true
			d.last.Sample, d.last.Payload = n.Sample, append(d.last.Payload[:0], n.Payload...)
			return n, err
		}
	}
}

// move adds all notes to s, and closes them.
func move(s stages.Sorter, notes stages.Notes) error {
	for {
		n, err := notes.Next()
		if errors.Is(err, io.EOF) {
			return notes.Close()
		}
		if err == nil {
			err = s.Add(n)
		}
		if err != nil {
			return errors.Join(err, notes.Close())
		}
	}
}

// keepSorted keeps what was added to s as a table, unless adding failed with err.
func keepSorted(m stages.Meeting, table string, s stages.Sorter, err error) error {
	if err != nil {
		return errors.Join(err, s.Close())
	}
	notes, err := s.Sorted()
	if err != nil {
		return err
	}
	return m.Keep(table, notes)
}

// count counts the samples of all ranks that have notes as which says. It is collective.
func count(ctx context.Context, m stages.Meeting, which func(notes [][]stages.Note) bool, tables ...string) (int64, error) {
	n := []uint64{0}
	err := m.Agree(ctx, m.Home(ctx, func(_ stages.ID, notes [][]stages.Note) error {
		if which(notes) {
			n[0]++
		}
		return nil
	}, tables...))
	if err != nil {
		return 0, err
	}
	err = m.Sum(ctx, n)
	return int64(n[0]), err
}
