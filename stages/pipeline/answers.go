package pipeline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/manifest"
	"sluice/stages/spill"
)

// writeAnswers writes the answers that came home into a segment, block by
// block, and returns the index of it: per block its number and a Ref.
func (r *run) writeAnswers(p int, answers *spill.Sorter) (index []byte, err error) {
	it, err := answers.Sorted()
	if err != nil {
		return nil, err
	}
	var seg *manifest.Segment
	var w io.Writer
	block := -1
	end := func() error {
		if w == nil {
			return nil
		}
		ref, err := seg.End()
		index = appendRef(binary.AppendUvarint(index, uint64(block)), ref)
		return err
	}
	var buf []byte
	for n := 1; ; n++ {
		if n%stopEvery == 0 && r.stopping() {
			return nil, mpi.ErrStopped
		}
		rec, err := it.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		id := stages.ID(rec.Sample)
		if seg == nil {
			if seg, err = manifest.NewSegmentWriter(filepath.Join(r.dir, "segments", fmt.Sprintf("answers%d-%d-%d.seg", p, r.start, r.comm.Rank()))); err != nil {
				return nil, err
			}
			defer seg.Close()
		}
		if id.Block() != block {
			if err := end(); err != nil {
				return nil, err
			}
			block = id.Block()
			if w, err = seg.Begin(); err != nil {
				return nil, err
			}
		}
		buf = appendAnswer(buf[:0], stages.Answer{Sample: id, Payload: rec.Payload})
		if _, err := w.Write(buf); err != nil {
			return nil, err
		}
	}
	if err := end(); err != nil {
		return nil, err
	}
	if seg != nil {
		err = seg.Sync()
	}
	return index, err
}

// stopEvery is after how many records a rank looks whether it was asked to stop.
const stopEvery = 1024

// decodeIndex reads what writeAnswers of all ranks returned.
func decodeIndex(p []byte, blocks int) (map[int]manifest.Ref, error) {
	d := decoder{p: p}
	index := map[int]manifest.Ref{}
	for len(d.p) > 0 && !d.short {
		b := d.uint()
		ref := d.ref()
		if b >= uint64(blocks) {
			return nil, errShort
		}
		index[int(b)] = ref
	}
	if d.short {
		return nil, errShort
	}
	return index, nil
}
