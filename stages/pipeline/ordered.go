package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
)

// A pool is the cores of a rank: as many goroutines as run work at one time.
type pool chan struct{}

// ordered calls produce until io.EOF, runs the functions that it returns on
// the pool, and gives their results to consume in the order in which they
// were produced. At most depth results wait. It returns the first error.
func ordered[T any](ctx context.Context, p pool, depth int, produce func() (func() (T, error), error), consume func(T) error) error {
	type result struct {
		value T
		err   error
	}
	parent := ctx
	ctx, cancel := context.WithCancel(ctx)
	queue := make(chan chan result, depth)
	go func() {
		defer close(queue)
		for {
			work, err := produce()
			if errors.Is(err, io.EOF) {
				return
			}
			slot := make(chan result, 1)
			if err != nil {
				slot <- result{err: err}
			}
			select {
			case queue <- slot:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
			select {
			case p <- struct{}{}:
			case <-ctx.Done():
				slot <- result{err: context.Cause(ctx)}
				return
			}
			go func() {
				var r result
				defer func() {
					if x := recover(); x != nil {
						r.err = fmt.Errorf("panic: %v\n%s", x, debug.Stack())
					}
					<-p
					slot <- r
				}()
				r.value, r.err = work()
			}()
		}
	}()
	var first error
	for slot := range queue {
		r := <-slot
		if first == nil {
			if first = r.err; first == nil {
				first = consume(r.value)
			}
			if first != nil {
				cancel()
			}
		}
	}
	cancel()
	if first == nil {
		first = context.Cause(parent)
	}
	return first
}
