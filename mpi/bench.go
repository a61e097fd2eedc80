package mpi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A BenchResult compares an exchange with what it is built on. Rates are bytes
// that one rank sent to others per second, in MB/s of 10^6 bytes: medians over the
// repetitions, the same on all ranks.
type BenchResult struct {
	Ranks       int     `json:"ranks"`
	Volume      int64   `json:"volume"`  // bytes that each rank sent to others per repetition
	Message     int     `json:"message"` // bytes per Send
	Repetitions int     `json:"repetitions"`
	Exchange    float64 `json:"exchange_mb_s"`
	// Raw is MPI_Alltoallv in rounds, with one buffer for each direction: a round
	// copies the messages in, calls it, and reads what has come. Bare is the same
	// calls alone, over and over on the same bytes, which stay in the cache. Whole is one call
	// for all of the volume, which lies in memory already. All are 0
	// where there is no MPI, and Whole beyond 512 MiB.
	Raw        float64 `json:"alltoallv_mb_s"`
	Bare       float64 `json:"alltoallv_bare_mb_s"`
	Whole      float64 `json:"alltoallv_whole_mb_s"`
	Block      int     `json:"alltoallv_block"` // bytes for each other rank in a round
	Ratio      float64 `json:"ratio"`           // Exchange / Raw, the median over the repetitions
	BareRatio  float64 `json:"bare_ratio"`      // Exchange / Bare, likewise
	WholeRatio float64 `json:"whole_ratio"`     // Exchange / Whole, likewise
}

// A rawExchanger can do what Exchange is measured against.
type rawExchanger interface {
	// alltoallv sends counts[r] bytes from displs[r] of send to each rank
	// r, and receives as many at the same places of recv.
	alltoallv(send, recv []byte, counts, displs []int32) error
}

const (
	benchMessage = 32 << 10
	benchBlock   = 1 << 20
	benchSenders = 2
	benchRuns    = 7
	wholeLimit   = 512 << 20
)

// BenchExchange sends volume bytes from each rank to the others, in equal parts,
// through an Exchange and through MPI_Alltoallv, in turns. It is collective.
func BenchExchange(c Comm, volume int64) (BenchResult, error) {
	if c.Size() < 2 {
		return BenchResult{}, errors.New("mpi: the exchange is measured between ranks\nstart at least 2")
	}
	b := &bench{c: c, each: max(volume/int64(c.Size()-1)/benchBlock, 1) * benchBlock, source: make([]byte, benchMessage)}
	patternFill(b.source)
	res := BenchResult{
		Ranks: c.Size(), Volume: b.each * int64(c.Size()-1), Message: benchMessage,
		Repetitions: benchRuns, Block: benchBlock,
	}
	ways := []func() error{b.exchange}
	if raw, ok := c.(rawExchanger); ok {
		ways = append(ways,
			func() error { return b.rounds(raw, true) },
			func() error { return b.rounds(raw, false) })
		if res.Volume <= wholeLimit {
			b.fillWhole()
			ways = append(ways, func() error { return b.whole(raw) })
		}
	}
	seconds := make([][]float64, 4)
	for i := range benchRuns + 1 {
		for k, way := range ways {
			t, err := b.time(way)
			if err != nil {
				return res, err
			}
			if i > 0 { // the first connects the ranks and touches the memory
				seconds[k] = append(seconds[k], t)
			}
		}
	}
	rate := func(k int) float64 {
		if len(seconds[k]) == 0 {
			return 0
		}
		return float64(res.Volume) / 1e6 / median(seconds[k])
	}
	ratio := func(k int) float64 {
		var x []float64
		for i, t := range seconds[k] {
			x = append(x, t/seconds[0][i])
		}
		return median(x)
	}
	res.Exchange, res.Raw, res.Bare, res.Whole = rate(0), rate(1), rate(2), rate(3)
	res.Ratio, res.BareRatio, res.WholeRatio = ratio(1), ratio(2), ratio(3)
	return res, nil
}

type bench struct {
	c      Comm
	each   int64 // bytes for each other rank
	source []byte
	send   []byte // of rounds
	recv   []byte
	from   []byte // of whole
	to     []byte
	sum    uint64 // keeps the reading from being left out
}

// time returns the seconds of the slowest rank.
func (b *bench) time(f func() error) (float64, error) {
	ctx := context.Background()
	if err := b.c.Barrier(ctx); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := Agree(ctx, b.c, f()); err != nil {
		return 0, err
	}
	ns := []uint64{uint64(time.Since(start))}
	err := b.c.AllReduce(ctx, ns, Max)
	return float64(ns[0]) / 1e9, err
}

func (b *bench) exchange() error {
	ctx := context.Background()
	var got int64
	x, err := b.c.Exchange(ctx, ExchangeOptions{Name: "benchmark"}, func(src int, p []byte) error {
		got += int64(len(p))
		b.touch(p)
		return nil
	})
	if err != nil {
		return err
	}
	errs := make([]error, benchSenders)
	var group sync.WaitGroup
	for g := range benchSenders {
		group.Go(func() {
			for n := b.each / benchMessage / benchSenders; n > 0; n-- {
				for i := 1; i < b.c.Size(); i++ {
					if err := x.Send(ctx, (b.c.Rank()+i)%b.c.Size(), b.source); err != nil {
						errs[g] = err
						return
					}
				}
			}
		})
	}
	group.Wait()
	if _, err = x.Close(errors.Join(errs...)); err != nil {
		return err
	}
	if want := b.each * int64(b.c.Size()-1); got != want {
		return fmt.Errorf("mpi: %d bytes arrived, not %d", got, want)
	}
	return nil
}

// rounds sends the same by r; whole says that it copies in and reads, too.
func (b *bench) rounds(r rawExchanger, whole bool) error {
	p := b.c.Size()
	if b.send == nil {
		b.send, b.recv = make([]byte, p*benchBlock), make([]byte, p*benchBlock)
	}
	counts, displs := b.layout(benchBlock)
	for done := int64(0); done < b.each; done += benchBlock {
		for i := range counts {
			if own := b.send[displs[i]:][:counts[i]]; whole {
				for len(own) > 0 {
					own = own[copy(own, b.source):]
				}
			}
		}
		if err := r.alltoallv(b.send, b.recv, counts, displs); err != nil {
			return err
		}
		for i := range counts {
			if whole {
				b.touch(b.recv[displs[i]:][:counts[i]])
			}
		}
	}
	return nil
}

// layout is n bytes for each rank but this one, with a gap for it.
func (b *bench) layout(n int) (counts, displs []int32) {
	p := b.c.Size()
	counts, displs = make([]int32, p), make([]int32, p)
	for i := range p {
		displs[i] = int32(i * n)
		if i != b.c.Rank() {
			counts[i] = int32(n)
		}
	}
	return counts, displs
}

// fillWhole makes the buffers of whole, and touches them.
func (b *bench) fillWhole() {
	n := int(b.each) * b.c.Size()
	b.from, b.to = make([]byte, n), make([]byte, n)
	patternFill(b.from)
	patternFill(b.to)
}

// whole sends everything by one call of r.
func (b *bench) whole(r rawExchanger) error {
	counts, displs := b.layout(int(b.each))
	return r.alltoallv(b.from, b.to, counts, displs)
}

// touch reads a word of every cache line.
func (b *bench) touch(p []byte) {
	for i := 0; i < len(p); i += 64 {
		b.sum += uint64(p[i])
	}
}

func patternFill(p []byte) {
	for i := range p {
		p[i] = byte(i * 131)
	}
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}
