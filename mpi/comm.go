// Package mpi connects the ranks of one job.
//
// The rest of the program sees only [Comm]. Behind it is MPI (build tag mpi),
// entered by [World], or a group of goroutines, entered by [Local]; every
// parallel algorithm can therefore be tested with go test -race on a laptop.
// Ranks share nothing but what goes through a Comm: goroutine ranks, too, get
// copies.
package mpi

import (
	"context"
	"errors"
	"time"
)

// Comm is one rank's end of a communicator.
//
// All methods except Rank, Size, LocalRank, LocalSize, Host, Next and Abort
// are collective: all ranks call them in the same order. One goroutine of a
// rank at a time may be inside a collective; Next, Abort and the methods of
// an open [Exchange] may be called by any goroutine at any time. No other
// collective may be called while an exchange is open.
//
// Once a collective has returned an error, the communicator is broken, and
// every later one returns that error.
type Comm interface {
	Rank() int
	Size() int
	LocalRank() int // among the ranks that share this node's memory
	LocalSize() int
	Host() string

	Barrier(ctx context.Context) error
	// AllReduce combines x element-wise over all ranks, in place. It is exact,
	// and so is the same in any order; there is no floating-point form.
	AllReduce(ctx context.Context, x []uint64, op Op) error
	// Bcast returns root's p on every rank.
	Bcast(ctx context.Context, p []byte, root int) ([]byte, error)
	// Gather returns every rank's p on root, by rank, and nil elsewhere. It
	// is for small things: root holds them all.
	Gather(ctx context.Context, p []byte, root int) ([][]byte, error)

	// Next adds n to a shared counter and returns its value from before. A
	// counter exists once it is named, and starts at 0. It hands out work, and
	// does not wait for ranks that compute.
	Next(ctx context.Context, counter string, n int64) (int64, error)

	// Exchange opens a streaming all-to-all. consume gets what other ranks
	// and this one send here, in the order in which each rank sent it, in a slice
	// that is consume's own until it returns. It is called by one goroutine
	// at a time. An error from it fails the exchange on all ranks.
	Exchange(ctx context.Context, o ExchangeOptions, consume func(src int, p []byte) error) (Exchange, error)

	// Abort ends the program on all ranks now, with the exit code. It says
	// reason on standard error and does not return.
	Abort(code int, reason string)
}

// Op is a reduction operator on uint64.
type Op uint8

const (
	Sum Op = iota // modulo 2^64
	Min
	Max
	Or
	And
)

// ExchangeOptions are the same on all ranks, except for Budget.
type ExchangeOptions struct {
	// Name says in messages what is exchanged.
	Name string
	// Budget bounds the bytes of the buffers of this rank. 0 means 256 MiB.
	Budget int64
}

// An Exchange is one rank's end of an open all-to-all. It ends when every
// rank has closed it and everything that was sent has been consumed.
type Exchange interface {
	// MaxMessage is the largest p that Send takes; the same on all ranks and
	// at least 8 KiB.
	MaxMessage() int
	// Send sends a copy of p to rank dst, itself included. A message arrives
	// whole, together with others: consume is called with one or several
	// complete messages of one rank, end to end. Send waits while the budget
	// is used up, and returns an error once the exchange has failed or ctx ends.
	Send(ctx context.Context, dst int, p []byte) error
	// Done is closed once some rank has failed or asked to stop: what is
	// still to be sent no longer matters.
	Done() <-chan struct{}
	// Close says that this rank sends no more, and waits for the end. Its
	// argument is nil, the error that this rank fails with, or [ErrStopped].
	// All ranks leave together with the same outcome: nil; a *[RankError]; or
	// ErrStopped if none failed and at least one asked to stop. Everything
	// was consumed if and only if the outcome is nil.
	Close(err error) (Stats, error)
}

// Stats is what one rank did in an exchange.
type Stats struct {
	Sent     int64         // bytes sent to other ranks
	Received int64         // bytes received from other ranks
	Local    int64         // bytes sent to itself
	Waited   time.Duration // time spent waiting in Close
}

// ErrStopped is the outcome of an exchange that a rank asked to stop, because of a
// signal: a clean end before all is done.
var ErrStopped = errors.New("stopped on request")

// Config is what ranks are started with.
type Config struct {
	// Watchdog is how long a rank waits for others before it calls Waiting,
	// and again each time as much has passed. 0 means never.
	Watchdog time.Duration
	// Waiting is told what the rank waits in and since when. If it returns
	// an error, the rank aborts the job with it. nil aborts always.
	Waiting func(op string, since time.Time) error
}
