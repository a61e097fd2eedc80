package dedup

import (
	"context"
	"encoding/binary"
	"errors"
	"io"

	"sluice/stages"
)

// estimates is all of dedup.fuzzy with verify = "sketch": a pair is similar if the
// estimate of its sketches is at or above the threshold. No shingle set is made, so
// that the input is read twice: for the sketches, and to write.
//
// The error of an estimate, as a standard deviation, is at most that of a share of
// coordinates, sqrt(J (1 - J) / coordinates): at a similarity J of 0.8 it is 0.025 with 256
// coordinates and 0.035 with 128; for texts that have some 500 shingles together, 0.018 and 0.030. A
// pair right at the threshold is taken every second time.
type estimates struct{ *sketches }

// Columns are those of the first and the last part.
func (e *estimates) Columns() stages.Columns {
	c := e.sketches.Columns()
	if e.common.Action == "mark" {
		c.Adds, c.Kinds = markColumns(e.common), markKinds(e.common)
	}
	return c
}

// Tables: one pass notes, the next applies.
func (e *estimates) Tables() stages.Tables {
	return stages.Tables{Notes: e.table(tableSketches), Apply: e.table(tableVerdicts)}
}

// Apply removes, or marks, what goes.
func (e *estimates) Apply(_ context.Context, b *stages.Batch, notes []stages.Note) error {
	return e.apply(b, notes)
}

// Rounds are those of all waves.
func (e *estimates) Rounds() []stages.Round {
	rounds := e.sketches.Rounds()[:1]
	for wave := 1; wave <= maxWaves; wave++ {
		s := &sets{e.fuzzy, wave}
		rounds = append(rounds, e.pairs(wave)[:2]...) // no sets are to be read
		rounds = append(rounds, stages.Round{
			Name: e.Name() + ": similar pairs", Makes: e.ofWave(tableEdges, wave), Given: []string{e.ofWave(tableOpen, wave)},
			Run: func(ctx context.Context, m stages.Meeting) (stages.Notes, error) { return e.similar(ctx, m, wave) },
		}, s.settleRound())
	}
	return rounds
}

// estimate returns the Jaccard similarity that follows from the number of agreeing
// coordinates, as a fraction: sketch.Estimate in integers.
func (f *family) estimate(agreeing int) (common, all uint64) {
	m, k := uint64(agreeing), uint64(f.size)
	if f.lanes > 1 {
		return m, k // two of 32 bits never agree by chance
	}
	const values = 1 << 16 // of a coordinate: so many times one agrees by chance
	return max(values*m, k) - k, (values - 1) * k
}

// leastSimilar returns in how many coordinates a pair must agree to be taken for similar.
func (f *family) leastSimilar(threshold fraction) int {
	for m := range f.size {
		if threshold.reached(f.estimate(m)) {
			return m
		}
	}
	return f.size
}

// An estimated is the note of a similar pair: a link, and in how many coordinates
// the two agree, 2 bytes.
const estimatedSize = linkSize + 2

// estimated reads the pairs that passed, closes them, and adds to out which are similar
// and which wait, because the better one is not kept at present.
func estimated(passed stages.Notes, out stages.Sorter) error {
	for {
		n, err := passed.Next()
		if errors.Is(err, io.EOF) {
			return passed.Close()
		}
		if err == nil {
			if binary.LittleEndian.Uint16(n.Payload[linkSize:]) == 0 {
				n.Payload = append(n.Payload[:linkSize], waits)
			}
			err = out.Add(n)
		}
		if err != nil {
			return errors.Join(err, passed.Close())
		}
	}
}

// similar notes the pairs that compare found similar: a link, then the estimate as two
// uvarints.
func (e *estimates) similar(ctx context.Context, m stages.Meeting, wave int) (stages.Notes, error) {
	edges := m.Sorter()
	var payload []byte
	err := m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
		for _, n := range notes[0] {
			if len(n.Payload) != estimatedSize {
				continue
			}
			common, all := e.family.estimate(int(binary.LittleEndian.Uint16(n.Payload[linkSize:])))
			payload = binary.AppendUvarint(append(payload[:0], n.Payload[:linkSize]...), common)
			payload = binary.AppendUvarint(payload, all)
			if err := edges.Add(stages.Note{Sample: id, Payload: payload}); err != nil {
				return err
			}
		}
		return nil
	}, e.ofWave(tableOpen, wave))
	if err != nil {
		return nil, errors.Join(err, edges.Close())
	}
	return edges.Sorted()
}
