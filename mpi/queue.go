package mpi

import "sync"

// A queue is first in, first out, between any number of goroutines. push never
// waits: what is pushed is bounded elsewhere, by the slots that exist.
type queue[T any] struct {
	mu     sync.Mutex
	filled sync.Cond // on mu
	items  []T
	closed bool
}

func newQueue[T any]() *queue[T] {
	q := new(queue[T])
	q.filled.L = &q.mu
	return q
}

func (q *queue[T]) push(x T) {
	q.mu.Lock()
	q.items = append(q.items, x)
	q.mu.Unlock()
	q.filled.Signal()
}

// pop waits for an item. ok is false once the queue is closed and empty.
func (q *queue[T]) pop() (x T, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 && !q.closed {
		q.filled.Wait()
	}
	if len(q.items) == 0 {
		return x, false
	}
	x, q.items[0] = q.items[0], x
	q.items = q.items[1:]
	return x, true
}

// close lets pop return once all is taken.
func (q *queue[T]) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.filled.Broadcast()
}
