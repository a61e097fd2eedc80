package round

import (
	"math"
	"sync/atomic"
	"time"
)

// A Clock adds up what a rank does in rounds. Any goroutine may add.
type Clock struct {
	Sent, Received          atomic.Int64 // bytes, between ranks
	Compute, Exchange, Idle Duration
	// Asked and Answered count what was routed, also from a rank to itself:
	// questions and the requests and records of fetching, and answers.
	Asked, Answered Traffic
}

// A Duration is a sum of times.
type Duration struct{ ns atomic.Int64 }

// Add adds a time.
func (d *Duration) Add(t time.Duration) { d.ns.Add(int64(t)) }

// Seconds returns the sum, to a millisecond.
func (d *Duration) Seconds() float64 {
	return math.Round(float64(d.ns.Load())/1e6) / 1e3
}

// Traffic counts records that are routed.
type Traffic struct{ Records, Bytes atomic.Int64 }

func (t *Traffic) add(n int) {
	t.Records.Add(1)
	t.Bytes.Add(int64(n))
}
