package pipeline

import (
	"errors"
	"testing"

	"sluice/stages"
)

// Records whose lists are not those of the pass are refused, not taken for something else.
func TestRecordsOfAnotherShape(t *testing.T) {
	for _, c := range []struct {
		counts, present int
		fits            bool
	}{{2, 3, true}, {2, 4, true}, {2, 2, false}, {2, 5, false}, {1, 3, false}, {5, 4, false}, {0, 0, false}} {
		rec := &blockRecord{counts: make([]int64, c.counts), present: make([]int64, c.present)}
		r := &run{
			passes: make([]stages.Pass, 1), blocks: make([]stages.Block, 1),
			shapes: []shape{{counts: 2, wanted: 3}}, records: [][]*blockRecord{{nil}},
		}
		if err := r.addRecords(rec.append(nil)); (err == nil) != c.fits || err != nil && !errors.Is(err, errShort) {
			t.Errorf("%d counts, %d of columns: %v", c.counts, c.present, err)
		}
	}
}
