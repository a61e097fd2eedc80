package dedup

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"slices"
	"testing"

	"sluice/stages"
)

// A meeting holds rounds on one rank, in memory and by the plainest code: what
// package round does is held against it.
type meeting struct {
	tables  map[string][]stages.Note
	samples int64
	room    int64
}

// held lets a stage note what it wants of a batch, and holds its rounds.
func held(t *testing.T, s stages.Shuffler, b *stages.Batch) map[string][]stages.Note {
	t.Helper()
	m := &meeting{tables: map[string][]stages.Note{}, samples: int64(b.Len())}
	m.pass(t, s, b)
	return m.tables
}

// pass runs one stage over batches, and holds its rounds.
func (m *meeting) pass(t *testing.T, s stages.Shuffler, batches ...*stages.Batch) {
	t.Helper()
	names := s.Tables()
	if names.Given == "" || len(m.tables[names.Given]) > 0 {
		m.tables[names.Notes] = nil
		for _, b := range batches {
			given := slices.DeleteFunc(slices.Clone(m.tables[names.Given]), func(n stages.Note) bool {
				return b.Block != nil && n.Sample.Block() != b.Block.Index
			})
			err := s.Note(t.Context(), b, given, func(n stages.Note) {
				m.tables[names.Notes] = append(m.tables[names.Notes], clone(n))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, r := range s.Rounds() {
		if len(r.Given) > 0 && !slices.ContainsFunc(r.Given, func(table string) bool { return len(m.tables[table]) > 0 }) {
			continue
		}
		notes, err := r.Run(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		if m.tables[r.Makes], err = read(notes); err != nil {
			t.Fatal(err)
		}
	}
}

func clone(n stages.Note) stages.Note {
	n.Payload = slices.Clone(n.Payload)
	return n
}

func read(notes stages.Notes) (list []stages.Note, err error) {
	for notes != nil {
		n, err := notes.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		list = append(list, clone(n))
	}
	return list, nil
}

func (m *meeting) Held(table string) int64             { return int64(len(m.tables[table])) }
func (m *meeting) Samples() int64                      { return m.samples }
func (m *meeting) Sum(context.Context, []uint64) error { return nil }
func (m *meeting) Sorter() stages.Sorter               { return &memoryNotes{} }

func (m *meeting) Agree(_ context.Context, err error) error { return err }
func (m *meeting) Room() int64                              { return m.room }

func (m *meeting) Keep(table string, notes stages.Notes) error {
	list, err := read(notes)
	m.tables[table] = list
	return err
}

func (m *meeting) Home(_ context.Context, f func(stages.ID, [][]stages.Note) error, tables ...string) error {
	samples := map[stages.ID][][]stages.Note{}
	var ids []stages.ID
	for i, name := range tables {
		for _, n := range m.tables[name] {
			if samples[n.Sample] == nil {
				samples[n.Sample] = make([][]stages.Note, len(tables))
				ids = append(ids, n.Sample)
			}
			samples[n.Sample][i] = append(samples[n.Sample][i], n)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		if err := f(id, samples[id]); err != nil {
			return err
		}
	}
	return nil
}

// asked gathers questions, by key.
func asked(ask func(func(stages.Question) error) error) (keys []uint64, groups map[uint64][]stages.Question, err error) {
	groups = map[uint64][]stages.Question{}
	err = ask(func(q stages.Question) error {
		q.Payload = slices.Clone(q.Payload)
		if groups[q.Key] == nil {
			keys = append(keys, q.Key)
		}
		groups[q.Key] = append(groups[q.Key], q)
		return nil
	})
	for _, g := range groups {
		slices.SortFunc(g, func(a, b stages.Question) int {
			return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Sample, b.Sample), bytes.Compare(a.Payload, b.Payload))
		})
	}
	slices.Sort(keys)
	return keys, groups, err
}

func (m *meeting) ByKey(ctx context.Context, k stages.ByKey) (stages.Notes, error) {
	keys, groups, err := asked(k.Ask)
	if err != nil {
		return nil, err
	}
	out := &memoryNotes{}
	for _, key := range keys {
		if k.Shared && len(groups[key]) == 1 {
			continue
		}
		if err := k.Judge(ctx, key, slices.Values(groups[key]), out.Add); err != nil {
			return nil, err
		}
	}
	return out.Sorted()
}

func (m *meeting) Fetch(ctx context.Context, f stages.Fetch) (stages.Notes, error) {
	keys, groups, err := asked(f.Ask)
	if err != nil {
		return nil, err
	}
	records := map[stages.ID][]byte{}
	err = m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
		p, err := f.Record(id, notes)
		records[id] = slices.Clone(p)
		return err
	}, f.Tables...)
	if err != nil {
		return nil, err
	}
	out := &memoryNotes{}
	for _, key := range keys {
		record, ok := records[stages.ID(key)]
		if !ok {
			if record, err = f.Record(stages.ID(key), make([][]stages.Note, len(f.Tables))); err != nil {
				return nil, err
			}
		}
		if err := f.Judge(ctx, stages.ID(key), record, slices.Values(groups[key]), out.Add); err != nil {
			return nil, err
		}
	}
	return out.Sorted()
}

type memoryNotes struct{ list []stages.Note }

func (n *memoryNotes) Add(note stages.Note) error {
	n.list = append(n.list, clone(note))
	return nil
}

func (n *memoryNotes) Sorted() (stages.Notes, error) {
	slices.SortFunc(n.list, func(a, b stages.Note) int {
		return cmp.Or(cmp.Compare(a.Sample, b.Sample), bytes.Compare(a.Payload, b.Payload))
	})
	return n, nil
}

func (n *memoryNotes) Next() (stages.Note, error) {
	if len(n.list) == 0 {
		return stages.Note{}, io.EOF
	}
	note := n.list[0]
	n.list = n.list[1:]
	return note, nil
}

func (n *memoryNotes) Close() error { return nil }
