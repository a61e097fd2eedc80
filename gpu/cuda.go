//go:build cuda

package gpu

import (
	"errors"
	"fmt"
	"runtime"

	"gorgonia.org/cu"
)

// cudaDevice is a CUDA device. Everything runs on the one thread that holds
// the device's primary context, because a context is current per thread.
type cudaDevice struct {
	name string
	work chan func()
}

// countCUDA returns how many devices the driver shows to this process.
func countCUDA() (int, error) {
	if err := driverError(); err != nil {
		return 0, err
	}
	return cu.NumDevices()
}

func openCUDA(localRank int) (Device, error) {
	n, err := countCUDA()
	if err != nil {
		return nil, fmt.Errorf("gpu: no CUDA device: %w\nask Slurm for one (gpus_per_node), or set device = \"host\" to go without", err)
	}
	if n == 0 {
		return nil, errors.New("gpu: the CUDA driver shows no device\nask Slurm for one (gpus_per_node), or set device = \"host\"")
	}
	index := pick(localRank, n)
	d := &cudaDevice{work: make(chan func())}
	ready := make(chan error)
	go d.serve(index, ready)
	if err := <-ready; err != nil {
		return nil, fmt.Errorf("gpu: CUDA device %d of %d: %w", index, n, err)
	}
	return d, nil
}

// serve owns the thread of the device until Close.
func (d *cudaDevice) serve(index int, ready chan<- error) {
	// Never unlocked: the thread ends with the goroutine, and no other
	// goroutine inherits its context.
	runtime.LockOSThread()
	dev, err := cu.GetDevice(index)
	if err == nil {
		d.name, err = dev.Name()
	}
	if err == nil {
		// The primary context is the one that the CUDA libraries share.
		var primary cu.CUContext
		if primary, err = dev.RetainPrimaryCtx(); err == nil {
			err = cu.SetCurrentContext(primary)
			defer func() { _ = dev.ReleasePrimaryCtx() }()
		}
	}
	ready <- err
	if err != nil {
		return
	}
	for f := range d.work {
		f()
	}
}

func (d *cudaDevice) Name() string { return d.name }
func (d *cudaDevice) Kind() Kind   { return CUDA }

func (d *cudaDevice) Memory() (m Memory, err error) {
	done := make(chan struct{})
	d.work <- func() {
		defer close(done)
		var free, total int64
		free, total, err = cu.MemInfo()
		m = Memory{Total: uint64(total), Free: uint64(free)}
	}
	<-done
	return m, err
}

func (d *cudaDevice) Close() error {
	close(d.work)
	return nil
}
