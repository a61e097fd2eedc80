// Package stages holds the words that every pipeline is written in: the
// [Batch] that flows, the kinds of [Stage] that it flows through, and the
// [Source] and [Sink] at its ends.
//
// The kind of a stage is the interface that it implements, and a stage is
// handed exactly the means of communication that its kind declares. A Mapper
// is given none, so it cannot wait for another rank. To write a stage, begin
// with [Filter] if it scores samples one at a time, with [Mapper] if it
// changes them, with [Shuffler] if it compares them.
package stages

import (
	"context"
	"iter"
)

// A Stage is one step of a pipeline. It implements exactly one of [Mapper]
// and [Shuffler].
type Stage interface {
	// Name is the name of the stage in the job file, unique in the job.
	Name() string
	// Columns says which columns the stage reads, adds and changes.
	Columns() Columns
}

// Columns declares what a stage does to columns.
type Columns struct {
	Reads   []Need
	Adds    []string
	Changes []string
}

// A Mapper looks at one batch at a time and talks to nobody. Map may drop,
// annotate or rewrite rows that are kept; it leaves the others alone. Several
// goroutines call Map at the same time, each with a batch of its own. What it
// does to a row must depend on that row alone.
type Mapper interface {
	Stage
	Map(ctx context.Context, b *Batch) error
}

// A Question is asked by a sample. All questions with one key meet.
type Question struct {
	Key     uint64 // its top 12 bits choose the partition, so it must be well mixed
	Order   uint64 // smallest first, then the smaller ID
	Sample  ID
	Payload []byte // the callee's until it returns
}

// An Answer is what a judge tells a sample.
type Answer struct {
	Sample  ID
	Payload []byte
}

// A Shuffler compares samples with those of other ranks, by key. In the pass
// that ends with it, Ask is called for every batch; then Judge sees all
// questions with one key, wherever they were asked; in the next pass Apply
// gets the answers. Ask and Apply are called from several goroutines at the
// same time, Judge from one goroutine per partition.
type Shuffler interface {
	Stage
	// Ask asks questions about kept rows of b, in any number. ask copies the
	// payload.
	Ask(ctx context.Context, b *Batch, ask func(Question)) error
	// Judge reads the questions of one key in the order of (Order, Sample),
	// and may answer any sample, its own or those of other keys, in any number.
	// It may stop reading early. answer copies the payload.
	Judge(ctx context.Context, key uint64, questions iter.Seq[Question], answer func(Answer) error) error
	// Apply gets the answers to samples of b, sorted by sample and payload.
	// Rows that were dropped before the stage are not kept in b.
	Apply(ctx context.Context, b *Batch, answers []Answer) error
}

// KindOf says in one word how s communicates, for plans and reports.
func KindOf(s Stage) string {
	switch s.(type) {
	case Mapper:
		return "map"
	case Shuffler:
		return "shuffle"
	}
	return "unknown"
}

// Common holds the keys that every [[stage]] table has.
type Common struct {
	Use    string `toml:"use"`
	Name   string `toml:"name"`
	Column string `toml:"column"` // "" = the text column of [read], already filled in for constructors
	When   string `toml:"when"`
	Action string `toml:"action"` // "drop" (default) or "mark"
	Score  string `toml:"score"`
	Invert bool   `toml:"invert"`
	Seed   uint64 `toml:"seed"`
}
