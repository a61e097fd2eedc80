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
// were produced. At most depth results wait. It returns the first error; a panic
// in any of the functions is one, and the cause of ctx stands for its end.
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
			var work func() (T, error)
			err := guard(func() (err error) {
				work, err = produce()
				return err
			})
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
				r.err = guard(func() (err error) {
					r.value, err = work()
					return err
				})
				<-p
				slot <- r
			}()
		}
	}()
	var first error
	for slot := range queue {
		r := <-slot
		if first == nil {
			if first = r.err; first == nil {
				first = guard(func() error { return consume(r.value) })
			}
			if first != nil {
				cancel()
			}
		}
	}
	cancel()
	if first == nil || errors.Is(first, context.Canceled) && parent.Err() != nil {
		first = context.Cause(parent)
	}
	return first
}

// guard calls do and makes a panic an error with its stack: one bad row must
// not take the ranks of a process down without a word to the others.
func guard(do func() error) (err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("panic: %v\n%s", x, debug.Stack())
		}
	}()
	return do()
}
