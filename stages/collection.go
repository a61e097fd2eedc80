package stages

import "context"

// SavedFormat is the format of shards that a [Collector] saved. Their batches have no
// columns but Records; only the stage that they are against sees them.
const SavedFormat = "saved"

// A Collector is a [Shuffler] that can save what is known of the samples that stay, so
// that a later job compares with these without their texts.
type Collector interface {
	Shuffler
	// Collection says what is saved, and what the records of a collection must be
	// like that the stage is against.
	Collection() Collection
	// Save adds to b.Saved a record of each row that stays. It is called after
	// Apply, in the pass that writes.
	Save(ctx context.Context, b *Batch) error
}

// A Collection is a folder of files with records of samples.
type Collection struct {
	Folder     string      // "" = none is saved
	Parameters []Parameter // with which the records were made
}

// A Parameter is a key of the stage that made a collection.
type Parameter struct {
	Key, Value string
	Also       string `json:"-"` // another value of a collection that suits
}

// A Saved is the record that a stage saves of a row.
type Saved struct {
	Row    int
	Stage  string
	Record []byte
}

// saver returns the stage as a [Collector] that saves, or nil.
func saver(s Stage) Collector {
	if c, ok := s.(Collector); ok && c.Collection().Folder != "" {
		return c
	}
	return nil
}

// passes says that a stage does not see a batch: it holds records for another stage.
func passes(s Stage, b *Batch) bool { return b.Records != nil && s.Name() != b.Shard.Against }
