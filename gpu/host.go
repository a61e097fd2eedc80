package gpu

import (
	"bufio"
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// host is the device that every node has.
type host struct{ name string }

func openHost() (Device, error) {
	name := runtime.GOARCH
	if p, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if model := procField(p, "model name"); model != "" {
			name = model
		}
	}
	return &host{name}, nil
}

func (h *host) Name() string { return h.name }
func (h *host) Kind() Kind   { return Host }
func (h *host) Close() error { return nil }

// Memory is the node's, whatever part of it Slurm lets the job use. It is zero
// on systems without /proc.
func (h *host) Memory() (Memory, error) {
	p, err := os.ReadFile("/proc/meminfo")
	if os.IsNotExist(err) {
		return Memory{}, nil
	}
	if err != nil {
		return Memory{}, err
	}
	return Memory{Total: kibibytes(p, "MemTotal"), Free: kibibytes(p, "MemAvailable")}, nil
}

// procField returns the first value of a key in a "key : value" file of /proc.
func procField(p []byte, key string) string {
	for s := bufio.NewScanner(bytes.NewReader(p)); s.Scan(); {
		if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// kibibytes returns in bytes a field that /proc gives as "N kB", 0 if it is
// not there.
func kibibytes(p []byte, key string) uint64 {
	n, err := strconv.ParseUint(strings.TrimSuffix(procField(p, key), " kB"), 10, 54)
	if err != nil {
		return 0
	}
	return n << 10
}
