package round

import (
	"context"
	"fmt"
	"iter"

	"sluice/stages"
	"sluice/stages/spill"
)

// Fetch implements stages.Meeting. Questions stay here, sorted by the sample
// that they are about; the samples travel to their homes, each once from a
// rank; the records come back, and are joined with the questions.
func (m *Meeting) Fetch(ctx context.Context, f stages.Fetch) (stages.Notes, error) {
	share := m.Budget.Sort * 2 / 3 // three sorters in the room of two
	questions := m.sorter("wants", share)
	defer questions.Close()
	requests, err := m.gather(ctx, "requests", share, &m.Clock.Asked, func(r *router) error {
		return m.request(ctx, f, questions, r)
	})
	if err != nil {
		return nil, err
	}
	defer requests.Close()
	records, err := m.gather(ctx, "records", share, &m.Clock.Asked, func(r *router) error {
		return m.serve(ctx, f, requests, r)
	})
	if err != nil {
		return nil, err
	}
	defer records.Close()
	// What was served need not be held any longer; an error would come again.
	_ = requests.Close()
	answers, err := m.gather(ctx, "answers", share, &m.Clock.Answered, func(r *router) error {
		return m.join(ctx, f, questions, records, m.answerer(ctx, r))
	})
	return m.notes(ctx, answers, err)
}

// request asks for the records that the questions of this rank are about. A
// request has the rank as its order.
func (m *Meeting) request(ctx context.Context, f stages.Fetch, questions *spill.Sorter, r *router) error {
	n := 0
	err := f.Ask(func(q stages.Question) error {
		if err := m.stopped(&n); err != nil {
			return err
		}
		return questions.Add(spill.Record{Key: q.Key, Order: q.Order, Sample: uint64(q.Sample), Payload: q.Payload})
	})
	if err != nil {
		return err
	}
	it, err := questions.Sorted()
	if err != nil {
		return err
	}
	for key := range it.Groups() {
		if err := m.stopped(&n); err != nil {
			return err
		}
		home := HomeOf(m.Homes, stages.ID(key).Block())
		if err := r.send(ctx, home, stages.Question{Key: key, Order: uint64(m.Comm.Rank())}); err != nil {
			return err
		}
	}
	return it.Err()
}

// serve sends records to the ranks that requested them, in parts that fit a
// message.
func (m *Meeting) serve(ctx context.Context, f stages.Fetch, requests *spill.Sorter, r *router) error {
	it, err := requests.Sorted()
	if err != nil {
		return err
	}
	part := r.exchange.MaxMessage() - 2*questionHeader
	n := 0
	// give sends the record of id to all who want it. rec is the request that
	// is to be seen to next; have is false once there is none.
	rec, err := it.Next()
	have := err == nil
	give := func(id stages.ID, notes [][]stages.Note) error {
		record, err := f.Record(id, notes)
		if err != nil {
			return err
		}
		for have && rec.Key == uint64(id) {
			to := int(rec.Order)
			if to >= m.Comm.Size() {
				return fmt.Errorf("%s: a request from rank %d of %d", m.Name, to, m.Comm.Size())
			}
			if err := m.stopped(&n); err != nil {
				return err
			}
			for i, rest := 0, record; i == 0 || len(rest) > 0; i++ {
				p := rest[:min(len(rest), part)]
				rest = rest[len(p):]
				if err := r.send(ctx, to, stages.Question{Key: uint64(id), Order: uint64(i), Payload: p}); err != nil {
					return err
				}
			}
			rec, err = it.Next()
			have = err == nil
		}
		return it.Err()
	}
	none := make([][]stages.Note, len(f.Tables))
	// before serves wanted samples before end, of which the tables say nothing.
	before := func(end uint64) error {
		for have && rec.Key < end {
			if err := give(stages.ID(rec.Key), none); err != nil {
				return err
			}
		}
		return nil
	}
	if !have {
		return it.Err()
	}
	err = m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
		if err := before(uint64(id)); err != nil {
			return err
		}
		switch {
		case !have:
			return errEnough
		case rec.Key == uint64(id):
			return give(id, notes)
		}
		return m.stopped(&n)
	}, f.Tables...)
	if err != nil {
		return err
	}
	return before(^uint64(0))
}

// join judges the questions about each sample with its record.
func (m *Meeting) join(ctx context.Context, f stages.Fetch, questions, records *spill.Sorter, answer func(stages.Note) error) error {
	asked, err := questions.Sorted()
	if err != nil {
		return err
	}
	got, err := records.Sorted()
	if err != nil {
		return err
	}
	next, stop := iter.Pull2(got.Groups())
	defer stop()
	var record []byte
	n := 0
	for key, group := range asked.Groups() {
		if err := m.stopped(&n); err != nil {
			return err
		}
		about, parts, ok := next()
		if !ok || about != key {
			if err := got.Err(); err != nil {
				return err
			}
			return fmt.Errorf("%s: no record came for a sample that was asked about: this is a bug", m.Name)
		}
		record = record[:0]
		for p := range parts {
			record = append(record, p.Payload...)
		}
		if err := f.Judge(ctx, stages.ID(key), record, asQuestions(group), answer); err != nil {
			return err
		}
	}
	return asked.Err()
}
