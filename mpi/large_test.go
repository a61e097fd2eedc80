package mpi

import (
	"context"
	"fmt"
	"os"
	"testing"
)

// TestLarge sends more than 2^31 bytes between two ranks, each way, and checks every
// one; and broadcasts and gathers as many. It takes a minute and 10 GiB, and
// runs if SLUICE_LARGE is set.
func TestLarge(t *testing.T) {
	if os.Getenv("SLUICE_LARGE") == "" {
		t.Skip("runs with SLUICE_LARGE=1")
	}
	const size, n = 60_001, 1<<31/60_001 + 1000
	run := func(c Comm) error {
		return trial(c, ExchangeOptions{Name: "large"}, size, func(src, dst int) int {
			if src != dst && src < 2 && dst < 2 {
				return n
			}
			return 0
		})
	}
	if theWorld == nil {
		if err := Local(2, Config{}, run); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := run(theWorld); err != nil {
		t.Fatal(err)
	}
	if err := largeCalls(theWorld); err != nil {
		t.Fatal(err)
	}
}

// largeCalls sends 2^31 bytes and some from the last rank to all, and to rank 0.
func largeCalls(c Comm) error {
	ctx, last := context.Background(), c.Size()-1
	var p []byte
	if c.Rank() == last {
		p = make([]byte, 1<<31+5)
		patternOf(last, 0, 0).fill(p, 0)
	}
	p, err := c.Bcast(ctx, p, last)
	if err != nil {
		return err
	}
	if len(p) != 1<<31+5 {
		return fmt.Errorf("%d bytes arrived", len(p))
	}
	if err := Agree(ctx, c, patternOf(last, 0, 0).check(p, 0)); err != nil {
		return err
	}
	if c.Rank() != last {
		p = p[:7]
	}
	all, err := c.Gather(ctx, p, 0)
	if err == nil && c.Rank() == 0 {
		err = patternOf(last, 0, 0).check(all[last], 0)
		if len(all[last]) != 1<<31+5 {
			err = fmt.Errorf("%d bytes gathered", len(all[last]))
		}
	}
	return Agree(ctx, c, err)
}
