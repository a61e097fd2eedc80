package pipeline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/manifest"
	"sluice/stages/spill"
)

// An inbox is the receiving half of a round: what other ranks send here, sorted.
type inbox struct {
	exchange mpi.Exchange
	sorter   *spill.Sorter
}

// openInbox opens an exchange whose messages are questions or answers. It is
// collective. After close the sorter holds all of them.
func (r *run) openInbox(ctx context.Context, name string) (*inbox, error) {
	in := &inbox{sorter: spill.New(spill.Options{
		Dir:      r.scratch,
		Prefix:   fmt.Sprintf("%s-%d-%s-", r.tag, r.comm.Rank(), name),
		Memory:   r.budget.Sort,
		MaxBytes: r.job.ScratchMax / int64(max(1, r.comm.LocalSize())),
	})}
	x, err := r.comm.Exchange(ctx, mpi.ExchangeOptions{Name: name, Budget: r.budget.Exchange}, func(_ int, p []byte) error {
		for len(p) > 0 {
			q, rest, ok := nextQuestion(p)
			if !ok {
				return fmt.Errorf("%s: received a broken message", name)
			}
			if err := in.sorter.Add(spill.Record{Key: q.Key, Order: q.Order, Sample: uint64(q.Sample), Payload: q.Payload}); err != nil {
				return err
			}
			p = rest
		}
		return nil
	})
	in.exchange = x
	return in, err
}

// close ends the exchange with the outcome err of this rank, and adds what it
// took to the report.
func (in *inbox) close(err error, c *clock) error {
	begin := time.Now()
	s, err := in.exchange.Close(err)
	c.sent.Add(s.Sent)
	c.received.Add(s.Received)
	c.exchange.add(time.Since(begin) - s.Waited)
	c.idle.add(s.Waited)
	return err
}

// A judge is the Judge of a shuffler.
type judge func(ctx context.Context, key uint64, questions iter.Seq[stages.Question], answer func(stages.Answer) error) error

// judgeAll reads the sorted questions of this rank, judges each key, and
// sends the answers to the ranks that dest names. It returns the answers that
// came to this rank, sorted by sample and payload. It is collective, and closes questions.
func (r *run) judgeAll(ctx context.Context, name string, questions *spill.Sorter, judge judge, dest func(stages.Question) int, c *clock) (*spill.Sorter, error) {
	defer questions.Close()
	in, err := r.openInbox(ctx, name)
	if err != nil {
		return nil, err
	}
	route := newRouter(in.exchange, r.comm.Size(), r.budget.Route, dest)
	begin := time.Now()
	err = guard(func() error { return r.judgeKeys(ctx, questions, judge, route) })
	c.compute.add(time.Since(begin))
	if err == nil {
		err = route.close(ctx)
	}
	if err = in.close(err, c); err != nil {
		in.sorter.Close()
		return nil, err
	}
	return in.sorter, nil
}

func (r *run) judgeKeys(ctx context.Context, questions *spill.Sorter, judge judge, route *router) error {
	it, err := questions.Sorted()
	if err != nil {
		return err
	}
	var buf []byte
	answer := func(a stages.Answer) error {
		q := stages.Question{Key: uint64(a.Sample), Sample: a.Sample, Payload: a.Payload}
		buf = appendQuestion(buf[:0], q)
		return route.send(ctx, q, buf)
	}
	n := 0
	for key, records := range it.Groups() {
		if n++; n%stopEvery == 0 && r.stopping() {
			return mpi.ErrStopped
		}
		if err := judge(ctx, key, asQuestions(records), answer); err != nil {
			return err
		}
	}
	return it.Err()
}

func asQuestions(records iter.Seq[spill.Record]) iter.Seq[stages.Question] {
	return func(yield func(stages.Question) bool) {
		for rec := range records {
			if !yield(stages.Question{Key: rec.Key, Order: rec.Order, Sample: stages.ID(rec.Sample), Payload: rec.Payload}) {
				return
			}
		}
	}
}

// keepAnswers writes the answers that came home, and makes where they lie
// known to all ranks. Rank 0 commits the round. It is collective, and closes answers.
func (r *run) keepAnswers(ctx context.Context, p int, answers *spill.Sorter, stats *PassReport) error {
	index, err := r.writeAnswers(p, answers)
	// Once the round is committed, all segments of the pass are needed.
	if err = errors.Join(err, answers.Close(), manifest.SyncDirs(r.segments())); err != nil {
		err = fmt.Errorf("keep the answers of pass %d: %w", p+1, err)
	}
	if err := mpi.Agree(ctx, r.comm, err); err != nil {
		return err
	}
	all, err := gatherAll(ctx, r.comm, index)
	if err != nil {
		return err
	}
	if r.answers[p], err = decodeIndex(all, len(r.blocks)); err != nil {
		return err
	}
	if r.comm.Rank() == 0 {
		err = r.commitRound(p, all, stats)
	}
	return mpi.Agree(ctx, r.comm, err)
}

// gatherAll returns what all ranks passed, end to end in the order of ranks, on every rank.
func gatherAll(ctx context.Context, c mpi.Comm, p []byte) ([]byte, error) {
	parts, err := c.Gather(ctx, p, 0)
	if err != nil {
		return nil, err
	}
	var all []byte
	for _, part := range parts {
		all = append(all, part...)
	}
	return c.Bcast(ctx, all, 0)
}
