package round

import (
	"context"
	"encoding/binary"
	"errors"
	"sort"

	"sluice/mpi"
	"sluice/stages"
)

// Questions, answers and records travel in one form: key, order and sample, 8
// bytes each, little endian, then the length of the payload as a uvarint and
// the payload. Answers have key and sample the ID and order 0.
const questionHeader = 24

// HeaderSize is what a question or answer with a short payload takes besides it.
const HeaderSize = questionHeader + 1

func appendQuestion(b []byte, q stages.Question) []byte {
	b = binary.LittleEndian.AppendUint64(b, q.Key)
	b = binary.LittleEndian.AppendUint64(b, q.Order)
	b = binary.LittleEndian.AppendUint64(b, uint64(q.Sample))
	b = binary.AppendUvarint(b, uint64(len(q.Payload)))
	return append(b, q.Payload...)
}

// nextQuestion takes a question from the front of p. ok is false if p is not
// a whole number of questions.
func nextQuestion(p []byte) (q stages.Question, rest []byte, ok bool) {
	if len(p) <= questionHeader {
		return q, nil, false
	}
	q.Key = binary.LittleEndian.Uint64(p)
	q.Order = binary.LittleEndian.Uint64(p[8:])
	q.Sample = stages.ID(binary.LittleEndian.Uint64(p[16:]))
	n, w := binary.Uvarint(p[questionHeader:])
	if w <= 0 || n > uint64(len(p)-questionHeader-w) {
		return q, nil, false
	}
	p = p[questionHeader+w:]
	q.Payload = p[:n]
	return q, p[n:], true
}

// partitionBits is how many top bits of a key choose its virtual partition.
const partitionBits = 12

// ownerOf returns the rank that judges a key: ranks own contiguous runs of
// partitions.
func ownerOf(key uint64, ranks int) int {
	return int(key >> (64 - partitionBits) * uint64(ranks) >> partitionBits)
}

// Homes gives each block a home: rank k is home of the blocks [h[k], h[k+1]),
// about as many bytes as the others. The home of a sample is that of its block.
func Homes(blocks []stages.Block, ranks int) []int {
	var total int64
	for _, b := range blocks {
		total += b.Bytes
	}
	h := make([]int, 1, ranks+1)
	var before int64
	for i, b := range blocks {
		middle := before + b.Bytes/2
		for len(h) < ranks && float64(middle) >= float64(total)*float64(len(h))/float64(ranks) {
			h = append(h, i)
		}
		before += b.Bytes
	}
	for len(h) <= ranks {
		h = append(h, len(blocks))
	}
	return h
}

// HomeOf returns the rank that is home of a block.
func HomeOf(homes []int, block int) int {
	return sort.Search(len(homes)-2, func(k int) bool { return homes[k+1] > block })
}

// A router gathers questions by destination and sends them in messages of
// many. It belongs to one goroutine.
type router struct {
	exchange mpi.Exchange
	limit    int // bytes gathered per destination
	out      [][]byte
	buf      []byte
	count    *Traffic
}

// newRouter returns a router whose buffers hold at most about budget bytes.
func newRouter(x mpi.Exchange, ranks int, budget int64, count *Traffic) *router {
	limit := min(int(budget/int64(ranks)), x.MaxMessage(), 64<<10)
	return &router{exchange: x, limit: max(limit, 256), out: make([][]byte, ranks), count: count}
}

// errTooLong reports a payload that no message can hold.
var errTooLong = errors.New("a question or answer is larger than a message of the exchange: this is a bug")

// send sends q to a rank.
func (r *router) send(ctx context.Context, to int, q stages.Question) error {
	r.buf = appendQuestion(r.buf[:0], q)
	p := r.buf
	r.count.add(len(p))
	if len(r.out[to])+len(p) > r.limit {
		if err := r.flush(ctx, to); err != nil {
			return err
		}
	}
	switch {
	case len(p) > r.exchange.MaxMessage():
		return errTooLong
	case len(p) > r.limit:
		return r.exchange.Send(ctx, to, p)
	}
	r.out[to] = append(r.out[to], p...)
	return nil
}

func (r *router) flush(ctx context.Context, to int) error {
	if len(r.out[to]) == 0 {
		return nil
	}
	p := r.out[to]
	r.out[to] = p[:0]
	return r.exchange.Send(ctx, to, p)
}

// close sends what is gathered.
func (r *router) close(ctx context.Context) error {
	for to := range r.out {
		if err := r.flush(ctx, to); err != nil {
			return err
		}
	}
	return nil
}
