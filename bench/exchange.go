package bench

import (
	"context"
	"errors"
	"fmt"

	"sluice/mpi"
)

// errAlone says how to start what needs ranks.
var errAlone = errors.New("needs the ranks of MPI\nstart it with: mpirun -n 2 sluice bench exchange")

// exchangeVolume is what each rank sends to the others, per repetition.
const exchangeVolume = 512 << 20

// runExchange compares the exchange with raw MPI_Alltoallv of the same volume
// in the same run. All ranks run it; each number of ranks is a result of its own.
func runExchange(_ context.Context, b *bench) error {
	if b.Comm == nil || b.Comm.Size() < 2 {
		return errAlone
	}
	r, err := mpi.BenchExchange(b.Comm, exchangeVolume)
	if err != nil {
		return err
	}
	b.result.Name = fmt.Sprintf("exchange-%d", r.Ranks)
	b.figure("ranks", float64(r.Ranks), "", "")
	b.figure("exchange", r.Exchange, "MB/s a rank", "")
	b.figure("MPI_Alltoallv, messages copied in and read", r.Raw, "MB/s a rank", "")
	b.figure("exchange/MPI_Alltoallv", r.Ratio, "", "at least 0.8")
	b.figure("MPI_Alltoallv, the calls alone", r.Bare, "MB/s a rank", "")
	b.figure("exchange/calls alone", r.BareRatio, "", "")
	return nil
}
