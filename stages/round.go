package stages

import (
	"context"
	"iter"
)

// A Note is what is known of a sample. A table is any number of notes, sorted
// by sample and payload; those about a sample lie with its home, the rank that
// answers for its block.
type Note struct {
	Sample  ID
	Payload []byte
}

// A Round is a meeting of the ranks between two passes. It reads tables, its
// own rank's part of them, and makes one.
type Round struct {
	// Name says in plans and messages what the round is for.
	Name string
	// Makes is the table that the notes of the round become. It takes the
	// place of one of that name.
	Makes string
	// Given are tables without which the round has nothing to do; empty = none.
	// Where none of them has a note, the round is not held, and the table that it
	// makes stays as it was.
	Given []string
	// Alone says that what Run holds in memory does not shrink with its part of the samples.
	Alone bool
	// Run holds the round. It is collective, and called by several goroutines of a rank, each
	// with a meeting in which it is a rank of its own, unless the round is to be held alone. The notes may be nil, for none.
	Run func(ctx context.Context, m Meeting) (Notes, error)
}

// A Meeting is what a round is given to work with, by one goroutine. ByKey,
// Fetch, Sum and Agree are collective. Home may be called from within the functions
// that are passed to them.
type Meeting interface {
	// Home calls f for each sample at home that has a note in at least one of
	// the tables, in the order of the samples. notes[i] are those in tables[i], sorted by
	// payload, and good until f returns.
	Home(ctx context.Context, f func(id ID, notes [][]Note) error, tables ...string) error
	// Held returns the number of notes in a table, over all ranks; of a table that
	// Keep made, those of this rank.
	Held(table string) int64
	// Samples returns the number of samples that the first pass saw.
	Samples() int64
	// ByKey holds a round by key: all questions with one key meet at one judge.
	ByKey(ctx context.Context, k ByKey) (Notes, error)
	// Fetch holds a round of fetching.
	Fetch(ctx context.Context, f Fetch) (Notes, error)
	// Sum adds x up over the ranks, in place, modulo 2^64.
	Sum(ctx context.Context, x []uint64) error
	// Agree returns nil if err is nil on all ranks, and otherwise an error on all. It
	// must stand between what can fail on one rank and the next collective;
	// ByKey, Fetch and the end of the round agree on what happens in them.
	Agree(ctx context.Context, err error) error
	// Sorter returns a sorter of notes that belong to this rank alone.
	Sorter() Sorter
	// Keep makes a table of notes about samples at home, for Home and Fetch
	// in this round; nothing is left of it after. It closes the notes. It takes the
	// place of a table of that name.
	Keep(table string, notes Notes) error
	// Room is how many bytes the round may hold besides.
	Room() int64
}

// A Question is asked by a sample. All questions with one key meet.
type Question struct {
	Key     uint64 // ByKey: its top 12 bits choose the partition, so it must be well mixed
	Order   uint64 // smallest first, then the smaller ID
	Sample  ID
	Payload []byte // the callee's until it returns
}

// A Judge reads the questions of one key in the order of (Order, Sample,
// Payload), and may answer any sample, its own or those of other keys, in any
// number. It may stop reading early. answer copies the payload.
type Judge func(ctx context.Context, key uint64, questions iter.Seq[Question], answer func(Note) error) error

// ByKey is a round by key. Answers travel to the homes of their samples.
type ByKey struct {
	// Ask asks the questions of this rank. ask copies the payload.
	Ask func(ask func(Question) error) error
	// Judge is called on one rank for each key, by one goroutine at a time.
	Judge Judge
	// Shared says that it need not be called for a key that only one question has.
	Shared bool
}

// Fetch is a round in which ranks fetch what the homes of samples know of
// them. The key of a question is the ID of the sample that it is about; the
// questions stay on the rank that asks. The record of a sample travels once to
// each rank that asks about it, however many of its samples do.
type Fetch struct {
	Ask func(ask func(Question) error) error
	// Tables are read at the home of the sample, and Record makes of the
	// notes in them what the others get to see. The result is good until the
	// next call. notes are empty for a sample without any.
	Tables []string
	Record func(id ID, notes [][]Note) ([]byte, error)
	// Judge is called on each rank for each sample that the rank asked about,
	// with its record.
	Judge func(ctx context.Context, about ID, record []byte, questions iter.Seq[Question], answer func(Note) error) error
}

// Notes are read once, in the order of (Sample, Payload).
type Notes interface {
	// Next returns the next note, good until the next call, or io.EOF.
	Next() (Note, error)
	Close() error
}

// A Sorter sorts notes within the memory of the rank.
type Sorter interface {
	Add(Note) error
	// Sorted ends adding. Closing the notes closes the sorter.
	Sorted() (Notes, error)
	Close() error
}
