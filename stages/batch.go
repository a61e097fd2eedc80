package stages

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// A Batch is a run of consecutive rows of one block, stored by column. One
// goroutine at a time owns a batch. What it holds stays valid until the sink
// has written it.
type Batch struct {
	Shard *Shard
	Block *Block
	First int64 // row within the block of row 0 of the batch
	// Keep says which rows are still in the run. Drop and Remove clear it; it
	// is false from the start for damaged rows.
	Keep    []bool
	Columns []Column
	// RowID holds the user's id of each row as text; nil where [read] names
	// no id column, and then the id is SHARD:ROW.
	RowID [][]byte
	// Damaged lists the rows that could not be read.
	Damaged []Damage
	// Removed lists what dedups took out, in the order of the rows.
	Removed []Removal
	// Keepers lists the rows that stand for removed ones.
	Keepers []int
	// Tallies is what stages have counted in the batch.
	Tallies []*Tally
	// Records holds the rows of a shard of [SavedFormat]; nil for any other.
	Records [][]byte
	// Trimmed lists what stages took out of texts, or replaced in them.
	Trimmed []Trimmed
	// Saved lists what stages save of rows, in the order of the stages.
	Saved []Saved
	// Name returns SHARD:ROW of any sample. nil in the first pass, which does not know
	// yet how many rows come before a block.
	Name func(ID) string
	// Rejected lists which stage dropped which row, where Traced is set, in the order in
	// which they did.
	Traced   bool
	Rejected []Rejection
	// Whole is the batch of the rows that a stage has split into those of this one, row i of which is
	// part Part[i], from 0, of row Of[i]; nil where none has. See [Batch.Parts].
	Whole    *Batch
	Of, Part []int32
	// Divided lists the batches of parts of the rows that were put together again.
	Divided []*Batch
	// Origin is what the source needs to write unchanged rows back; the index of a row there is
	// that of [Batch.Read]. Only package format looks inside.
	Origin any

	live int
	by   string // the stage that is at work on a traced batch
}

// Damage is a row that could not be read.
type Damage struct {
	Row    int64  // within the block
	Offset int64  // bytes into the file, decompressed; -1 where unknown
	Error  string // one line
	Rows   int64  // that are lost with it, it included, in a run that cannot be read; 0: this row alone
}

// Removal says that row Row was removed by stage Stage for the sake of Keeper.
type Removal struct {
	Row        int
	Stage      string
	Keeper     ID
	Group      ID      // best-ranked sample of the group
	Similarity float32 // NaN for exact dedup
	// KeeperID is the user's id of the keeper where the stage knows it; nil otherwise,
	// and then the keeper tells it.
	KeeperID []byte
}

// A Rejection says which stage dropped row Row, and why.
type Rejection struct {
	Row     int
	Stage   string
	Score   float64 // that the stage gave the row, of a dedup the similarity; NaN: none
	Repeats bool    // Keeper stays in its place
	Keeper  ID
	// KeeperID is that of [Removal].
	KeeperID []byte
}

// NewBatch returns a batch of n rows, all kept, without columns.
func NewBatch(s *Shard, b *Block, first int64, n int) *Batch {
	batch := &Batch{Shard: s, Block: b, First: first, Keep: make([]bool, n), live: n}
	for i := range batch.Keep {
		batch.Keep[i] = true
	}
	return batch
}

// Len returns the number of rows, dropped ones included.
func (b *Batch) Len() int { return len(b.Keep) }

// Live returns the number of rows that are kept.
func (b *Batch) Live() int { return b.live }

// ID returns the ID of row i.
func (b *Batch) ID(i int) ID { return MakeID(b.Block.Index, b.First+int64(i)) }

// Place says for people where row i stands: the row of the block that it is, or is a part of, and which of the parts.
func (b *Batch) Place(i int) string {
	s := fmt.Sprintf("row %d of block %d", b.First+int64(b.Read(i)), b.Block.Index)
	if n, is := b.Segment(i); is {
		s += fmt.Sprintf(", segment %d", n)
	}
	return s
}

// Column returns the named column, or nil. A stage that declared the column
// in its [Columns] always finds it.
func (b *Batch) Column(name string) *Column {
	for i := range b.Columns {
		if b.Columns[i].Name == name {
			return &b.Columns[i]
		}
	}
	return nil
}

// Add returns a new scalar column of that name, all null. It replaces a
// column of the name that was read. The pointer is good until the next Add.
func (b *Batch) Add(name string) *Column {
	b.Columns = slices.DeleteFunc(b.Columns, func(c Column) bool { return c.Name == name })
	b.Columns = append(b.Columns, Column{Name: name, Type: Scalars, Values: make([]Scalar, b.Len()), Added: true})
	return &b.Columns[len(b.Columns)-1]
}

// Writable returns a column that is read and may be changed, also where the shard does not
// have it; then it is added. Every batch of a shard is to be asked for it.
func (b *Batch) Writable(name string) *Column {
	c := b.Column(name)
	if c.Absent {
		c.Absent, c.Added = false, true
	}
	return c
}

// Drop takes row i out of the run.
func (b *Batch) Drop(i int) { b.reject(Rejection{Row: i, Stage: b.by, Score: math.NaN()}) }

// Reject drops row i, to which a stage gave a score; NaN = none.
func (b *Batch) Reject(i int, stage string, score float64) {
	b.reject(Rejection{Row: i, Stage: stage, Score: score})
}

func (b *Batch) reject(r Rejection) {
	if !b.Keep[r.Row] {
		return
	}
	b.Keep[r.Row] = false
	b.live--
	if b.Traced && r.Stage != "" {
		b.Rejected = append(b.Rejected, r)
	}
}

// trace calls f, in which a stage works on the batch. Rows that are kept after it were not
// dropped, whatever happened to them in between.
func (b *Batch) trace(stage string, f func() error) error {
	if !b.Traced {
		return f()
	}
	n := len(b.Rejected)
	b.by = stage
	err := f()
	b.by = ""
	own := slices.DeleteFunc(b.Rejected[n:], func(r Rejection) bool { return b.Keep[r.Row] })
	b.Rejected = b.Rejected[:n+len(own)]
	return err
}

// Damage takes row i out because it cannot be read.
func (b *Batch) Damage(i int, offset int64, format string, args ...any) {
	b.reject(Rejection{Row: i})
	b.Damaged = append(b.Damaged, Damage{Row: b.First + int64(i), Offset: offset, Error: fmt.Sprintf(format, args...)})
}

// Lose takes out all rows that are kept, because the run that they are of cannot be read.
// The runs of other batches with the same error are one with it.
func (b *Batch) Lose(why string) {
	lost := Damage{Row: -1, Offset: -1, Error: why, Rows: int64(b.live)}
	for i, kept := range b.Keep {
		if kept && lost.Row < 0 {
			lost.Row = b.First + int64(i)
		}
		b.reject(Rejection{Row: i})
	}
	if lost.Rows > 0 {
		b.Damaged = append(b.Damaged, lost)
	}
}

// Unread returns the number of damaged rows.
func (b *Batch) Unread() (n int64) {
	for _, d := range b.Damaged {
		n += max(d.Rows, 1)
	}
	return n
}

// Remove takes row r.Row out as a duplicate.
func (b *Batch) Remove(r Removal) {
	by := Rejection{Row: r.Row, Stage: r.Stage, Repeats: true, Keeper: r.Keeper, KeeperID: r.KeeperID}
	if b.Traced {
		by.Score = decimal(r.Similarity)
	}
	b.reject(by)
	b.Removed = append(b.Removed, r)
}

// decimal returns the number that a float32 is written as.
func decimal(f float32) float64 {
	x, _ := strconv.ParseFloat(strconv.FormatFloat(float64(f), 'g', -1, 32), 64)
	return x
}
