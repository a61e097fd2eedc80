package job

import (
	"testing"
	"testing/fstest"
)

func TestMemoryLimit(t *testing.T) {
	root := func(files ...string) fstest.MapFS {
		m := fstest.MapFS{"proc/meminfo": {Data: []byte("MemFree: 1 kB\nMemTotal:       1000000 kB\n")}}
		for i := 0; i < len(files); i += 2 {
			m[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
		}
		return m
	}
	const mib = 1 << 20
	for name, c := range map[string]struct {
		root fstest.MapFS
		env  map[string]string
		want int64
	}{
		"machine": {root(), nil, 1000000 << 10},
		"v2": {root("proc/self/cgroup", "0::/slurm/job_1/step_0\n", "sys/fs/cgroup/slurm/job_1/step_0/memory.max", "max\n",
			"sys/fs/cgroup/slurm/job_1/memory.max", "500000000\n", "sys/fs/cgroup/slurm/memory.max", "900000000\n"), nil, 500000000},
		"v1": {root("proc/self/cgroup", "9:cpu:/x\n4:memory:/slurm/uid_0\n0::/\n",
			"sys/fs/cgroup/memory/slurm/uid_0/memory.limit_in_bytes", "9223372036854771712\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes", "400000000\n"), nil, 400000000},
		"container":       {root("proc/self/cgroup", "0::/docker/abc\n", "sys/fs/cgroup/memory.max", "300000000\n"), nil, 300000000},
		"slurm node":      {root(), map[string]string{"SLURM_MEM_PER_NODE": "100"}, 100 * mib},
		"slurm all":       {root(), map[string]string{"SLURM_MEM_PER_NODE": "0"}, 1000000 << 10},
		"slurm cpu":       {root(), map[string]string{"SLURM_MEM_PER_CPU": "10", "SLURM_CPUS_ON_NODE": "4"}, 40 * mib},
		"nothing is said": {fstest.MapFS{}, nil, 2 << 30},
	} {
		getenv := func(name string) (string, bool) { v, ok := c.env[name]; return v, ok }
		if got := memoryLimit(c.root, getenv); got != c.want {
			t.Errorf("%s: %d, not %d", name, got, c.want)
		}
	}
	if one, four := DefaultMemory(1), DefaultMemory(4); one < minMemory || four*4 > one || four < one/5 {
		t.Errorf("one rank gets %d, each of four %d", one, four)
	}
}
