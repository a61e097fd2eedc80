package pipeline_test

import (
	"bytes"
	"encoding/gob"
	"errors"
	"strings"
	"testing"
	"time"

	"sluice/stages"
	"sluice/stages/manifest"
	"sluice/stages/pipeline"
)

// age makes that an OUT was begun by a sluice that wrote down no layout.
func (f folder) age(out string) {
	f.tb.Helper()
	path := f.path(out + "/.sluice/blocks.sluice")
	p, err := manifest.ReadCommit(path)
	if err != nil {
		f.tb.Fatal(err)
	}
	var old struct {
		Started time.Time
		Shards  []stages.Shard
		Blocks  []stages.Block
	}
	var b bytes.Buffer
	if err := errors.Join(gob.NewDecoder(bytes.NewReader(p)).Decode(&old), gob.NewEncoder(&b).Encode(&old), manifest.WriteCommit(path, b.Bytes())); err != nil {
		f.tb.Fatal(err)
	}
}

// A job that another version has begun is refused, and left as it is; one that it has finished is done.
func TestBegunByAnotherVersion(t *testing.T) {
	f := newFolder(t)
	f.corpus(5, 4, 100)
	f.stopAt(exactJob, "out", 2, 2, 0)
	f.age("out")
	before := f.tree("out", ".sluice/segments", ".sluice/parts")
	for rank, err := range f.each(exactJob, "out", 2, pipeline.Options{}) {
		if _, ok := errors.AsType[*pipeline.JobError](err); !ok || !strings.Contains(err.Error(), "begun by another version of sluice") || !strings.Contains(err.Error(), "--fresh") {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
	same(t, before, f.tree("out", ".sluice/segments", ".sluice/parts"))
	if _, err := f.run(exactJob, "out", 2, pipeline.Options{Fresh: true}); err != nil {
		t.Fatal(err)
	}
	f.age("out")
	if out, err := f.run(exactJob, "out", 2, pipeline.Options{}); err != nil || !out.Already {
		t.Errorf("of the finished job: %+v, %v", out, err)
	}
}
