package mpi

import "context"

func (m *member) Exchange(ctx context.Context, o ExchangeOptions, consume func(src int, p []byte) error) (Exchange, error) {
	s := newStream(m, m.dog, o, slotSize(o.Budget, m.g.n), consume)
	parts, err := m.meet(ctx, s.name, door{s, s.size})
	if err != nil {
		return nil, err
	}
	l := &localLink{m: m, own: s, peers: make([]*stream, m.g.n)}
	for r, p := range parts {
		d := p.v.(door)
		l.peers[r] = d.s
		s.size = min(s.size, d.size)
	}
	m.setOpen(true)
	return s.open(ctx, l, o.Budget), nil
}

// A door is how a rank enters an exchange: its end, and the slot that its budget allows.
type door struct {
	s    *stream
	size int
}

// A localLink hands slots to the other end as they are. They are copies already,
// made by Send, and go back to the pool of the sender when consumed; so
// what waits at a slow rank is bounded by the budgets of the others.
type localLink struct {
	m     *member
	own   *stream
	peers []*stream
}

func (l *localLink) recycle(*slot)          {}
func (l *localLink) newSlot(size int) *slot { return l.m.shelf.take(size) }

func (l *localLink) abandon(err error) { l.m.breakUp(err) }

func (l *localLink) close(free []*slot) error {
	l.m.shelf.put(free)
	l.m.setOpen(false)
	return nil
}

func (l *localLink) send(dst int, s *slot) {
	l.peers[dst].arrive(l.m.rank, s, l.own.pool.give)
}

func (l *localLink) reduce(v *tally) error {
	parts, err := l.m.g.meet(context.Background(), &l.m.g.rounds, l.m.rank, "the end of "+l.own.name, *v)
	if err != nil {
		return err
	}
	var sum tally
	for _, p := range parts {
		sum.add(p.v.(tally))
	}
	*v = sum
	return nil
}
