package main

import (
	"fmt"

	"sluice/gpu"
	"sluice/stages/job"
	"sluice/stages/progress"
)

const devicesUsage = `usage: sluice devices

Lists the cores and the accelerators of this node, with their memory and
health. A device with uncorrected memory errors should be drained.

example:
  srun --nodes=4 --ntasks-per-node=1 sluice devices
`

// devices lists what this node computes on.
func (p *program) devices(args []string) error {
	args, err := flagSet{}.parse(args)
	if err != nil {
		return err
	}
	if err := arguments(args, "devices"); err != nil {
		return err
	}
	host, err := gpu.Open(0, "host")
	if err != nil {
		return err
	}
	defer host.Close()
	memory, err := host.Memory()
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "host  %s, %d threads, %s free of %s\n",
		host.Name(), job.DefaultThreads(1), progress.Bytes(int64(memory.Free)), progress.Bytes(int64(memory.Total)))
	all, err := gpu.List()
	if err != nil {
		p.errorf("no accelerators: %v", err)
		return nil
	}
	for i, d := range all {
		fmt.Fprintf(p.stdout, "gpu%-2d %s, %s free of %s, driver %s, %s\n", i, d.Name,
			progress.Bytes(int64(d.Memory.Free)), progress.Bytes(int64(d.Memory.Total)), d.Driver, health(d.Health))
	}
	return nil
}

func health(h gpu.Health) string {
	text := "temperature unknown"
	if h.Celsius >= 0 {
		text = fmt.Sprintf("%d C", h.Celsius)
	}
	if h.Uncorrected > 0 {
		text += fmt.Sprintf(", %d UNCORRECTED MEMORY ERRORS: drain it", h.Uncorrected)
	}
	return text
}
