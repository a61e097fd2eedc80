package pipeline

import (
	"os"
	"path/filepath"
	"testing"

	"sluice/stages/job"
)

// Where what an earlier run left cannot all be removed, nothing claims that
// what is gone is there.
func TestClearInOrder(t *testing.T) {
	out := t.TempDir()
	for _, name := range []string{"done.sluice", "round-0.sluice", "job.sluice", "blocks.sluice", "journal-000000-000000.log", "segments/a", "lock/lock-000001"} {
		path := filepath.Join(out, ".sluice", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	r := &run{job: &job.Job{}, dir: filepath.Join(out, ".sluice")}
	r.job.Output = filepath.Join(out, "not\x00a name")
	if err := r.clear(); err == nil {
		t.Fatal("no error")
	}
	for _, name := range []string{"done.sluice", "round-0.sluice", "journal-000000-000000.log", "segments"} {
		if _, err := os.Stat(filepath.Join(r.dir, name)); err == nil {
			t.Errorf("%s is left", name)
		}
	}
	for _, name := range []string{"job.sluice", "lock/lock-000001"} {
		if _, err := os.Stat(filepath.Join(r.dir, name)); err != nil {
			t.Error(err)
		}
	}
}
