package pipeline

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// A panic is an error wherever it comes from.
func TestOrderedPanics(t *testing.T) {
	fine := func() (int, error) { return 1, nil }
	for name, c := range map[string]struct {
		produce func() (func() (int, error), error)
		consume func(int) error
	}{
		"produce": {func() (func() (int, error), error) { panic("at produce") }, func(int) error { return nil }},
		"work":    {func() (func() (int, error), error) { return func() (int, error) { panic("at work") }, nil }, func(int) error { return nil }},
		"consume": {func() (func() (int, error), error) { return fine, nil }, func(int) error { panic("at consume") }},
	} {
		err := ordered(t.Context(), make(pool, 2), 2, c.produce, c.consume)
		if err == nil || !strings.Contains(err.Error(), "panic: at "+name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// What a reader says of the end of its context is not why it ended.
func TestOrderedEndsForACause(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("asked to stop")
	n := 0
	err := ordered(ctx, make(pool, 2), 2, func() (func() (int, error), error) {
		if n++; n == 10 {
			cancel(why)
		}
		return func() (int, error) { return 0, nil }, ctx.Err()
	}, func(int) error { return nil })
	if err != why {
		t.Errorf("error %v", err)
	}
}

// What is consumed is all that was produced, in order.
func TestOrderedKeepsOrder(t *testing.T) {
	n, next := 0, 0
	err := ordered(t.Context(), make(pool, 3), 2, func() (func() (int, error), error) {
		i := n
		if n++; n > 1000 {
			return nil, io.EOF
		}
		return func() (int, error) { return i, nil }, nil
	}, func(i int) error {
		if i != next {
			t.Errorf("%d before %d", i, next)
		}
		next++
		return nil
	})
	if err != nil || next != 1000 {
		t.Errorf("%d consumed: %v", next, err)
	}
}
