package stages

// Read is the [read] table of a job file: how inputs become samples.
type Read struct {
	Text      string            `toml:"text"`    // column, dots for nested
	ID        string            `toml:"id"`      // "" = SHARD:ROW
	Format    string            `toml:"format"`  // auto, jsonl, parquet, files
	Columns   []string          `toml:"columns"` // empty = all
	Rename    map[string]string `toml:"rename"`  // name in the input -> name in the job
	Sample    float64           `toml:"sample"`  // share of rows, by hash of (seed, shard, row)
	Limit     int64             `toml:"limit"`   // rows per shard, 0 = all
	AddSource string            `toml:"add_source"`
	Strict    bool              `toml:"strict"` // validate values that nobody reads, too
	// Own is what the rows of a [[source]] call the text column, and are written with, where
	// that is not Text, as which all stages know it; "" = Text.
	Own string
}

// DefaultRead returns the [read] table of an empty job file.
func DefaultRead() Read { return Read{Text: "text", Format: "auto", Sample: 1} }

// Write is the [write] table of a job file: how samples become outputs.
type Write struct {
	Format    string   `toml:"format"`   // auto (as the input), jsonl, parquet, megatron, none
	Compress  string   `toml:"compress"` // auto (as the input), none, gzip, zstd
	Level     int      `toml:"level"`
	Columns   []string `toml:"columns"` // empty = all
	Drop      []string `toml:"drop"`
	ShardSize string   `toml:"shard_size"` // bytes on disk; "" = one output shard per input shard
	Removed   string   `toml:"removed"`    // none, ids, rows

	// Of format megatron alone.
	Tokenizer string `toml:"tokenizer" path:"file"` // tokenizer.json, or a SentencePiece model
	AppendEOD bool   `toml:"append_eod"`            // end each document with a token
	EODToken  string `toml:"eod_token"`             // that token; "" = what tokenizer_config.json says
}

// DefaultWrite returns the [write] table of an empty job file.
func DefaultWrite() Write {
	return Write{Format: "auto", Compress: "auto", Level: 3, Removed: "none"}
}

// Input is one named list of paths with the [read] table that holds for it.
type Input struct {
	Name  string   // name of the [[source]], "" for input
	Paths []string // absolute files, folders and globs, ** too
	Read  Read
	// Weight is how much of the output the input is to be, in proportion to the other
	// sources; for movers that heed it.
	Weight float64
	// Against is the name of the stage that compares the input's samples with
	// those of the others; they are not written. "" = ordinary.
	Against string
}
