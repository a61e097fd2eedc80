package round

import (
	"context"
	"fmt"
	"time"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/spill"
)

// An inbox is the receiving half of an exchange: what ranks send here, sorted.
type inbox struct {
	exchange mpi.Exchange
	sorter   *spill.Sorter
}

// openInbox opens an exchange whose messages are questions in their form. It
// is collective. After close the sorter holds all of them.
func (m *Meeting) openInbox(ctx context.Context, name string, memory int64) (*inbox, error) {
	in := &inbox{sorter: m.sorter(name, memory)}
	x, err := m.Comm.Exchange(ctx, mpi.ExchangeOptions{Name: m.Name + ": " + name, Budget: m.Budget.Exchange}, func(src int, p []byte) error {
		for len(p) > 0 {
			q, rest, ok := nextQuestion(p)
			if !ok {
				return fmt.Errorf("%s: received a broken message", m.Name)
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

// sorter returns a sorter for this round.
func (m *Meeting) sorter(name string, memory int64) *spill.Sorter {
	return spill.New(spill.Options{
		Dir:      m.Scratch,
		Prefix:   fmt.Sprintf("%s-%d-%s-", m.Prefix, m.Comm.Rank(), name),
		Memory:   memory,
		MaxBytes: m.MaxScratch,
	})
}

// close ends the exchange with the outcome err of this rank, and returns what
// came, or the outcome that all ranks agree on.
func (in *inbox) close(err error, c *Clock) (*spill.Sorter, error) {
	begin := time.Now()
	s, err := in.exchange.Close(err)
	c.Sent.Add(s.Sent)
	c.Received.Add(s.Received)
	c.Exchange.Add(time.Since(begin) - s.Waited)
	c.Idle.Add(s.Waited)
	if err != nil {
		in.sorter.Close()
		return nil, err
	}
	return in.sorter, nil
}

// gather opens an inbox, lets send send to it, and returns what came to this
// rank, sorted. It is collective.
func (m *Meeting) gather(ctx context.Context, name string, memory int64, count *Traffic, send func(r *router) error) (*spill.Sorter, error) {
	in, err := m.openInbox(ctx, name, memory)
	if err != nil {
		return nil, err
	}
	route := newRouter(in.exchange, m.Comm.Size(), m.Budget.Route, count)
	begin := time.Now()
	err = guard(func() error { return send(route) })
	m.Clock.Compute.Add(time.Since(begin))
	if err == nil {
		err = route.close(ctx)
	}
	return in.close(err, m.Clock)
}

// answerer returns the function that sends answers to where they go.
func (m *Meeting) answerer(ctx context.Context, r *router) func(stages.Note) error {
	return func(n stages.Note) error {
		return r.send(ctx, m.dest(n.Sample), stages.Question{Key: uint64(n.Sample), Sample: n.Sample, Payload: n.Payload})
	}
}

// dest returns the rank that answers about a sample go to.
func (m *Meeting) dest(id stages.ID) int {
	if m.Dest != nil {
		return m.Dest(id)
	}
	return HomeOf(m.Homes, id.Block())
}
