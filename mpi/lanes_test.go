package mpi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Lanes are ranks: they pass what ranks pass.
func TestLanes(t *testing.T) {
	skipLaunched(t)
	for _, n := range []struct{ ranks, lanes int }{{1, 1}, {1, 2}, {2, 3}} {
		t.Run(fmt.Sprint(n.ranks, "x", n.lanes), func(t *testing.T) {
			for _, x := range suite() {
				t.Run(x.name, func(t *testing.T) {
					err := Local(n.ranks, Config{}, func(c Comm) error {
						return Lanes(c, n.lanes, func(l Comm) error {
							return Agree(context.Background(), l, x.run(l))
						})
					})
					if err != nil {
						t.Fatal(err)
					}
				})
			}
		})
	}
}

// An error names the rank, not the lane; a lane that leaves takes the others along.
func TestLanesFailures(t *testing.T) {
	skipLaunched(t)
	bad := errors.New("out of paper")
	for text, leave := range map[string]func(ctx context.Context, l Comm) error{
		"out of paper\nrank 1 of 2 on": func(ctx context.Context, l Comm) error {
			var err error
			if l.Rank() == 4 {
				err = bad
			}
			return Agree(ctx, l, err)
		},
		"panic: overboard": func(ctx context.Context, l Comm) error {
			if l.Rank() == 4 {
				panic("overboard")
			}
			x, err := l.Exchange(ctx, ExchangeOptions{}, eat)
			if err == nil {
				_, err = x.Close(nil)
			}
			return err
		},
	} {
		err := Local(2, Config{}, func(c Comm) error {
			return Lanes(c, 3, func(l Comm) error { return leave(context.Background(), l) })
		})
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%v, want %s", err, text)
		}
	}
	if err := Lanes(nil, 300, nil); err == nil {
		t.Error("300 lanes were taken")
	}
}
