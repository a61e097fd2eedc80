package job

import (
	"io/fs"
	"math"
	"os"
	"path"
	"runtime"
	"strconv"
	"strings"
)

// DefaultMemory returns the bytes that each of localRanks ranks on this node
// may use: the least of what the cgroup, Slurm and the machine give, less a
// tenth for the system's buffers, divided evenly.
func DefaultMemory(localRanks int) int64 {
	return memoryLimit(os.DirFS("/"), os.LookupEnv) / 10 * 9 / int64(max(localRanks, 1))
}

// memoryLimit returns the bytes that all ranks on this node may use together.
func memoryLimit(root fs.FS, getenv func(string) (string, bool)) int64 {
	const mib = 1 << 20
	limit := int64(math.MaxInt64)
	add := func(n int64) {
		if n > 0 {
			limit = min(limit, n)
		}
	}
	env := func(name string) int64 {
		s, _ := getenv(name)
		n, _ := strconv.ParseInt(s, 10, 64)
		return n
	}
	add(machineMemory(root))
	add(cgroupMemory(root))
	add(env("SLURM_MEM_PER_NODE") * mib)
	add(env("SLURM_MEM_PER_CPU") * mib * env("SLURM_CPUS_ON_NODE"))
	if limit == math.MaxInt64 {
		return 2 << 30 // nothing is known of this system
	}
	return limit
}

// machineMemory returns MemTotal, or 0.
func machineMemory(root fs.FS) int64 {
	text, _ := fs.ReadFile(root, "proc/meminfo")
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "MemTotal:" {
			kib, _ := strconv.ParseInt(f[1], 10, 64)
			return kib << 10
		}
	}
	return 0
}

// cgroupMemory returns the least limit of the cgroups that this process is
// in, of either version, or 0.
func cgroupMemory(root fs.FS) int64 {
	least := int64(0)
	text, _ := fs.ReadFile(root, "proc/self/cgroup")
	for line := range strings.Lines(string(text)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3) // ID:CONTROLLERS:PATH
		if len(f) != 3 {
			continue
		}
		mount, file := "sys/fs/cgroup", "memory.max"
		if f[1] == "memory" {
			mount, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		} else if f[1] != "" {
			continue
		}
		// A limit of any folder above holds, too. In a container the path may
		// be that of the host, of which only the end of the walk exists here.
		for dir := path.Join("/", f[2]); ; dir = path.Dir(dir) {
			if n := readLimit(root, path.Join(mount, dir, file)); n > 0 && (least == 0 || n < least) {
				least = n
			}
			if dir == "/" {
				break
			}
		}
	}
	return least
}

// readLimit returns the number in a file, or 0 where it is "max" or missing.
func readLimit(root fs.FS, name string) int64 {
	text, _ := fs.ReadFile(root, name)
	n, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n
}

// DefaultThreads returns the number of threads of a rank that shares its
// cores with sharing ranks, itself included.
func DefaultThreads(sharing int) int {
	return max(runtime.GOMAXPROCS(0)/max(sharing, 1), 1)
}

// Cores names the set of cores that this process may run on, such as "0-7",
// so that ranks can find out whether they share it; "" if it is not known.
func Cores() string {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
			return strings.TrimSpace(list)
		}
	}
	return ""
}

// DefaultScratchMax returns 90 % of what is free where dir is or will be.
func DefaultScratchMax(dir string) int64 {
	s, ok := statfs(dir)
	if !ok {
		return 0
	}
	return int64(s.Bavail) * int64(s.Bsize) / 10 * 9
}
