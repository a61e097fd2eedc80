package mpi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"sync"
)

// Local runs main on n goroutine ranks of this process and returns when all
// have returned. The result is nil if all returned nil; otherwise the failure
// that came first, as a [*RankError] if there are several ranks, or
// [ErrStopped]. A panic in main counts as an error. Once a rank has left, for whatever
// reason, collectives of the others can never complete: they fail at once.
func Local(n int, cfg Config, main func(Comm) error) error {
	if n < 1 {
		return fmt.Errorf("mpi: %d ranks\nat least 1", n)
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	g := newGroup(n, host)
	return g.result(g.run(main, func(r int) Comm {
		m := &member{g: g, rank: r}
		m.dog = &watchdog{cfg, m.Abort}
		return m
	}))
}

// run runs main on each rank of the group, with the communicator that comm makes for it, and returns what
// each has returned.
func (g *group) run(main func(Comm) error, comm func(r int) Comm) []error {
	errs := make([]error, g.n)
	var ranks sync.WaitGroup
	for r := range g.n {
		ranks.Go(func() {
			c := comm(r)
			errs[r] = errGoexit
			defer func() { g.leave(r, errs[r]) }()
			errs[r] = guarded(c, main)
		})
	}
	ranks.Wait()
	return errs
}

var (
	errGoexit = errors.New("the rank was ended by runtime.Goexit")
	errNone   = errors.New("none")
)

// guarded calls main and makes a panic an error with its stack.
func guarded(c Comm, main func(Comm) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return main(c)
}

// A group is what the goroutine ranks share.
type group struct {
	n    int
	host string

	mu       sync.Mutex
	calls    line // collectives of the program
	rounds   line // agreement rounds of the open exchange
	left     []bool
	counters map[string]int64
	broken   *RankError
	down     chan struct{} // closed with broken set
}

func newGroup(n int, host string) *group {
	g := &group{
		n: n, host: host, left: make([]bool, n),
		counters: make(map[string]int64), down: make(chan struct{}),
	}
	g.calls.init(n)
	g.rounds.init(n)
	return g
}

// A line is a sequence of collectives, one at a time.
type line struct {
	parts []part // of those who are here, by rank
	here  int
	full  chan struct{}
}

// A part is what one rank brings to a collective.
type part struct {
	op string
	v  any
}

func (l *line) init(n int) { *l = line{parts: make([]part, n), full: make(chan struct{})} }

// meet hands in v and returns every rank's when all have come. Parts are
// read by all and belong to nobody afterwards.
func (g *group) meet(ctx context.Context, l *line, rank int, op string, v any) ([]part, error) {
	g.mu.Lock()
	if g.broken == nil {
		if gone := slices.Index(g.left, true); gone >= 0 {
			g.breakUp(gone, fmt.Errorf("it returned while rank %d went on to %s", rank, op))
		}
	}
	if g.broken != nil {
		g.mu.Unlock()
		return nil, g.broken
	}
	parts, full := l.parts, l.full
	parts[rank] = part{op, v}
	if l.here++; l.here == g.n {
		l.init(g.n)
		close(full)
	}
	g.mu.Unlock()
	select {
	case <-full:
		return parts, nil
	default:
	}
	select {
	case <-full:
		return parts, nil
	case <-g.down:
		return nil, g.broken
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// breakUp fails all collectives, now and later, because of a rank. The caller
// holds g.mu.
func (g *group) breakUp(rank int, err error) {
	if g.broken != nil {
		return
	}
	g.broken = &RankError{Rank: rank, Size: g.n, Host: g.host, Text: err.Error()}
	close(g.down)
}

// leave notes that a rank has returned from main with err.
func (g *group) leave(rank int, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left[rank] = true
	var agreed *RankError
	switch {
	case errors.As(err, &agreed), errors.Is(err, ErrStopped), err == nil:
		// Fine if the others return too, which they cannot while they wait.
		if g.calls.here+g.rounds.here > 0 {
			g.breakUp(rank, fmt.Errorf("it returned while other ranks wait for it, with error %w", cmp.Or(err, errNone)))
		}
	default:
		g.breakUp(rank, err)
	}
}

// result picks what Local returns.
func (g *group) result(errs []error) error {
	if g.n == 1 {
		return errs[0]
	}
	if g.broken == nil {
		return agreed(errs)
	}
	first := *g.broken
	var agreed *RankError
	if err := errs[first.Rank]; err != nil && !errors.As(err, &agreed) {
		first.Err = err
	}
	return &first
}

// agreed picks one of the errors of ranks that have left together: one with the error as a value, if there is one.
func agreed(errs []error) error {
	for _, err := range errs {
		var e *RankError
		if errors.As(err, &e) && e.Err != nil {
			return err
		}
	}
	if i := slices.IndexFunc(errs, func(e error) bool { return e != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}

// A member is one goroutine rank.
type member struct {
	g     *group
	rank  int
	dog   *watchdog
	shelf shelf

	mu   sync.Mutex
	err  error // of the first collective that failed
	open bool  // an exchange is
}

func (m *member) Rank() int      { return m.rank }
func (m *member) Size() int      { return m.g.n }
func (m *member) LocalRank() int { return m.rank }
func (m *member) LocalSize() int { return m.g.n }
func (m *member) Host() string   { return m.g.host }

func (m *member) Abort(code int, reason string) {
	sayAbort(m, reason)
	os.Exit(code)
}

// sayAbort tells standard error who ends the job and why.
func sayAbort(c Comm, reason string) {
	fmt.Fprintf(os.Stderr, "rank %d of %d on %s ends the job: %s\n", c.Rank(), c.Size(), c.Host(), reason)
}

// meet is the group's meet for collectives of the program.
func (m *member) meet(ctx context.Context, op string, v any) ([]part, error) {
	m.mu.Lock()
	err := m.err
	if err == nil && m.open {
		err = errOpen
	}
	m.mu.Unlock()
	if err != nil {
		return nil, err
	}
	defer m.dog.wait(op)()
	parts, err := m.g.meet(ctx, &m.g.calls, m.rank, op, v)
	for r, p := range parts {
		if p.op != op {
			err = fmt.Errorf("mpi: rank %d is in %s while rank %d is in %s\nall ranks call the same collectives in the same order", r, p.op, m.rank, op)
		}
	}
	if err != nil {
		m.breakUp(err)
	}
	return parts, err
}

// breakUp makes err the outcome of all collectives from now on.
func (m *member) breakUp(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.err = err
	}
}

// setOpen notes that an exchange opens or closes.
func (m *member) setOpen(open bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open = open
}

func (m *member) Barrier(ctx context.Context) error {
	_, err := m.meet(ctx, "Barrier", nil)
	return err
}

func (m *member) AllReduce(ctx context.Context, x []uint64, op Op) error {
	if err := op.check(); err != nil {
		return err
	}
	parts, err := m.meet(ctx, "AllReduce", slices.Clone(x))
	if err != nil {
		return err
	}
	for r, p := range parts {
		if n := len(p.v.([]uint64)); n != len(x) {
			return fmt.Errorf("mpi: AllReduce of %d values on rank %d and %d on rank %d", len(x), m.rank, n, r)
		}
	}
	for r, p := range parts {
		if r != m.rank {
			op.fold(x, p.v.([]uint64))
		}
	}
	return nil
}

func (m *member) Bcast(ctx context.Context, p []byte, root int) ([]byte, error) {
	if err := checkRoot(m, root); err != nil {
		return nil, err
	}
	var own []byte
	if m.rank == root {
		own = slices.Clone(p)
	}
	parts, err := m.meet(ctx, "Bcast", own)
	if err != nil || m.rank == root {
		return p, err
	}
	return append([]byte{}, parts[root].v.([]byte)...), nil
}

func (m *member) Gather(ctx context.Context, p []byte, root int) ([][]byte, error) {
	if err := checkRoot(m, root); err != nil {
		return nil, err
	}
	parts, err := m.meet(ctx, "Gather", append([]byte{}, p...))
	if err != nil || m.rank != root {
		return nil, err
	}
	all := make([][]byte, len(parts))
	for r, p := range parts {
		all[r] = p.v.([]byte) // the copy of its sender, which nobody else reads
	}
	return all, nil
}

func checkRoot(c Comm, root int) error {
	if root < 0 || root >= c.Size() {
		return fmt.Errorf("mpi: no rank %d\nthere are %d, the first is 0", root, c.Size())
	}
	return nil
}

func (m *member) Next(ctx context.Context, counter string, n int64) (int64, error) {
	m.g.mu.Lock()
	defer m.g.mu.Unlock()
	if m.g.broken != nil {
		return 0, m.g.broken
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	was := m.g.counters[counter]
	m.g.counters[counter] = was + n
	return was, nil
}
