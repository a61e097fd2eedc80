// Package stages holds the words that every pipeline is written in: the
// [Batch] that flows, the kinds of [Stage] that it flows through, and the
// [Source] and [Sink] at its ends.
//
// The kind of a stage is the interface that it implements, and a stage is
// handed exactly the means of communication that its kind declares. A Mapper
// is given none, so it cannot wait for another rank. To write a stage, begin
// with [Filter] if it scores samples one at a time, with [Classifier] if it also
// names what they are, with [Mapper] if it changes them, with [Shuffler] if it compares
// them, with [Mover] if it moves them to other shards, with [Splitter] if it makes several of one.
package stages

import "context"

// A Stage is one step of a pipeline. It implements exactly one of [Mapper], its relations
// [Splitter] and [Joiner], [Shuffler] and [Mover].
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
	Drops   []string // are not written, and no later stage may read them
	Takes   []string // that an earlier stage has added, and are gone behind this one
	// Kinds are the kinds of columns that it adds, where they are not those of the
	// first value, or none may have a value.
	Kinds map[string]Kind
}

// A Mapper looks at one batch at a time and talks to nobody. Map may drop,
// annotate or rewrite rows that are kept; it leaves the others alone. Several
// goroutines call Map at the same time, each with a batch of its own. What it
// does to a row must depend on that row alone.
type Mapper interface {
	Stage
	Map(ctx context.Context, b *Batch) error
}

// A Shuffler compares samples with those of other ranks. It ends a pass: Note
// is called for every batch, and what it writes down lies with the homes of
// the samples, as a table. Between that pass and the next the ranks meet in
// rounds, which read tables and make others. In the next pass Apply is given
// what they found. Note and Apply are called from several goroutines at the
// same time.
type Shuffler interface {
	Stage
	// Tables names what the stage reads and makes.
	Tables() Tables
	// Note writes down what the rounds need to know of kept rows of b, in the
	// order of the rows. given are the notes in the table Given about rows of b.
	// note copies the payload.
	Note(ctx context.Context, b *Batch, given []Note, note func(Note)) error
	// Rounds are held in this order. They are the same on all ranks.
	Rounds() []Round
	// Apply gets the notes in the table Apply about samples of b, sorted by
	// sample and payload. Rows that were dropped before the stage are not kept in b.
	Apply(ctx context.Context, b *Batch, notes []Note) error
}

// Tables names the tables of a [Shuffler]. A name is unique in the job; by
// custom it begins with the name of the stage.
type Tables struct {
	// Given is the table that Note is given; "" = none. Where it has no note
	// at all, the pass is not read and Note makes an empty table.
	Given string
	// Notes is the table that Note makes.
	Notes string
	// Apply is the table that Apply is given; "" = the stage only prepares
	// what a later one applies, and Apply is never called.
	Apply string
}

// KindOf says in one word how s communicates, for plans and reports.
func KindOf(s Stage) string {
	switch s.(type) {
	case Mapper, Splitter, Joiner:
		return "map"
	case Shuffler:
		return "shuffle"
	case Mover:
		return "move"
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
