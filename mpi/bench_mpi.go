//go:build mpi

package mpi

// alltoallv is MPI_Alltoallv as it is, for the benchmark. It blocks the MPI thread.
func (w *world) alltoallv(send, recv []byte, counts, displs []int32) error {
	defer pinned(send, recv)()
	var err error
	w.eng.call(func() { err = w.eng.alltoallv(send, recv, counts, displs) })
	return err
}
