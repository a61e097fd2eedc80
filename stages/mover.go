package stages

// A Mover arranges the output: for each sample that is left it says in which output
// shards it stands, and where in them. It is the last stage of a job. The last pass
// writes the rows that are left by block, as it does without a mover; then Arrange
// is asked, the ranks send each other rows, and each writes some of the shards.
type Mover interface {
	Stage
	// Arrange is called once the last pass is over, on every rank. What it returns
	// depends on left alone.
	Arrange(left Left) (Arrangement, error)
}

// A Labeler is a [Mover] to which not only the place of a sample in the input
// matters, but what is in it.
type Labeler interface {
	Mover
	// Label appends to dst what matters of row i of b. It is called in the last
	// pass for the rows that are left, by several goroutines.
	Label(dst []byte, b *Batch, i int) ([]byte, error)
	// MaxLabels is how many different labels a job may have, and Many the error where it
	// has more, of which some are given.
	MaxLabels() int
	Many(some []string) error
}

// A Weigher is a [Mover] that heeds the weights of sources.
type Weigher interface {
	Mover
	// Weighs does nothing.
	Weighs()
}

// Left is what the last pass has left of the input.
type Left struct {
	Shards  []Shard
	Blocks  []Block
	Rows    []int64   // of each block
	Bytes   []int64   // of each block, on disk, as an output shard holds them
	Labels  [][]Label // of each block, in the order of Label.Name; nil without a [Labeler]
	Size    int64     // that output shards are to have, bytes on disk; 0 = not said
	Weights []Weight  // of the sources, in the order of the job file
}

// A Weight is the weight of a [[source]].
type Weight struct {
	Source string
	Weight float64
}

// A Label is one label of the rows of a block.
type Label struct {
	Name string
	Rows int64 // of the block
}

// Sum adds up rows or bytes of blocks.
func (Left) Sum(list []int64) (n int64) {
	for _, v := range list {
		n += v
	}
	return n
}

// An Arrangement says where rows go.
type Arrangement struct {
	Outputs []Output
	Rows    int64 // in all outputs
	// Sources says how many rows each source gives, where that is what the mover decides.
	Sources []Portion
	// Places returns the function that is given the rows of a block, in their order, each
	// with the index of its label in Left.Labels. It calls put for each place where
	// the row is to stand; a row may have several, or none. The function belongs to one
	// goroutine. Places is called several times for a block, by one rank or by several, and the
	// places are the same each time.
	Places func(block int) func(id ID, label int, put func(Place) error) error
}

// A Portion is what a source gives: so many rows, copies counted, out of those that it has left.
type Portion struct {
	Source      string
	Left, Given int64
}

// An Output is one output shard of an [Arrangement]. Like is the index of an input shard: the
// output has its format and compression, unless [write] says others, and so has each
// row that goes there. Name is its path below OUT/data, as an input shard would be called.
type Output struct {
	Name string
	Like int
}

// A Place is where a row is to stand: in the output of that index, by Order first
// and then by ID and Copy. No two rows have the same place.
type Place struct {
	Output int
	Order  uint64
	Copy   uint32
}
