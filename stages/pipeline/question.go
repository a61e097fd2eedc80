package pipeline

import (
	"context"
	"encoding/binary"

	"sluice/mpi"
	"sluice/stages"
)

// Questions travel and are logged in one form: key, order and sample, 8 bytes
// each, little endian, then the length of the payload as a uvarint and the
// payload. Answers have the same form, with key and sample the ID and order 0.
const questionHeader = 24

func appendQuestion(b []byte, q stages.Question) []byte {
	b = binary.LittleEndian.AppendUint64(b, q.Key)
	b = binary.LittleEndian.AppendUint64(b, q.Order)
	b = binary.LittleEndian.AppendUint64(b, uint64(q.Sample))
	return appendBytes(b, q.Payload)
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

// A router gathers questions by destination and sends them in messages of
// many. It belongs to one goroutine.
type router struct {
	exchange mpi.Exchange
	dest     func(stages.Question) int
	limit    int // bytes gathered per destination
	out      [][]byte
}

// newRouter returns a router whose buffers hold at most about budget bytes.
func newRouter(x mpi.Exchange, ranks int, budget int64, dest func(stages.Question) int) *router {
	limit := min(int(budget/int64(ranks)), x.MaxMessage(), 64<<10)
	return &router{exchange: x, dest: dest, limit: max(limit, 256), out: make([][]byte, ranks)}
}

// send routes a question that is encoded in p.
func (r *router) send(ctx context.Context, q stages.Question, p []byte) error {
	to := r.dest(q)
	if len(r.out[to])+len(p) > r.limit {
		if err := r.flush(ctx, to); err != nil {
			return err
		}
	}
	if len(p) > r.limit {
		return r.exchange.Send(ctx, to, p)
	}
	r.out[to] = append(r.out[to], p...)
	return nil
}

// sendAll routes all questions that are encoded in p.
func (r *router) sendAll(ctx context.Context, p []byte) error {
	for len(p) > 0 {
		q, rest, ok := nextQuestion(p)
		if !ok {
			return errShort
		}
		if err := r.send(ctx, q, p[:len(p)-len(rest)]); err != nil {
			return err
		}
		p = rest
	}
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
