//go:build mpi

package mpi

/*
#cgo linux,amd64 CFLAGS: -I/usr/lib/x86_64-linux-gnu/openmpi/include -I/usr/lib/x86_64-linux-gnu/openmpi/include/openmpi
#cgo linux,amd64 LDFLAGS: -L/usr/lib/x86_64-linux-gnu/openmpi/lib -lmpi
#cgo linux,arm64 CFLAGS: -I/usr/lib/aarch64-linux-gnu/openmpi/include -I/usr/lib/aarch64-linux-gnu/openmpi/include/openmpi
#cgo linux,arm64 LDFLAGS: -L/usr/lib/aarch64-linux-gnu/openmpi/lib -lmpi
#include <stdlib.h>
#include <unistd.h>
#include "engine.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// An engine owns the MPI thread. Others hand it functions (do); it runs them in
// order, and tests what they posted until it is done. All fields but mu and todo belong
// to that thread.
type engine struct {
	c    *C.sl_engine
	idle time.Duration // sleep between two polls while nothing is in flight

	ops    []*op // of the requests in c.reqs, by index
	flying int   // ops that are not lasting, and answers that we wait for

	mu      sync.Mutex
	todo    []func()
	stopped bool
}

// An op is one request. done gets its outcome on the MPI thread and must not wait.
type op struct {
	name    string
	lasting bool // is posted for long and is no reason to poll fast
	owner   any  // for cancel
	done    func(event)
}

// An event is the outcome of an op.
type event struct {
	src, tag, n int // of a message received
	cancelled   bool
	err         error
}

// newEngine prepares the thread that calls it, after MPI has started.
func newEngine(idle time.Duration) (*engine, error) {
	e := &engine{c: (*C.sl_engine)(C.calloc(1, C.sizeof_sl_engine)), idle: idle}
	return e, mpiError("start", C.sl_open(e.c))
}

// mpiError turns a return code into an error, nil if it is MPI_SUCCESS.
func mpiError(op string, code C.int) error {
	if code == C.MPI_SUCCESS {
		return nil
	}
	var text [C.MPI_MAX_ERROR_STRING + 1]C.char
	C.sl_text(code, &text[0], C.int(len(text)))
	return fmt.Errorf("%s: MPI error %d: %s", op, code, C.GoString(&text[0]))
}

// do runs f on the MPI thread, after what was handed in before. It does not wait.
func (e *engine) do(f func()) {
	e.mu.Lock()
	e.todo = append(e.todo, f)
	e.mu.Unlock()
	e.rouse()
}

func (e *engine) rouse() {
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&e.c.wake)), 1)
	if atomic.LoadUint32((*uint32)(unsafe.Pointer(&e.c.asleep))) == 1 {
		one := C.uint64_t(1)
		C.write(e.c.efd, unsafe.Pointer(&one), 8)
	}
}

// call runs f on the MPI thread and waits for it.
func (e *engine) call(f func()) {
	done := make(chan struct{})
	e.do(func() { f(); close(done) })
	<-done
}

// post adds an op for the request that a call has just appended. If it
// returned an error instead, the op is done with it.
func (e *engine) post(o *op, code C.int) {
	if err := mpiError(o.name, code); err != nil {
		o.done(event{err: err})
		return
	}
	e.ops = append(e.ops, o)
	if !o.lasting {
		e.flying++
	}
}

// run serves the MPI thread until stop.
func (e *engine) run() error {
	var todo []func()
	for {
		e.mu.Lock()
		todo, e.todo = e.todo, todo[:0]
		stopped := e.stopped
		e.mu.Unlock()
		for i, f := range todo {
			f()
			todo[i] = nil
		}
		if stopped && len(todo) == 0 {
			return nil
		}
		busy := C.int(min(e.flying, 1))
		n := int(C.sl_poll(e.c, busy, C.int64_t(e.idle)))
		if n < 0 {
			return mpiError("MPI_Testsome", C.int(-n))
		}
		e.finish(unsafe.Slice(e.c.events, n))
	}
}

// finish ends the ops of events. It first moves the last op into each hole, as
// sl_poll has done with the requests: what is done may post again.
func (e *engine) finish(events []C.sl_event) {
	type end struct {
		o *op
		v event
	}
	ends := make([]end, len(events))
	for i := range events {
		v := &events[i]
		o, last := e.ops[v.index], len(e.ops)-1
		e.ops[v.index], e.ops[last] = e.ops[last], nil
		e.ops = e.ops[:last]
		if !o.lasting {
			e.flying--
		}
		ends[i] = end{o, event{
			src: int(v.source), tag: int(v.tag), n: int(v.count),
			cancelled: v.cancelled != 0, err: mpiError(o.name, v.code),
		}}
	}
	for _, x := range ends {
		x.o.done(x.v)
	}
}

// cancel cancels the receives of an owner, whose ops are then done.
func (e *engine) cancel(owner any) error {
	for i, o := range e.ops {
		if o.owner == owner {
			if err := mpiError("MPI_Cancel", C.sl_cancel(e.c, C.int(i))); err != nil {
				return err
			}
		}
	}
	return nil
}

// stop ends run once all that was handed in has run.
func (e *engine) stop() {
	e.mu.Lock()
	e.stopped = true
	e.mu.Unlock()
	e.rouse()
}

// The calls that post a request. Memory that they get is pinned until the op is done.

func (e *engine) barrier(o *op) { e.post(o, C.sl_ibarrier(e.c)) }

func (e *engine) allReduce(o *op, x []uint64, r Op) {
	e.post(o, C.sl_iallreduce(e.c, (*C.uint64_t)(&x[0]), C.int(len(x)), C.int(r)))
}

func (e *engine) bcast(o *op, p []byte, root int) {
	e.post(o, C.sl_ibcast(e.c, unsafe.Pointer(&p[0]), C.int(len(p)), C.int(root)))
}

func (e *engine) gather(o *op, x, all []uint64, root int) {
	e.post(o, C.sl_igather(e.c, (*C.uint64_t)(&x[0]), (*C.uint64_t)(&all[0]), C.int(root)))
}

// A channel is one of the communicators that messages go through.
type channel int

const (
	viaCalls channel = iota
	viaData
	viaService
)

func (e *engine) comm(via channel) C.MPI_Comm {
	return [...]C.MPI_Comm{e.c.calls, e.c.data, e.c.service}[via]
}

func (e *engine) send(o *op, via channel, p []byte, dst, tag int) {
	e.post(o, C.sl_isend(e.c, e.comm(via), unsafe.Pointer(unsafe.SliceData(p)), C.int(len(p)), C.int(dst), C.int(tag)))
}

// sendSynchronous is send that is done only after the receiver has a place for it.
func (e *engine) sendSynchronous(o *op, via channel, p []byte, dst, tag int) {
	e.post(o, C.sl_issend(e.c, e.comm(via), unsafe.Pointer(unsafe.SliceData(p)), C.int(len(p)), C.int(dst), C.int(tag)))
}

// receive takes a message of at most len(p) bytes; a src or tag of -1 is any.
func (e *engine) receive(o *op, via channel, p []byte, src, tag int) {
	e.post(o, C.sl_irecv(e.c, e.comm(via), unsafe.Pointer(unsafe.SliceData(p)), C.int(len(p)), C.int(src), C.int(tag)))
}

// alltoallv blocks the MPI thread; only the benchmark uses it.
func (e *engine) alltoallv(send, recv []byte, counts, displs []int32) error {
	c, d := (*C.int)(&counts[0]), (*C.int)(&displs[0])
	return mpiError("MPI_Alltoallv", C.sl_alltoallv(e.c, unsafe.Pointer(&send[0]), c, d, unsafe.Pointer(&recv[0]), c, d))
}

// close gives back the communicators. Nothing is in flight any more.
func (e *engine) close() error {
	err := mpiError("MPI_Comm_free", C.sl_close(e.c))
	C.free(unsafe.Pointer(e.c))
	return err
}

// mpiAbort ends all ranks. MPI was started for use from several threads, so
// that this works while the MPI thread is stuck.
func mpiAbort(code int) { C.sl_abort(C.int(code)) }

// pinned pins the memory of non-empty slices and returns what unpins it.
func pinned[T any](slices ...[]T) (unpin func()) {
	p := new(runtime.Pinner)
	for _, s := range slices {
		if len(s) > 0 {
			p.Pin(&s[0])
		}
	}
	return p.Unpin
}
