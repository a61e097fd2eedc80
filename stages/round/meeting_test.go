package round

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/zeebo/xxh3"

	"sluice/mpi"
	"sluice/stages"
)

// message is what the exchange of a world carries at the most.
const message = 16 << 10

// A trial is a sequence of rounds that chance draws from a seed. What it does
// depends on the samples, not on the ranks.
type trial struct {
	seed   uint64
	blocks int
	asks   int // most questions of a sample
	a, b   []stages.Note
}

// chance returns numbers that depend on the seed and on what they are for.
func (tr *trial) chance(what ...uint64) *rand.Rand {
	p := binary.LittleEndian.AppendUint64(nil, tr.seed)
	for _, x := range what {
		p = binary.LittleEndian.AppendUint64(p, x)
	}
	h := xxh3.Hash128(p)
	return rand.New(rand.NewPCG(h.Hi, h.Lo))
}

func (tr *trial) sample(r *rand.Rand) stages.ID {
	return stages.MakeID(r.IntN(tr.blocks), r.Int64N(20))
}

// size is mostly small, and at times as much as most.
func size(r *rand.Rand, most int) int {
	switch r.IntN(100) {
	case 0:
		return most - r.IntN(3)
	case 1:
		return r.IntN(most)
	}
	return r.IntN(40)
}

func payload(r *rand.Rand, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.IntN(3))
	}
	return p
}

func newTrial(seed uint64, blocks, samples, asks int) *trial {
	tr := &trial{seed: seed, blocks: blocks, asks: asks}
	for _, notes := range []*[]stages.Note{&tr.a, &tr.b} {
		if blocks == 0 {
			break
		}
		r := tr.chance(0, uint64(len(tr.a)))
		for range r.IntN(samples + 1) {
			*notes = append(*notes, stages.Note{Sample: tr.sample(r), Payload: payload(r, size(r, 3*message))})
		}
		slices.SortFunc(*notes, compareNotes)
	}
	return tr
}

// digest sums up what is known of a sample.
func digest(id stages.ID, notes [][]stages.Note) uint64 {
	p := binary.LittleEndian.AppendUint64(nil, uint64(id))
	for i, list := range notes {
		for _, n := range list {
			p = append(p, byte(i))
			p = AppendNote(p, n)
		}
	}
	return xxh3.Hash(p)
}

// byKey lets samples ask under keys that are hot, rare, first and last.
func (tr *trial) byKey(ctx context.Context, m stages.Meeting, round uint64, tables ...string) (stages.Notes, error) {
	return m.ByKey(ctx, stages.ByKey{
		Shared: (tr.seed+round)%2 == 0,
		Ask: func(ask func(stages.Question) error) error {
			return m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
				r := tr.chance(1, round, uint64(id), digest(id, notes))
				for range r.IntN(tr.asks + 1) {
					key := []uint64{r.Uint64(), r.Uint64N(5) << 61, 1 << 63, 0, ^uint64(0)}[r.IntN(5)]
					q := stages.Question{Key: key, Order: r.Uint64N(3), Sample: tr.sample(r), Payload: payload(r, size(r, message-HeaderSize-2))}
					if err := ask(q); err != nil {
						return err
					}
					clear(q.Payload) // it was the callee's until it returned
				}
				return nil
			}, tables...)
		},
		Judge: func(_ context.Context, key uint64, questions iter.Seq[stages.Question], answer func(stages.Note) error) error {
			r := tr.chance(2, round, key)
			left := -1
			if r.IntN(3) == 0 {
				left = r.IntN(5) // stop reading early
			}
			h := xxh3.New()
			for q := range questions {
				if q.Key != key {
					return fmt.Errorf("a question of key %x came to %x", q.Key, key)
				}
				if left--; left == 0 {
					break
				}
				h.Write(appendQuestion(nil, q))
				p := payload(r, size(r, message-HeaderSize-2))
				p = append(h.Sum(nil), p[:max(0, len(p)-8)]...)
				for _, to := range []stages.ID{q.Sample, tr.sample(r)}[:1+r.IntN(2)] {
					if err := answer(stages.Note{Sample: to, Payload: p}); err != nil {
						return err
					}
				}
				clear(p)
			}
			return nil
		},
	})
}

// record makes of the notes about a sample what those that ask are to see.
func (tr *trial) record(round uint64, id stages.ID, notes [][]stages.Note) []byte {
	r := tr.chance(3, round, uint64(id))
	if r.IntN(10) == 0 {
		return nil
	}
	p := binary.LittleEndian.AppendUint64(nil, digest(id, notes))
	return append(p, payload(r, size(r, 3*message))...)
}

// fetch lets samples ask about others, those of which nothing is known included.
func (tr *trial) fetch(ctx context.Context, m stages.Meeting, round uint64, tables ...string) (stages.Notes, error) {
	var last stages.Question
	var buf []byte
	return m.Fetch(ctx, stages.Fetch{
		Ask: func(ask func(stages.Question) error) error {
			return m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
				r := tr.chance(4, round, uint64(id), digest(id, notes))
				for range r.IntN(tr.asks + 1) {
					q := stages.Question{Key: uint64(tr.sample(r)), Order: r.Uint64N(3), Sample: tr.sample(r), Payload: payload(r, size(r, 3*message))}
					if err := ask(q); err != nil {
						return err
					}
					clear(q.Payload)
				}
				return nil
			}, tables...)
		},
		Tables: tables,
		Record: func(id stages.ID, notes [][]stages.Note) ([]byte, error) {
			if len(notes) != len(tables) {
				return nil, fmt.Errorf("%d lists of notes for %d tables", len(notes), len(tables))
			}
			clear(buf) // what was returned last was good until now
			buf = append(buf[:0], tr.record(round, id, notes)...)
			return buf, nil
		},
		Judge: func(_ context.Context, about stages.ID, record []byte, questions iter.Seq[stages.Question], answer func(stages.Note) error) error {
			r := tr.chance(5, round, uint64(about))
			left := -1
			if r.IntN(5) == 0 {
				left = 0 // do not read at all
			}
			for q := range questions {
				if left == 0 {
					break
				}
				if q.Key != uint64(about) || q.Key == last.Key && compareQuestions(last, q) > 0 {
					return fmt.Errorf("question %v came after %v, about %v", q, last, about)
				}
				last = q
				last.Payload = bytes.Clone(q.Payload)
				p := binary.LittleEndian.AppendUint64(nil, xxh3.Hash(append(appendQuestion(nil, q), record...)))
				p = append(p, record[:min(len(record), 9000)]...)
				if err := answer(stages.Note{Sample: q.Sample, Payload: p}); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// rounds holds the trial. see is told what came of it on this rank.
func (tr *trial) rounds(ctx context.Context, m stages.Meeting, hold func(table string, run func(context.Context, stages.Meeting) (stages.Notes, error)) error, see func(string, []stages.Note)) error {
	look := func(name string) error {
		notes, err := table(ctx, m, name)
		see(fmt.Sprintf("table %s, %d held", name, m.Held(name)), notes)
		return err
	}
	err := hold("answers", func(ctx context.Context, m stages.Meeting) (stages.Notes, error) {
		return tr.byKey(ctx, m, 1, "a", "b")
	})
	if err == nil {
		err = look("answers")
	}
	if err == nil {
		err = hold("fetched", func(ctx context.Context, m stages.Meeting) (stages.Notes, error) {
			return tr.fetch(ctx, m, 2, "b", "answers")
		})
	}
	if err == nil {
		err = look("fetched")
	}
	if err == nil {
		err = hold("a", func(ctx context.Context, m stages.Meeting) (stages.Notes, error) { return tr.keep(ctx, m, see) })
	}
	for _, name := range []string{"a", "b", "kept", "none"} {
		if err == nil {
			err = look(name)
		}
	}
	if err == nil {
		err = hold("a", func(context.Context, stages.Meeting) (stages.Notes, error) { return nil, nil })
	}
	if err == nil {
		err = look("a")
	}
	return err
}

// keep keeps tables, one in place of another, and one in place of one that was held.
func (tr *trial) keep(ctx context.Context, m stages.Meeting, see func(string, []stages.Note)) (stages.Notes, error) {
	for _, step := range []struct {
		kept   string
		tables []string
	}{{"kept", []string{"a", "fetched"}}, {"kept", []string{"kept", "a"}}, {"b", []string{"kept"}}} {
		notes, err := tr.fetch(ctx, m, 3, step.tables...)
		if err != nil {
			return nil, err
		}
		if err := m.Agree(ctx, m.Keep(step.kept, notes)); err != nil {
			return nil, err
		}
		list, err := table(ctx, m, step.kept)
		if err := m.Agree(ctx, err); err != nil {
			return nil, err
		}
		see("kept as "+step.kept, list)
	}
	empty := m.Sorter()
	notes, err := empty.Sorted()
	if err == nil {
		err = m.Keep("kept", notes)
	}
	if err := m.Agree(ctx, err); err != nil {
		return nil, err
	}
	list, err := table(ctx, m, "kept")
	see("kept, empty", list)
	if err := m.Agree(ctx, err); err != nil {
		return nil, err
	}
	return tr.byKey(ctx, m, 4, "b", "kept", "none")
}

// A sight is what the ranks saw, in the order of ranks.
type sight struct {
	what  string
	notes []stages.Note
}

// want holds the trial by the plainest code.
func (tr *trial) want(t *testing.T) (seen []sight) {
	t.Helper()
	p := &plain{tables: map[string][]stages.Note{"a": tr.a, "b": tr.b}}
	hold := func(name string, run func(context.Context, stages.Meeting) (stages.Notes, error)) error {
		inner := &plain{tables: map[string][]stages.Note{}}
		for k, v := range p.tables {
			inner.tables[k] = v
		}
		notes, err := readAll(run(t.Context(), inner))
		p.tables[name] = notes
		return err
	}
	err := tr.rounds(t.Context(), p, hold, func(what string, notes []stages.Note) { seen = append(seen, sight{what, notes}) })
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// check holds the trial on the ranks of w.
func (tr *trial) check(w *world, want []sight) {
	w.t.Helper()
	var mu sync.Mutex
	got := make([]sight, len(want))
	parts := make([][][]stages.Note, len(want))
	w.well(func(ctx context.Context, m *Meeting) error {
		if err := w.put(ctx, m, "a", tr.a); err != nil {
			return err
		}
		if err := w.put(ctx, m, "b", tr.b); err != nil {
			return err
		}
		n := 0
		return tr.rounds(ctx, m, func(name string, run func(context.Context, stages.Meeting) (stages.Notes, error)) error {
			return w.hold(ctx, m, name, run)
		}, func(what string, notes []stages.Note) {
			mu.Lock()
			defer mu.Unlock()
			got[n].what = what
			if parts[n] == nil {
				parts[n] = make([][]stages.Note, w.ranks)
			}
			parts[n][m.Comm.Rank()] = notes
			n++
		})
	})
	for i, s := range want {
		got[i].notes = slices.Concat(parts[i]...)
		if got[i].what != s.what || !slices.EqualFunc(got[i].notes, s.notes, func(a, b stages.Note) bool { return compareNotes(a, b) == 0 }) {
			w.t.Fatalf("seed %d, %d ranks: %s is %d notes, want %s, %d", tr.seed, w.ranks, got[i].what, len(got[i].notes), s.what, len(s.notes))
		}
	}
}

// Rounds drawn by chance give what plain code gives, on any number of ranks, with
// the least memory, also where ranks have no block, and tables no note.
func TestRoundsAgainstPlainCode(t *testing.T) {
	most := 0
	for seed := range uint64(8) {
		blocks := []int{5, 1, 9, 2, 0, 3, 7, 4}[seed]
		tr := newTrial(seed, blocks, []int{60, 3, 20, 40}[seed%4], 6)
		want := tr.want(t)
		for _, ranks := range []int{1, 2, 3, 5} {
			tr.check(newWorld(t, ranks, blocks), want)
		}
		for _, s := range want {
			most = max(most, len(s.notes))
		}
	}
	if most < 300 {
		t.Errorf("the largest table had %d notes", most)
	}
}

// More than memory holds goes through scratch, and gives the same.
func TestRoundsThatSpill(t *testing.T) {
	tr := newTrial(1, 6, 300, 60)
	want := tr.want(t)
	for _, ranks := range []int{1, 3} {
		tr.check(newWorld(t, ranks, 6), want)
	}
	w := newWorld(t, 3, 6)
	w.maxScratch = 1000 // less than what is spilled
	w.fails(func(ctx context.Context, m *Meeting) error {
		if err := w.put(ctx, m, "a", tr.a); err != nil {
			return err
		}
		return w.hold(ctx, m, "b", func(ctx context.Context, m stages.Meeting) (stages.Notes, error) { return tr.byKey(ctx, m, 1, "a") })
	}, -1, "raise `scratch_max`")
}

// A sample that many ask about is requested once by each rank, and its record
// comes once to each.
func TestFetchOnce(t *testing.T) {
	const ranks, asked = 3, 5000
	w := newWorld(t, ranks, 3)
	about := stages.MakeID(1, 5)
	w.well(func(ctx context.Context, m *Meeting) error {
		records := 0
		notes, err := m.Fetch(ctx, stages.Fetch{
			Ask: func(ask func(stages.Question) error) error {
				for i := range asked {
					if err := ask(stages.Question{Key: uint64(about), Sample: stages.MakeID(m.Comm.Rank(), int64(i))}); err != nil {
						return err
					}
				}
				return nil
			},
			Record: func(stages.ID, [][]stages.Note) ([]byte, error) {
				records++
				return []byte("record"), nil
			},
			Judge: func(_ context.Context, id stages.ID, record []byte, questions iter.Seq[stages.Question], answer func(stages.Note) error) error {
				n := 0
				for range questions {
					n++
				}
				if id != about || string(record) != "record" || n != asked {
					return fmt.Errorf("%d questions about %v, %q", n, id, record)
				}
				return answer(stages.Note{Sample: id})
			},
		})
		list, err := readAll(notes, err)
		home := HomeOf(m.Homes, about.Block()) == m.Comm.Rank()
		if err == nil && home && (records != 1 || len(list) != ranks) || !home && (records != 0 || len(list) != 0) {
			err = fmt.Errorf("rank %d made %d records and got %d answers", m.Comm.Rank(), records, len(list))
		}
		return err
	})
	var sent int64
	for i := range w.clocks {
		sent += w.clocks[i].Asked.Records.Load()
	}
	if sent != 2*ranks {
		t.Errorf("%d requests and records for %d ranks", sent, ranks)
	}
}

// Answers go where Dest says.
func TestDest(t *testing.T) {
	w := newWorld(t, 3, 5)
	w.well(func(ctx context.Context, m *Meeting) error {
		m.Dest = func(id stages.ID) int { return int(id.Row()) % 3 }
		got, err := readAll(m.ByKey(ctx, stages.ByKey{
			Ask: func(ask func(stages.Question) error) error {
				return ask(stages.Question{Key: uint64(m.Comm.Rank()) << 62, Sample: stages.MakeID(m.Comm.Rank(), 1)})
			},
			Judge: func(_ context.Context, _ uint64, questions iter.Seq[stages.Question], answer func(stages.Note) error) error {
				for q := range questions {
					for row := range int64(9) {
						if err := answer(stages.Note{Sample: stages.MakeID(q.Sample.Block(), row)}); err != nil {
							return err
						}
					}
				}
				return nil
			},
		}))
		for _, n := range got {
			if int(n.Sample.Row())%3 != m.Comm.Rank() {
				err = fmt.Errorf("an answer about row %d came to rank %d", n.Sample.Row(), m.Comm.Rank())
			}
		}
		if err == nil && len(got) != 9 {
			err = fmt.Errorf("%d answers", len(got))
		}
		return err
	})
}

// What ranks sum up and agree on, and what a table holds.
func TestSumAndAgree(t *testing.T) {
	w := newWorld(t, 5, 3)
	for r, err := range w.meet(func(ctx context.Context, m *Meeting) error {
		x := []uint64{1, uint64(m.Comm.Rank()), ^uint64(0)}
		if err := m.Sum(ctx, x); err != nil {
			return err
		}
		if !slices.Equal(x, []uint64{5, 10, ^uint64(0) - 4}) || m.Held("nothing") != 0 || m.Samples() != 7 {
			return fmt.Errorf("summed up to %v", x)
		}
		if err := m.Agree(ctx, nil); err != nil {
			return err
		}
		if m.Comm.Rank() == 3 {
			return m.Agree(ctx, errTest)
		}
		return m.Agree(ctx, nil)
	}) {
		if e, ok := err.(*mpi.RankError); !ok || e.Rank != 3 || e.Text != errTest.Error() {
			t.Errorf("rank %d: error %v", r, err)
		}
	}
}
