// Package round holds the rounds in which ranks compare samples between two
// passes over the input: it carries questions to judges, records to those that
// fetch them, and answers home.
//
// A [Meeting] is what one round is given to work with; [Hold] holds a round and
// keeps the table that it makes, of which [Table] says where it lies.
package round

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime/debug"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/spill"
)

// A Meeting is one rank's part of a round. It implements [stages.Meeting].
// Fields but those marked are the same on all ranks.
type Meeting struct {
	Name       string // of the round, for messages
	Comm       mpi.Comm
	Homes      []int // of [Homes]
	Budget     stages.Budget
	Rows       int64  // samples of the job
	Segments   string // folder that the tables lie in
	Scratch    string // this rank's folder for temporary files
	Prefix     string // begins their names
	MaxScratch int64  // bytes this rank may take there; 0 = no bound
	Tables     map[string]*Table
	Clock      *Clock // this rank's
	// Stopping says that this rank was asked to stop; nil = never.
	Stopping func() bool
	// Dest says which rank answers go to; nil = the home of their sample.
	Dest func(stages.ID) int

	kept map[string]*Table
	made int // files of kept tables so far
}

// stopEvery is after how many records a rank looks whether it was asked to stop.
const stopEvery = 1024

// stopped returns mpi.ErrStopped every so often, if the rank was asked to stop.
func (m *Meeting) stopped(n *int) error {
	if *n++; *n%stopEvery == 0 && m.Stopping != nil && m.Stopping() {
		return mpi.ErrStopped
	}
	return nil
}

// Held implements stages.Meeting.
func (m *Meeting) Held(table string) int64 {
	if t := m.table(table); t != nil {
		return t.Count
	}
	return 0
}

// Samples implements stages.Meeting.
func (m *Meeting) Samples() int64 { return m.Rows }

// Sum implements stages.Meeting.
func (m *Meeting) Sum(ctx context.Context, x []uint64) error {
	return m.Comm.AllReduce(ctx, x, mpi.Sum)
}

// Agree implements stages.Meeting.
func (m *Meeting) Agree(ctx context.Context, err error) error { return mpi.Agree(ctx, m.Comm, err) }

// ByKey implements stages.Meeting.
func (m *Meeting) ByKey(ctx context.Context, k stages.ByKey) (stages.Notes, error) {
	questions, err := m.gather(ctx, "questions", m.Budget.Sort, &m.Clock.Asked, func(r *router) error {
		n := 0
		return k.Ask(func(q stages.Question) error {
			if err := m.stopped(&n); err != nil {
				return err
			}
			return r.send(ctx, ownerOf(q.Key, m.Comm.Size()), q)
		})
	})
	if err != nil {
		return nil, err
	}
	defer questions.Close()
	answers, err := m.gather(ctx, "answers", m.Budget.Sort, &m.Clock.Answered, func(r *router) error {
		it, err := questions.Sorted()
		if err != nil {
			return err
		}
		answer := m.answerer(ctx, r)
		n := 0
		groups := it.Groups()
		if k.Shared {
			groups = it.Shared()
		}
		for key, records := range groups {
			if err := m.stopped(&n); err != nil {
				return err
			}
			if err := k.Judge(ctx, key, asQuestions(records), answer); err != nil {
				return err
			}
		}
		return it.Err()
	})
	return m.notes(ctx, answers, err)
}

func asQuestions(records iter.Seq[spill.Record]) iter.Seq[stages.Question] {
	return func(yield func(stages.Question) bool) {
		for rec := range records {
			if !yield(stages.Question{Key: rec.Key, Order: rec.Order, Sample: stages.ID(rec.Sample), Payload: rec.Payload}) {
				return
			}
		}
	}
}

// notes makes notes of the answers that came. It is collective, and err is agreed on.
func (m *Meeting) notes(ctx context.Context, s *spill.Sorter, err error) (stages.Notes, error) {
	if err != nil {
		return nil, err
	}
	notes, err := (&noteSorter{s}).Sorted()
	if e := m.Agree(ctx, err); e != nil {
		if err == nil {
			notes.Close()
		}
		return nil, e
	}
	return notes, nil
}

// Sorter implements stages.Meeting.
func (m *Meeting) Sorter() stages.Sorter { return &noteSorter{m.sorter("own", m.Budget.Sort/2)} }

// Keep implements stages.Meeting.
func (m *Meeting) Keep(table string, notes stages.Notes) error {
	if m.kept == nil {
		m.kept = map[string]*Table{}
	}
	if err := os.MkdirAll(m.Scratch, 0o777); err != nil {
		return errors.Join(err, notes.Close())
	}
	m.made++
	w := tableWriter{path: filepath.Join(m.Scratch, fmt.Sprintf("%s-%d-kept%d.seg", m.Prefix, m.Comm.Rank(), m.made)), block: -1}
	index, err := m.write(notes, &w)
	if err = errors.Join(err, notes.Close()); err != nil {
		// It may not be there.
		_ = os.Remove(w.path)
		return err
	}
	t, err := DecodeIndex(index)
	if err != nil {
		return err
	}
	m.drop(table)
	t.dir = m.Scratch
	m.kept[table] = t
	return nil
}

// drop removes a kept table.
func (m *Meeting) drop(table string) {
	t := m.kept[table]
	delete(m.kept, table)
	if t == nil {
		return
	}
	for _, ref := range t.Blocks {
		// All of them lie in one file. Scratch is cleaned in the end in any case.
		_ = os.Remove(filepath.Join(t.dir, ref.File))
		return
	}
}

// table returns a table by its name, nil if there is none.
func (m *Meeting) table(name string) *Table {
	if t := m.kept[name]; t != nil {
		return t
	}
	return m.Tables[name]
}

// Room implements stages.Meeting.
func (m *Meeting) Room() int64 { return m.Budget.Sort / 2 }

// A noteSorter sorts notes.
type noteSorter struct{ s *spill.Sorter }

func (n *noteSorter) Add(note stages.Note) error {
	return n.s.Add(spill.Record{Key: uint64(note.Sample), Sample: uint64(note.Sample), Payload: note.Payload})
}

func (n *noteSorter) Close() error { return n.s.Close() }

func (n *noteSorter) Sorted() (stages.Notes, error) {
	it, err := n.s.Sorted()
	if err != nil {
		return nil, errors.Join(err, n.s.Close())
	}
	return &sortedNotes{it, n.s}, nil
}

// sortedNotes are notes that a sorter gives back.
type sortedNotes struct {
	it *spill.Iter
	s  *spill.Sorter
}

func (n *sortedNotes) Next() (stages.Note, error) {
	r, err := n.it.Next()
	return stages.Note{Sample: stages.ID(r.Sample), Payload: r.Payload}, err
}

func (n *sortedNotes) Close() error { return n.s.Close() }

// guard calls do and makes a panic an error with its stack.
func guard(do func() error) (err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("panic: %v\n%s", x, debug.Stack())
		}
	}()
	return do()
}
