package mpi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// A conformance case runs on every rank of a communicator. It may end with an error on
// some ranks only: the runner agrees on it.
type conformance struct {
	name string
	run  func(c Comm) error
}

// suite is what every implementation of Comm has to pass, at any number of ranks.
func suite() []conformance {
	return slices.Concat([]conformance{
		{"shape", testShape},
		{"barrier", testBarrier},
		{"allreduce", testAllReduce},
		{"bcast", testBcast},
		{"gather", testGather},
		{"roots", testRoots},
		{"next", testNext},
		{"next under load", testNextLoad},
		{"agree", testAgree},
	}, exchangeSuite())
}

// runSuite runs the cases on ranks that exist already.
func runSuite(t *testing.T, c Comm) {
	for _, x := range suite() {
		t.Run(x.name, func(t *testing.T) {
			if err := Agree(context.Background(), c, x.run(c)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestLocal(t *testing.T) {
	skipLaunched(t)
	for _, n := range []int{1, 2, 3, 8} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			for _, x := range suite() {
				t.Run(x.name, func(t *testing.T) {
					err := Local(n, Config{}, func(c Comm) error {
						return Agree(context.Background(), c, x.run(c))
					})
					if err != nil {
						t.Fatal(err)
					}
				})
			}
		})
	}
}

func testShape(c Comm) error {
	ctx := context.Background()
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	if c.Host() != host {
		return fmt.Errorf("host is %q, not %q", c.Host(), host)
	}
	// Every rank number is there once, and so is every local one on its node.
	seen := make([]uint64, c.Size())
	seen[c.Rank()] = 1
	if err := c.AllReduce(ctx, seen, Sum); err != nil {
		return err
	}
	if slices.Max(seen) != 1 || slices.Min(seen) != 1 {
		return fmt.Errorf("ranks are %v times there", seen)
	}
	if c.LocalRank() < 0 || c.LocalRank() >= c.LocalSize() || c.LocalSize() > c.Size() {
		return fmt.Errorf("local rank %d of %d, rank %d of %d", c.LocalRank(), c.LocalSize(), c.Rank(), c.Size())
	}
	first := []uint64{0}
	if c.LocalRank() == 0 {
		first[0] = uint64(c.LocalSize())
	}
	if err := c.AllReduce(ctx, first, Sum); err != nil {
		return err
	}
	if first[0] != uint64(c.Size()) {
		return fmt.Errorf("the nodes have %d ranks together, not %d", first[0], c.Size())
	}
	return nil
}

func testBarrier(c Comm) error {
	for range 100 {
		if err := c.Barrier(context.Background()); err != nil {
			return err
		}
	}
	return nil
}

func testAllReduce(c Comm) error {
	ctx := context.Background()
	value := func(r, i int) uint64 {
		return uint64(patternOf(r, i, 0)) // large: sums wrap
	}
	for _, n := range []int{0, 1, 3, 1000, 1<<18 + 1} {
		for _, op := range []Op{Sum, Min, Max, Or, And} {
			if n > 1000 && op != Sum {
				continue
			}
			x := make([]uint64, n)
			for i := range x {
				x[i] = value(c.Rank(), i)
			}
			if err := c.AllReduce(ctx, x, op); err != nil {
				return err
			}
			for i := 0; i < n; i += 1 + n/1500 {
				want := []uint64{value(0, i)}
				for r := 1; r < c.Size(); r++ {
					op.fold(want, []uint64{value(r, i)})
				}
				if x[i] != want[0] {
					return fmt.Errorf("%s of %d values: value %d is %d, not %d", op, n, i, x[i], want[0])
				}
			}
		}
	}
	return nil
}

func testBcast(c Comm) error {
	for _, n := range []int{0, 1, 7, 4096, 5<<20 + 3} {
		for root := range c.Size() {
			if n > 1<<20 && root > 0 {
				break
			}
			want := make([]byte, n)
			patternOf(root, n, 0).fill(want, 0)
			own := []byte("not looked at")
			if c.Rank() == root {
				own = want
			}
			got, err := c.Bcast(context.Background(), own, root)
			if err != nil {
				return err
			}
			if !bytes.Equal(got, want) {
				return fmt.Errorf("%d bytes from rank %d arrived as %d other ones", n, root, len(got))
			}
		}
	}
	return nil
}

func testGather(c Comm) error {
	size := func(r, n int) int { return n * (r + 1) / 2 } // unequal, some are empty
	for _, n := range []int{0, 1, 100, 1 << 20} {
		for root := range c.Size() {
			if n > 100 && root > 0 {
				break
			}
			own := make([]byte, size(c.Rank(), n))
			patternOf(c.Rank(), n, 0).fill(own, 0)
			got, err := c.Gather(context.Background(), own, root)
			if err != nil {
				return err
			}
			if c.Rank() != root {
				if got != nil {
					return fmt.Errorf("rank %d got something that was for %d", c.Rank(), root)
				}
				continue
			}
			if len(got) != c.Size() {
				return fmt.Errorf("got %d parts from %d ranks", len(got), c.Size())
			}
			for r, p := range got {
				if len(p) != size(r, n) {
					return fmt.Errorf("rank %d sent %d bytes, got %d", r, size(r, n), len(p))
				}
				if err := patternOf(r, n, 0).check(p, 0); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func testRoots(c Comm) error {
	for _, root := range []int{-1, c.Size()} {
		if _, err := c.Bcast(context.Background(), nil, root); err == nil {
			return fmt.Errorf("Bcast from rank %d passed", root)
		}
		if _, err := c.Gather(context.Background(), nil, root); err == nil {
			return fmt.Errorf("Gather to rank %d passed", root)
		}
	}
	return nil
}

// testNext checks that the values handed out are each there once, from many
// goroutines of all ranks.
func testNext(c Comm) error {
	const each, steps = 4, 25
	ctx := context.Background()
	name := fmt.Sprintf("next %d", c.Size())
	seen := make([]uint64, c.Size()*each*steps)
	var mu sync.Mutex
	var group sync.WaitGroup
	errs := make([]error, each)
	for g := range each {
		group.Go(func() {
			for range steps {
				v, err := c.Next(ctx, name, 3)
				if err != nil {
					errs[g] = err
					return
				}
				mu.Lock()
				if v%3 != 0 || int(v/3) >= len(seen) {
					errs[g] = fmt.Errorf("Next gave %d", v)
				} else {
					seen[v/3]++
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if err := Agree(ctx, c, errors.Join(errs...)); err != nil {
		return err
	}
	if err := c.AllReduce(ctx, seen, Sum); err != nil {
		return err
	}
	if slices.Min(seen) != 1 || slices.Max(seen) != 1 {
		return errors.New("Next gave some values never or twice")
	}
	fresh, err := c.Next(ctx, fmt.Sprintf("next by rank %d", c.Rank()), math.MaxInt64)
	if err == nil && fresh != 0 {
		err = fmt.Errorf("a new counter starts at %d", fresh)
	}
	return err
}

// testNextLoad checks that rank 0 serves the counter while all its cores
// compute: it computes until all other ranks have had their turns.
func testNextLoad(c Comm) error {
	const turns = 50
	ctx := context.Background()
	take := func(name string, n int64) (int64, error) { return c.Next(ctx, "load "+name, n) }
	if c.Rank() > 0 {
		for range turns {
			if _, err := take("turns", 1); err != nil {
				return err
			}
		}
		return nil
	}
	var stop atomic.Bool
	var burn sync.WaitGroup
	for range 4 {
		burn.Go(func() {
			for x := pattern(1); !stop.Load(); {
				x = x.mix(1)
			}
		})
	}
	defer burn.Wait()
	defer stop.Store(true)
	for want := int64(turns * (c.Size() - 1)); ; {
		if n, err := take("turns", 0); err != nil || n == want {
			return err
		}
	}
}

func testAgree(c Comm) error {
	ctx := context.Background()
	if err := Agree(ctx, c, nil); err != nil {
		return err
	}
	last := c.Size() - 1
	own := fmt.Errorf("broken on rank %d", c.Rank())
	if c.Rank() < last/2 {
		own = nil
	} else if c.Rank() < last {
		own = ErrStopped // a failure outweighs it
	}
	err := Agree(ctx, c, own)
	if e := wantRankError(c, err, last, fmt.Sprintf("broken on rank %d", last)); e != nil {
		return e
	}
	if c.Rank() == last && !errors.Is(err, own) {
		return fmt.Errorf("%q lost its cause", err)
	}
	again := Agree(ctx, c, fmt.Errorf("on the way up: %w", err))
	if again == nil || again.Error() != err.Error() || c.Rank() == last && !errors.Is(again, own) {
		return fmt.Errorf("agreed on %q, and then on %q", err, again)
	}
	own = nil
	if c.Rank() == last {
		own = ErrStopped
	}
	if err := Agree(ctx, c, own); !errors.Is(err, ErrStopped) {
		return fmt.Errorf("got %v, not a stop", err)
	}
	return nil
}

// process returns the rank that stands for a rank in errors and statistics, and how many there are: that
// of its process, if it is a lane.
func process(c Comm, rank int) (of, size int) {
	if l, ok := c.(*lane); ok {
		return rank / l.g.n, l.parent.Size()
	}
	return rank, c.Size()
}

// wantRankError returns an error unless err is that of a rank and begins with text.
func wantRankError(c Comm, err error, rank int, text string) error {
	var e *RankError
	rank, size := process(c, rank)
	switch {
	case !errors.As(err, &e):
		return fmt.Errorf("rank %d got %v (%T), not a RankError", c.Rank(), err, err)
	case e.Rank != rank || e.Size != size || e.Host == "":
		return fmt.Errorf("rank %d heard of rank %d of %d on %q, not of %d", c.Rank(), e.Rank, e.Size, e.Host, rank)
	case !bytes.HasPrefix([]byte(e.Text), []byte(text)):
		return fmt.Errorf("rank %d heard %q, not %q", c.Rank(), e.Text, text)
	}
	return nil
}
