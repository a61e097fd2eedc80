package pipeline_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"sluice/stages/pipeline"
)

// However many shards a job has, few of their outputs are open at a time.
func TestOpenFiles(t *testing.T) {
	const own = "/proc/self/fd"
	if _, err := os.ReadDir(own); err != nil {
		t.Skip("open files are not known here")
	}
	f := newFolder(t)
	for i := range 600 {
		f.write(fmt.Sprintf("in/%03d.jsonl", i), `{"text": "one"}`+"\n")
	}
	var most atomic.Int64
	watch := &follower{do: func(int64, int64) {
		list, err := os.ReadDir(own)
		if err != nil {
			t.Error(err)
		}
		open := int64(0)
		for _, e := range list {
			if to, err := os.Readlink(filepath.Join(own, e.Name())); err == nil && strings.HasPrefix(to, f.path("out")) {
				open++
			}
		}
		for was := most.Load(); open > was && !most.CompareAndSwap(was, open); was = most.Load() {
		}
	}}
	if _, err := f.run("input = [\"in\"]\noutput = \"out\"\n", "out", 1, pipeline.Options{Watch: watch}); err != nil {
		t.Fatal(err)
	}
	// At most 64 are in a commit that is under way, and as many wait for the next.
	if n := most.Load(); n == 0 || n > 200 {
		t.Errorf("%d files of the output are open at a time", n)
	}
}
