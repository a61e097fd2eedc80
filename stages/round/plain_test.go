package round

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"maps"
	"slices"

	"sluice/stages"
)

// A plain holds rounds on one rank, in memory and by the plainest code: what a
// Meeting does is held against it.
type plain struct {
	tables  map[string][]stages.Note
	samples int64
}

func compareNotes(a, b stages.Note) int {
	return cmp.Or(cmp.Compare(a.Sample, b.Sample), bytes.Compare(a.Payload, b.Payload))
}

func compareQuestions(a, b stages.Question) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Order, b.Order), cmp.Compare(a.Sample, b.Sample), bytes.Compare(a.Payload, b.Payload))
}

// A list is a sorter, and the notes that it sorts.
type list struct{ notes []stages.Note }

func (l *list) Add(n stages.Note) error {
	n.Payload = bytes.Clone(n.Payload)
	l.notes = append(l.notes, n)
	return nil
}

func (l *list) Sorted() (stages.Notes, error) {
	slices.SortFunc(l.notes, compareNotes)
	return l, nil
}

func (l *list) Next() (stages.Note, error) {
	if len(l.notes) == 0 {
		return stages.Note{}, io.EOF
	}
	n := l.notes[0]
	l.notes = l.notes[1:]
	return n, nil
}

func (l *list) Close() error { return nil }

// readAll reads and closes notes.
func readAll(notes stages.Notes, err error) ([]stages.Note, error) {
	if err != nil || notes == nil {
		return nil, err
	}
	defer notes.Close()
	var l list
	for {
		n, err := notes.Next()
		if err == io.EOF {
			return l.notes, nil
		}
		if err != nil {
			return nil, err
		}
		l.Add(n)
	}
}

func (p *plain) Held(table string) int64                  { return int64(len(p.tables[table])) }
func (p *plain) Samples() int64                           { return p.samples }
func (p *plain) Sum(context.Context, []uint64) error      { return nil }
func (p *plain) Agree(_ context.Context, err error) error { return err }
func (p *plain) Sorter() stages.Sorter                    { return &list{} }
func (p *plain) Room() int64                              { return 1 << 20 }

func (p *plain) Keep(table string, notes stages.Notes) (err error) {
	p.tables[table], err = readAll(notes, nil)
	return err
}

func (p *plain) Home(_ context.Context, f func(stages.ID, [][]stages.Note) error, tables ...string) error {
	samples := map[stages.ID][][]stages.Note{}
	for i, name := range tables {
		for _, n := range p.tables[name] {
			if samples[n.Sample] == nil {
				samples[n.Sample] = make([][]stages.Note, len(tables))
			}
			samples[n.Sample][i] = append(samples[n.Sample][i], n)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(samples)) {
		if err := f(id, samples[id]); err != nil {
			return err
		}
	}
	return nil
}

// questions asks, and calls f for each key with its questions in order.
func questions(ask func(func(stages.Question) error) error, f func(key uint64, list []stages.Question) error) error {
	var all []stages.Question
	err := ask(func(q stages.Question) error {
		q.Payload = bytes.Clone(q.Payload)
		all = append(all, q)
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(all, compareQuestions)
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].Key == all[0].Key {
			n++
		}
		if err := f(all[0].Key, all[:n]); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

func (p *plain) ByKey(ctx context.Context, k stages.ByKey) (stages.Notes, error) {
	out := &list{}
	err := questions(k.Ask, func(key uint64, group []stages.Question) error {
		if k.Shared && len(group) == 1 {
			return nil
		}
		return k.Judge(ctx, key, slices.Values(group), out.Add)
	})
	if err != nil {
		return nil, err
	}
	return out.Sorted()
}

func (p *plain) Fetch(ctx context.Context, f stages.Fetch) (stages.Notes, error) {
	known := map[stages.ID][][]stages.Note{}
	p.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
		known[id] = notes
		return nil
	}, f.Tables...)
	out := &list{}
	err := questions(f.Ask, func(key uint64, group []stages.Question) error {
		notes := known[stages.ID(key)]
		if notes == nil {
			notes = make([][]stages.Note, len(f.Tables))
		}
		record, err := f.Record(stages.ID(key), notes)
		if err != nil {
			return err
		}
		return f.Judge(ctx, stages.ID(key), bytes.Clone(record), slices.Values(group), out.Add)
	})
	if err != nil {
		return nil, err
	}
	return out.Sorted()
}
