package dedup

import (
	"context"
	"encoding/binary"
	"errors"
	"io"

	"sluice/stages"
)

// A verdict is what is settled about a sample. That of a keeper is one byte, isKeeper,
// and the size of its cluster, a uvarint. That of a sample that goes is a byte, isGone; the
// keeper's ID, 8 bytes; how many shingles it has in common with it, and how many the two
// have in all, both 0 if they were not compared; and the size of the cluster: uvarints. The name
// of the keeper follows where it is asked for.
type verdict []byte

const (
	isKeeper = iota
	isGone
)

// appendVerdict appends that a sample goes; the size of the cluster comes later.
func appendVerdict(b []byte, keeper stages.ID, shared []byte) []byte {
	return append(appendID(append(b, isGone), keeper), shared...)
}

func (v verdict) gone() bool        { return v[0] == isGone }
func (v verdict) keeper() stages.ID { return stages.ID(binary.LittleEndian.Uint64(v[1:])) }

// numbers returns the numbers of a verdict that a sample goes.
func (v verdict) numbers() (common, all, size uint64) {
	common, all, size, _ = v.parts()
	return common, all, size
}

// parts returns the numbers of a verdict that a sample goes, and the name of the keeper.
func (v verdict) parts() (common, all, size uint64, name []byte) {
	p := v[9:]
	for _, to := range []*uint64{&common, &all, &size} {
		x, n := binary.Uvarint(p)
		*to, p = x, p[max(n, 0):]
	}
	return common, all, size, p
}

// size returns the size of a keeper's cluster.
func (v verdict) size() uint64 {
	x, _ := binary.Uvarint(v[1:])
	return x
}

// shared reads how many shingles two samples have in common, and in all.
func shared(p []byte) (common, all uint64) {
	common, n := binary.Uvarint(p)
	all, _ = binary.Uvarint(p[n:])
	return common, all
}

// Tables that last for one settling.
const (
	tableFound = "found" // verdicts without the size of the cluster
	tableSizes = "sizes" // of clusters, with their keepers
)

// A settling settles who stays, of all edges so far.
type settling struct {
	*sets
	m     stages.Meeting
	edges []string
}

// settle notes the verdicts about all samples that go, and their keepers.
func (s *sets) settle(ctx context.Context, m stages.Meeting) (stages.Notes, error) {
	t := &settling{s, m, s.waves(tableEdges, s.wave)}
	find := t.star
	if s.components {
		find = t.connected
	}
	found, err := find(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.Agree(ctx, m.Keep(tableFound, found)); err != nil {
		return nil, err
	}
	same, err := t.sameAsOthers(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.Agree(ctx, t.add(ctx, tableFound, same)); err != nil {
		return nil, err
	}
	return t.tellSizes(ctx)
}

// add adds notes to a kept table that has none about their samples.
func (t *settling) add(ctx context.Context, table string, notes stages.Notes) error {
	all := t.m.Sorter()
	err := move(all, notes)
	if err == nil {
		err = t.m.Home(ctx, func(_ stages.ID, notes [][]stages.Note) error { return all.Add(notes[0][0]) }, table)
	}
	return keepSorted(t.m, table, all, err)
}

// sameAsOthers returns the verdicts of samples that have the shingles of another: it
// stands for them, or who stands for it does.
func (t *settling) sameAsOthers(ctx context.Context) (stages.Notes, error) {
	return t.m.Fetch(ctx, stages.Fetch{
		Ask: func(ask func(stages.Question) error) error {
			return t.m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
				return ask(stages.Question{Key: binary.LittleEndian.Uint64(notes[0][0].Payload), Sample: id})
			}, t.table(tableSame))
		},
		Tables: []string{tableFound},
		Record: func(_ stages.ID, notes [][]stages.Note) ([]byte, error) {
			if len(notes[0]) == 0 {
				return nil, nil
			}
			return notes[0][0].Payload, nil
		},
		Judge: func(_ context.Context, about stages.ID, record []byte, questions questions, answer func(stages.Note) error) error {
			v := record
			if len(v) == 0 {
				v = appendVerdict(nil, about, []byte{1, 1})
			}
			for q := range questions {
				if err := answer(stages.Note{Sample: q.Sample, Payload: v}); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// tellSizes returns all verdicts, those of the keepers too, with the sizes of
// the clusters: the keeper and all that go for its sake.
func (t *settling) tellSizes(ctx context.Context) (stages.Notes, error) {
	sizes, err := t.m.ByKey(ctx, stages.ByKey{Ask: func(ask func(stages.Question) error) error { return t.countOwn(ctx, ask) }, Judge: sumSizes})
	if err != nil {
		return nil, err
	}
	if err := t.m.Agree(ctx, t.m.Keep(tableSizes, sizes)); err != nil {
		return nil, err
	}
	tables := []string{tableSizes}
	if t.named {
		tables = append(tables, t.table(tableSketches))
	}
	var record []byte
	return distinct(t.m.Fetch(ctx, stages.Fetch{
		Ask: func(ask func(stages.Question) error) error {
			return t.m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
				p := notes[0][0].Payload
				return ask(stages.Question{Key: uint64(verdict(p).keeper()), Sample: id, Payload: p})
			}, tableFound)
		},
		Tables: tables,
		Record: func(_ stages.ID, notes [][]stages.Note) ([]byte, error) {
			switch {
			case len(notes[0]) == 0: // nobody's keeper
				return nil, nil
			case !t.named:
				return notes[0][0].Payload, nil
			case len(notes[1]) == 0:
				return nil, errNoSketch
			}
			record = append(append(record[:0], notes[0][0].Payload...), t.name(notes[1][0])...)
			return record, nil
		},
		Judge: func(_ context.Context, about stages.ID, record []byte, questions questions, answer func(stages.Note) error) error {
			var payload []byte
			for q := range questions {
				payload = append(append(payload[:0], q.Payload...), record...)
				if err := answer(stages.Note{Sample: q.Sample, Payload: payload}); err != nil {
					return err
				}
			}
			_, n := binary.Uvarint(record) // the keeper knows its own name
			return answer(stages.Note{Sample: about, Payload: append([]byte{isKeeper}, record[:n]...)})
		},
	}))
}

// countOwn asks, for each keeper of samples at home, with their number.
func (t *settling) countOwn(ctx context.Context, ask func(stages.Question) error) error {
	keepers := t.m.Sorter()
	defer keepers.Close()
	err := t.m.Home(ctx, func(_ stages.ID, notes [][]stages.Note) error {
		return keepers.Add(stages.Note{Sample: verdict(notes[0][0].Payload).keeper()})
	}, tableFound)
	if err != nil {
		return err
	}
	sorted, err := keepers.Sorted()
	if err != nil {
		return err
	}
	defer sorted.Close()
	var keeper stages.ID
	var n uint64
	tell := func() error {
		if n == 0 {
			return nil
		}
		return ask(stages.Question{Key: stages.Mix64(uint64(keeper)), Sample: keeper, Payload: binary.AppendUvarint(nil, n)})
	}
	for {
		note, err := sorted.Next()
		if errors.Is(err, io.EOF) {
			return tell()
		}
		if err == nil && note.Sample != keeper {
			err = tell()
			n = 0
		}
		if err != nil {
			return err
		}
		keeper = note.Sample
		n++
	}
}

// sumSizes adds up what the ranks counted for a keeper.
func sumSizes(_ context.Context, _ uint64, questions questions, answer func(stages.Note) error) error {
	size := uint64(1)
	var keeper stages.ID
	for q := range questions {
		n, _ := binary.Uvarint(q.Payload)
		keeper = q.Sample
		size += n
	}
	return answer(stages.Note{Sample: keeper, Payload: binary.AppendUvarint(nil, size)})
}
