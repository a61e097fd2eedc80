package stages

import (
	"context"
	"errors"
)

// ErrStopped is the error of a stage that has given up a batch because the rank is to stop. The block of the batch is
// not done then, and nothing is wrong with it: the next start reads it again.
var ErrStopped = errors.New("given up: the rank is to stop")

// stopKey is the key of what [WithStop] adds.
type stopKey struct{}

// WithStop returns a context that tells those who are called with it that the rank was asked to stop: stop ends then.
// The context itself ends later, so that a block may be finished.
func WithStop(ctx, stop context.Context) context.Context {
	return context.WithValue(ctx, stopKey{}, stop)
}

// Stopping returns the context that ends once the rank is asked to stop. A stage that waits for something outside of
// the rank, such as a program, is not to wait for long from then on.
func Stopping(ctx context.Context) context.Context {
	if stop, ok := ctx.Value(stopKey{}).(context.Context); ok {
		return stop
	}
	return context.Background()
}
