package job

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ramdisk returns a folder that will lie in memory.
func ramdisk(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "sluice-test-")
	if err != nil {
		t.Skipf("no memory to write files in: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if !InMemory(dir) {
		t.Skip("/dev/shm is no tmpfs here")
	}
	return filepath.Join(dir, "scratch")
}

// Scratch that is memory counts as memory, and nobody gets it unasked.
func TestScratchInMemory(t *testing.T) {
	dir := ramdisk(t)
	j := &Job{Memory: 1e9, Scratch: dir, Threads: 1}
	if err := j.Resolve(3, 1); err != nil {
		t.Fatal(err)
	}
	if own := j.Memory + 2*j.ScratchMax/3; own > 1e9 || j.Memory != 750e6 || j.ScratchMax != 375e6 {
		t.Errorf("memory %d, scratch %d", j.Memory, j.ScratchMax)
	}
	if w := j.ScratchWarning(); !strings.Contains(w, "tmpfs") || !strings.Contains(w, dir) {
		t.Errorf("warning %q", w)
	}
	j = &Job{Memory: 1e9, Scratch: dir, ScratchMax: 1000, Threads: 1}
	if err := j.Resolve(1, 1); err != nil || j.ScratchMax != 1000 {
		t.Errorf("scratch %d, %v", j.ScratchMax, err)
	}
	for env, want := range map[string]string{dir: "/j/out/.sluice/spill", "/sys": "/sys"} {
		p := &parser{job: &Job{Output: "/j/out"}, getenv: func(name string) (string, bool) { return env, name == "TMPDIR" }}
		if p.scratch(nil); p.job.Scratch != want {
			t.Errorf("TMPDIR=%s: scratch %s, want %s", env, p.job.Scratch, want)
		}
	}
	j = &Job{Memory: 1e9, Scratch: "/sys", Threads: 1}
	if err := j.Resolve(1, 1); err != nil || j.Memory != 1e9 || j.ScratchWarning() != "" {
		t.Errorf("memory %d, %v", j.Memory, err)
	}
}
