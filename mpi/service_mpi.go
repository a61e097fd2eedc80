//go:build mpi

package mpi

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"
)

// Rank 0 keeps the counters and knows who has left the program. Ranks ask it by
// small messages, which its MPI thread answers while the rank itself computes.

// A note is one such message: kind, id, value (8 bytes each, little-endian), text.
type note struct {
	kind  uint64
	id    uint64
	value int64
	text  string
}

const (
	noteNext  = iota // add value to counter text; answered by the same kind and id
	noteLeave        // the sender has returned from main after value collectives, with error text
	noteGone         // rank id has left after value collectives, with error text
	noteBye          // all ranks have left
)

const (
	noteHead = 24
	noteMax  = 1024
	noteText = noteMax - noteHead
	tagAsk   = 1 // to rank 0
	tagTell  = 2 // from rank 0
)

func (n note) bytes() []byte {
	p := make([]byte, noteHead, noteHead+len(n.text))
	binary.LittleEndian.PutUint64(p, n.kind)
	binary.LittleEndian.PutUint64(p[8:], n.id)
	binary.LittleEndian.PutUint64(p[16:], uint64(n.value))
	return append(p, n.text...)
}

func parseNote(p []byte) (n note, err error) {
	if len(p) < noteHead {
		return n, fmt.Errorf("a note of %d bytes is too short", len(p))
	}
	n.kind = binary.LittleEndian.Uint64(p)
	n.id = binary.LittleEndian.Uint64(p[8:])
	n.value = int64(binary.LittleEndian.Uint64(p[16:]))
	n.text = string(p[noteHead:])
	return n, nil
}

// A departure is a rank that has returned from main.
type departure struct {
	rank  int
	calls int64 // collectives that it has entered
	text  string
}

// service is this rank's part. Fields of rank 0 belong to its MPI thread, counters excepted.
type service struct {
	mu       sync.Mutex
	id       uint64
	asked    map[uint64]chan int64
	counters map[string]int64 // rank 0
	bye      chan struct{}

	left  []bool // rank 0
	many  int    // ranks that left
	first *departure
	timer *time.Timer
}

func (s *service) init() {
	s.asked = make(map[uint64]chan int64)
	s.counters = make(map[string]int64)
	s.bye = make(chan struct{})
}

// serve posts the receives of the service. It runs on the MPI thread.
func (w *world) serve() {
	w.service.left = make([]bool, w.size)
	tag, src, many := tagTell, 0, 2
	if w.rank == 0 {
		tag, src, many = tagAsk, -1, 16
	}
	for range many {
		w.listen(make([]byte, noteMax), src, tag)
	}
}

// listen receives one note after the other into p.
func (w *world) listen(p []byte, src, tag int) {
	unpin := pinned(p)
	w.eng.receive(&op{name: "receive of a note", lasting: true, owner: w, done: func(v event) {
		unpin()
		if v.cancelled {
			return
		}
		err := v.err
		if err == nil {
			var n note
			if n, err = parseNote(p[:v.n]); err == nil {
				w.heed(v.src, n)
			}
		}
		if err != nil {
			w.fatal(err)
			return
		}
		w.listen(p, src, tag)
	}}, viaService, p, src, tag)
}

// fatal aborts from the MPI thread, which goes on serving meanwhile.
func (w *world) fatal(err error) { go w.Abort(1, err.Error()) }

// tell sends a note. It runs on the MPI thread.
func (w *world) tell(dst, tag int, n note) {
	p := n.bytes()
	unpin := pinned(p)
	w.eng.send(&op{name: "send of a note", done: func(v event) {
		unpin()
		if v.err != nil {
			w.fatal(v.err)
		}
	}}, viaService, p, dst, tag)
}

// heed acts on a note from src, on the MPI thread.
func (w *world) heed(src int, n note) {
	s := &w.service
	switch n.kind {
	case noteNext:
		if w.rank == 0 {
			n.value = s.add(n.text, n.value)
			w.tell(src, tagTell, note{kind: noteNext, id: n.id, value: n.value})
			return
		}
		s.mu.Lock()
		answer := s.asked[n.id]
		delete(s.asked, n.id)
		s.mu.Unlock()
		w.eng.flying--
		answer <- n.value
	case noteLeave:
		w.departed(departure{src, n.value, n.text})
	case noteGone:
		w.mu.Lock()
		w.gone = &departure{int(n.id), n.value, n.text}
		w.missing()
		w.mu.Unlock()
	case noteBye:
		close(s.bye)
	}
}

func (s *service) add(counter string, n int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.counters[counter]
	s.counters[counter] = was + n
	return was
}

func (w *world) Next(ctx context.Context, counter string, n int64) (int64, error) {
	s := &w.service
	if len(counter) > noteText {
		return 0, fmt.Errorf("mpi: a counter's name of %d bytes is too long\nat most %d", len(counter), noteText)
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if w.rank == 0 {
		return s.add(counter, n), nil
	}
	answer := make(chan int64, 1)
	s.mu.Lock()
	s.id++
	id := s.id
	s.asked[id] = answer
	s.mu.Unlock()
	w.eng.do(func() {
		w.eng.flying++ // the answer is on its way
		w.tell(0, tagAsk, note{noteNext, id, n, counter})
	})
	defer w.dog.wait("Next of " + counter)()
	select {
	case v := <-answer:
		return v, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// leave tells rank 0 that main has returned, waits until all ranks have
// said so, and finalises MPI.
func (w *world) leave(err error) error {
	d := departure{w.rank, w.calls, ""}
	if err != nil {
		d.text = err.Error()
		d.text = d.text[:min(len(d.text), noteText)]
	}
	w.eng.do(func() {
		w.eng.flying++ // all wait for the last rank
		if w.rank == 0 {
			w.departed(d)
			return
		}
		w.tell(0, tagAsk, note{kind: noteLeave, value: d.calls, text: d.text})
	})
	<-w.service.bye
	w.eng.call(func() {
		if err := w.eng.cancel(w); err != nil {
			w.fatal(err)
		}
	})
	w.eng.stop()
	<-w.ended
	return w.endErr
}

// grace is how long ranks may go on after one has left before they are told. They
// mostly leave together.
const grace = time.Second

// departed notes on rank 0, on its MPI thread, that a rank has left.
func (w *world) departed(d departure) {
	s := &w.service
	s.left[d.rank] = true
	if s.first == nil || d.calls < s.first.calls {
		s.first = &d
	}
	if s.many++; s.many == w.size {
		for dst := 1; dst < w.size; dst++ {
			w.tell(dst, tagTell, note{kind: noteBye})
		}
		close(s.bye)
		return
	}
	time.AfterFunc(grace, func() { w.eng.do(w.spread) })
}

// spread tells the ranks that are left which one left first.
func (w *world) spread() {
	s := &w.service
	if s.many == w.size {
		return
	}
	n := note{noteGone, uint64(s.first.rank), s.first.calls, s.first.text}
	for dst := range w.size {
		switch {
		case s.left[dst]:
		case dst == 0:
			w.heed(0, n)
		default:
			w.tell(dst, tagTell, n)
		}
	}
}

// missing aborts if this rank is in a collective, or bound for one, that a rank
// that is gone has not entered. The caller holds w.mu.
func (w *world) missing() {
	need, in := w.calls, w.in
	if w.open {
		need++
		in = cmp.Or(in, "an exchange")
	}
	if w.gone == nil || in == "" || need <= w.gone.calls {
		return
	}
	w.fatal(fmt.Errorf("rank %d has returned from main while this rank is in %s; its error: %s",
		w.gone.rank, in, cmp.Or(w.gone.text, "none")))
	w.gone = nil
}
