package stages

// A Budget shares out the memory of a rank, less what its stages hold ([Room]).
//
//	exchange  1/8   slots of the exchange
//	route     1/16  questions gathered by destination, all streams
//	sort      3/16  each of two sorters: questions, and answers
//	batches   1/4   batches in flight, all streams
//
// The rest is for the tables of blocks, codecs, and what the Go runtime keeps.
type Budget struct {
	Exchange, Route, Sort int64
	Batch                 int // bytes of a batch, as it stands in the input
}

// InFlight is how many batches a stream has under way: one being read, two
// waiting, one at a core and one at the sink.
const InFlight = 5

// expand is how much memory a batch takes per byte of input: the bytes, the
// unescaped text, and the output.
const expand = 3

// NewBudget returns the budget of a rank with so many bytes of memory, which
// reads so many blocks at a time.
func NewBudget(memory int64, streams int) Budget {
	const slots = 256 << 20 // more does not make an exchange faster
	batches := memory / 4 / int64(streams*InFlight*expand)
	return Budget{
		Exchange: min(memory/8, slots),
		Route:    min(memory/16, slots),
		Sort:     memory * 3 / 16,
		Batch:    int(min(max(batches, 32<<10), 1<<20)),
	}
}

// A rank holds a round with several goroutines, lanes. Each has some memory to sort in; many are
// slowed down by what they send each other.
const (
	sortPerLane = 16 << 20
	maxLanes    = 16
)

// Lanes returns how many lanes a rank with so many cores has in a round.
func (b Budget) Lanes(cores int) int {
	return max(1, min(cores, int(b.Sort/sortPerLane), maxLanes))
}

// Share returns what each of n lanes gets of the budget of their rank.
func (b Budget) Share(n int) Budget {
	b.Exchange, b.Route, b.Sort = b.Exchange/int64(n), b.Route/int64(n), b.Sort/int64(n)
	return b
}
