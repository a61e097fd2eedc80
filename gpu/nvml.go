//go:build cuda

package gpu

import (
	"errors"
	"fmt"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// List returns what the driver says of the accelerators of this node. It
// needs no context, and so takes no device memory.
func List() ([]Info, error) {
	lib := nvml.New()
	// After a failed Init any other call of the library would end the process.
	if r := lib.Init(); r != nvml.SUCCESS {
		return nil, fmt.Errorf("gpu: cannot start NVML: %w", r)
	}
	infos, err := list(lib)
	if r := lib.Shutdown(); r != nvml.SUCCESS {
		err = errors.Join(err, fmt.Errorf("gpu: cannot stop NVML: %w", r))
	}
	return infos, err
}

func list(lib nvml.Interface) ([]Info, error) {
	driver, _ := lib.SystemGetDriverVersion() // "" where the driver does not say
	n, r := lib.DeviceGetCount()
	if r != nvml.SUCCESS {
		return nil, fmt.Errorf("gpu: cannot count the devices: %w", r)
	}
	infos := make([]Info, 0, n)
	for i := range n {
		d, r := lib.DeviceGetHandleByIndex(i)
		if r != nvml.SUCCESS {
			return nil, fmt.Errorf("gpu: device %d of %d: %w", i, n, r)
		}
		info, r := inspect(d)
		if r != nvml.SUCCESS {
			return nil, fmt.Errorf("gpu: device %d of %d: %w", i, n, r)
		}
		info.Driver = driver
		infos = append(infos, info)
	}
	return infos, nil
}

func inspect(d nvml.Device) (info Info, r nvml.Return) {
	if info.Name, r = d.GetName(); r != nvml.SUCCESS {
		return info, r
	}
	if info.UUID, r = d.GetUUID(); r != nvml.SUCCESS {
		return info, r
	}
	memory, r := d.GetMemoryInfo()
	if r != nvml.SUCCESS {
		return info, r
	}
	info.Memory = Memory{Total: memory.Total, Free: memory.Free}
	// Many devices do without some of what follows, and that is no error.
	info.Health = Health{Celsius: -1, Uncorrected: -1}
	if t, r := d.GetTemperature(nvml.TEMPERATURE_GPU); r == nvml.SUCCESS {
		info.Health.Celsius = int(t)
	}
	if e, r := d.GetTotalEccErrors(nvml.MEMORY_ERROR_TYPE_UNCORRECTED, nvml.VOLATILE_ECC); r == nvml.SUCCESS {
		info.Health.Uncorrected = int64(e)
	}
	return info, nvml.SUCCESS
}
