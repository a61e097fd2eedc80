//go:build mpi

package mpi

import (
	"context"
	"encoding/binary"
	"sync"
)

// Collectives are cut into pieces: MPI counts in int, and what is copied stays small.
const (
	reducePiece = 1 << 17  // values
	bytesPiece  = 64 << 20 // bytes
)

func (w *world) Barrier(ctx context.Context) error {
	leave, err := w.enter("Barrier")
	if err != nil {
		return err
	}
	return leave(w.step(ctx, "MPI_Ibarrier", w.eng.barrier))
}

func (w *world) AllReduce(ctx context.Context, x []uint64, op Op) error {
	if err := op.check(); err != nil {
		return err
	}
	leave, err := w.enter("AllReduce")
	if err != nil {
		return err
	}
	return leave(w.reduce(ctx, x, op))
}

// reduce works on a copy: if ctx ends, MPI still writes to it.
func (w *world) reduce(ctx context.Context, x []uint64, by Op) error {
	buf := make([]uint64, min(len(x), reducePiece))
	for len(x) > 0 {
		piece := buf[:copy(buf, x)]
		bias(piece, by)
		err := w.step(ctx, "MPI_Iallreduce", func(o *op) {
			w.eng.allReduce(unpinAfter(o, pinned(piece)), piece, by)
		})
		if err != nil {
			return err
		}
		bias(piece, by)
		x = x[copy(x, piece):]
	}
	return nil
}

// bias flips the sign bits for the operators that MPI computes on signed numbers:
// it maps the order of the unsigned ones to that of the signed ones, and back.
func bias(x []uint64, op Op) {
	if op == Min || op == Max {
		for i := range x {
			x[i] ^= 1 << 63
		}
	}
}

// unpinAfter makes o unpin its memory when it is done.
func unpinAfter(o *op, unpin func()) *op {
	done := o.done
	o.done = func(v event) {
		unpin()
		done(v)
	}
	return o
}

func (w *world) Bcast(ctx context.Context, p []byte, root int) ([]byte, error) {
	if err := checkRoot(w, root); err != nil {
		return nil, err
	}
	leave, err := w.enter("Bcast")
	if err != nil {
		return nil, err
	}
	p, err = w.bcast(ctx, p, root)
	return p, leave(err)
}

func (w *world) bcast(ctx context.Context, p []byte, root int) ([]byte, error) {
	size := make([]byte, 8)
	if w.rank == root {
		binary.LittleEndian.PutUint64(size, uint64(len(p)))
	}
	cast := func(p []byte) error {
		return w.step(ctx, "MPI_Ibcast", func(o *op) { w.eng.bcast(unpinAfter(o, pinned(p)), p, root) })
	}
	if err := cast(size); err != nil {
		return nil, err
	}
	if w.rank != root {
		p = make([]byte, binary.LittleEndian.Uint64(size))
	}
	for rest := p; len(rest) > 0; {
		n := min(len(rest), bytesPiece)
		if err := cast(rest[:n]); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	return p, nil
}

func (w *world) Gather(ctx context.Context, p []byte, root int) ([][]byte, error) {
	if err := checkRoot(w, root); err != nil {
		return nil, err
	}
	leave, err := w.enter("Gather")
	if err != nil {
		return nil, err
	}
	all, err := w.gather(ctx, p, root)
	return all, leave(err)
}

// gather tells root the sizes, and then sends the bytes themselves.
func (w *world) gather(ctx context.Context, p []byte, root int) ([][]byte, error) {
	own, sizes := []uint64{uint64(len(p))}, make([]uint64, w.size)
	err := w.step(ctx, "MPI_Igather", func(o *op) {
		w.eng.gather(unpinAfter(o, pinned(own, sizes)), own, sizes, root)
	})
	if err != nil {
		return nil, err
	}
	if w.rank != root {
		return nil, w.pieces(ctx, p, func(o *op, p []byte) { w.eng.send(o, viaCalls, p, root, 0) })
	}
	all := make([][]byte, w.size)
	errs := make(chan error, w.size)
	var group sync.WaitGroup
	for src := range all {
		all[src] = make([]byte, sizes[src])
		if src == root {
			copy(all[src], p)
			continue
		}
		group.Go(func() {
			errs <- w.pieces(ctx, all[src], func(o *op, p []byte) { w.eng.receive(o, viaCalls, p, src, 0) })
		})
	}
	group.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// pieces posts an op for one piece of p after the other.
func (w *world) pieces(ctx context.Context, p []byte, post func(*op, []byte)) error {
	for len(p) > 0 {
		n := min(len(p), bytesPiece)
		piece := p[:n]
		err := w.step(ctx, "Gather", func(o *op) { post(unpinAfter(o, pinned(piece)), piece) })
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}
