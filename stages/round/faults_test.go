package round

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"sluice/mpi"
	"sluice/stages"
)

var errTest = errors.New("a fault of the test")

// rows is how many samples of each block a plenty has.
const rows = 1500

// plenty returns notes about many samples of each block.
func plenty(blocks int) (list []stages.Note) {
	for b := range blocks {
		for row := range int64(rows) {
			list = append(list, stages.Note{Sample: stages.MakeID(b, row), Payload: []byte{byte(row)}})
		}
	}
	return list
}

// spread mixes an ID into a key.
func spread(id stages.ID) uint64 { return uint64(id) * 0x9e3779b97f4a7c15 }

// busy is a round by key, and one of fetching of what came of it, in which each
// rank asks and judges much. Each function says where it is to at, and ends as at does.
func busy(ctx context.Context, m stages.Meeting, at func(where string) error) (stages.Notes, error) {
	repeat := func(_ context.Context, questions iter.Seq[stages.Question], answer func(stages.Note) error) error {
		for q := range questions {
			if err := answer(stages.Note{Sample: q.Sample, Payload: q.Payload}); err != nil {
				return err
			}
		}
		return nil
	}
	asks := func(where, table string, key func(stages.ID) uint64) func(func(stages.Question) error) error {
		return func(ask func(stages.Question) error) error {
			return m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
				if err := at(where); err != nil {
					return err
				}
				return ask(stages.Question{Key: key(id), Sample: id, Payload: notes[0][0].Payload})
			}, table)
		}
	}
	notes, err := m.ByKey(ctx, stages.ByKey{
		Ask: asks("ask", "a", spread),
		Judge: func(ctx context.Context, _ uint64, questions iter.Seq[stages.Question], answer func(stages.Note) error) error {
			if err := at("judge"); err != nil {
				return err
			}
			return repeat(ctx, questions, answer)
		},
	})
	if err != nil {
		return nil, err
	}
	if err := m.Agree(ctx, m.Keep("kept", notes)); err != nil {
		return nil, err
	}
	return m.Fetch(ctx, stages.Fetch{
		// About the sample with the other row, of another block.
		Ask: asks("fetch", "kept", func(id stages.ID) uint64 {
			return uint64(stages.MakeID((id.Block()+1)%3, rows-1-id.Row()))
		}),
		Tables: []string{"kept"},
		Record: func(stages.ID, [][]stages.Note) ([]byte, error) { return []byte("record"), at("record") },
		Judge: func(ctx context.Context, _ stages.ID, _ []byte, questions iter.Seq[stages.Question], answer func(stages.Note) error) error {
			if err := at("join"); err != nil {
				return err
			}
			return repeat(ctx, questions, answer)
		},
	})
}

var places = []string{"ask", "judge", "fetch", "record", "join"}

// An error or a panic of one rank, wherever it is, is that of all; the ranks go on
// to agree on what they do next.
func TestFaultsAreShared(t *testing.T) {
	for i, where := range places {
		for _, ranks := range []int{1, 2, 3} {
			for _, panics := range []bool{false, true} {
				bad := (i + 1) % ranks
				w := newWorld(t, ranks, 3)
				w.blocks = []stages.Block{{Bytes: 9}, {Bytes: 9}, {Bytes: 9}}
				if ranks == 2 {
					w.blocks[2].Bytes = 18
				}
				what := errTest.Error()
				if panics {
					what = "panic: here"
				}
				reached := errors.New("not reached")
				w.fails(func(ctx context.Context, m *Meeting) error {
					if err := w.put(ctx, m, "a", plenty(3)); err != nil {
						return err
					}
					n := 0
					err := w.hold(ctx, m, "b", func(ctx context.Context, sm stages.Meeting) (stages.Notes, error) {
						return busy(ctx, sm, func(place string) error {
							if place != where || m.Comm.Rank() != bad {
								return nil
							}
							if n++; n < 400 {
								return nil
							}
							if panics {
								panic("here")
							}
							return errTest
						})
					})
					again := m.Agree(ctx, nil)
					if m.Comm.Rank() == bad {
						reached = again
					}
					if e, ok := errors.AsType[*mpi.RankError](err); !ok && err != nil {
						err = &mpi.RankError{Text: err.Error(), Size: 1} // of a single rank
					} else if ok && m.Comm.Rank() == bad && !panics && !errors.Is(e, errTest) {
						return fmt.Errorf("%s: the rank itself does not get its error: %v", where, err)
					}
					return err
				}, bad, what)
				if reached != nil {
					t.Errorf("%s, %d ranks, panic %v: the next agreement: %v", where, ranks, panics, reached)
				}
			}
		}
	}
}

// What a round returns on one rank alone ends it on all, and the notes of the
// others are closed.
func TestErrorAtTheEndOfARound(t *testing.T) {
	w := newWorld(t, 3, 3)
	var closed atomic.Int64
	w.fails(func(ctx context.Context, m *Meeting) error {
		return w.hold(ctx, m, "a", func(context.Context, stages.Meeting) (stages.Notes, error) {
			if m.Comm.Rank() == 2 {
				return nil, errTest
			}
			return &countClose{n: &closed}, nil
		})
	}, 2, errTest.Error())
	if closed.Load() != 2 {
		t.Errorf("the notes of %d ranks were closed", closed.Load())
	}
}

type countClose struct {
	list
	n *atomic.Int64
}

func (c *countClose) Close() error {
	c.n.Add(1)
	return nil
}

// Notes that cannot be read to their end are no table.
func TestNotesThatBreakOff(t *testing.T) {
	w := newWorld(t, 3, 3)
	w.fails(func(ctx context.Context, m *Meeting) error {
		return w.hold(ctx, m, "a", func(context.Context, stages.Meeting) (stages.Notes, error) {
			if m.Comm.Rank() == 1 {
				return &breaksOff{}, nil
			}
			return nil, nil
		})
	}, 1, "keep what came of test", errTest.Error())
	w.well(func(ctx context.Context, m *Meeting) error {
		if err := m.Keep("a", &breaksOff{}); !errors.Is(err, errTest) || m.Held("a") != 0 {
			return fmt.Errorf("kept %d notes with error %v", m.Held("a"), err)
		}
		// The table is not there, so that only the world can see what is left.
		return w.hold(ctx, m, "a", func(context.Context, stages.Meeting) (stages.Notes, error) { return nil, nil })
	})
}

type breaksOff struct{ n int64 }

func (b *breaksOff) Next() (stages.Note, error) {
	if b.n++; b.n > 3 {
		return stages.Note{}, errTest
	}
	return stages.Note{Sample: stages.MakeID(1, b.n)}, nil
}

func (b *breaksOff) Close() error { return nil }

// A rank that is asked to stop stops all, whatever they are at.
func TestStopping(t *testing.T) {
	for i, where := range places {
		for _, ranks := range []int{1, 3} {
			bad := i % ranks
			w := newWorld(t, ranks, 3)
			w.blocks = []stages.Block{{Bytes: 9}, {Bytes: 9}, {Bytes: 9}}
			var stop atomic.Bool
			w.stopping = func(rank int) bool { return rank == bad && stop.Load() }
			for r, err := range w.meet(func(ctx context.Context, m *Meeting) error {
				if err := w.put(ctx, m, "a", plenty(3)); err != nil {
					return err
				}
				return w.hold(ctx, m, "b", func(ctx context.Context, sm stages.Meeting) (stages.Notes, error) {
					return busy(ctx, sm, func(place string) error {
						if place == where && m.Comm.Rank() == bad {
							stop.Store(true)
						}
						return nil
					})
				})
			}) {
				if !errors.Is(err, mpi.ErrStopped) {
					t.Errorf("%s: rank %d of %d: error %v, want it stopped", where, r, ranks, err)
				}
			}
			w.clean()
		}
	}
}

// What cannot be written ends the round on all ranks.
func TestNoPlaceToWrite(t *testing.T) {
	for _, what := range []string{"segments", "scratch"} {
		w := newWorld(t, 3, 3)
		w.fails(func(ctx context.Context, m *Meeting) error {
			if err := w.put(ctx, m, "a", plenty(3)); err != nil {
				return err
			}
			if m.Comm.Rank() == 1 {
				file := filepath.Join(w.segments, "file")
				if err := os.WriteFile(file, nil, 0o666); err != nil {
					return err
				}
				if what == "segments" {
					m.Segments = filepath.Join(file, "none")
				} else {
					m.Scratch = filepath.Join(file, "none")
				}
			}
			return w.hold(ctx, m, "b", func(ctx context.Context, m stages.Meeting) (stages.Notes, error) {
				if what == "segments" {
					return m.Sorter().Sorted()
				}
				return busy(ctx, m, func(string) error { return nil })
			})
		}, 1)
	}
}

// Damage anywhere in a table, or its loss, is an error with a remedy, on all ranks,
// or changes nothing.
func TestDamagedTables(t *testing.T) {
	tr := newTrial(3, 3, 40, 2)
	damage := map[string]func(path string, at int64) error{
		"a wrong bit": func(path string, at int64) error {
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			var b [1]byte
			if _, err := f.ReadAt(b[:], at); err != nil {
				return err
			}
			b[0] ^= 0x10
			_, err = f.WriteAt(b[:], at)
			return err
		},
		"cut":  func(path string, at int64) error { return os.Truncate(path, at) },
		"gone": func(path string, _ int64) error { return os.Remove(path) },
	}
	for name, do := range damage {
		for i := range int64(20) {
			w := newWorld(t, 3, 3)
			found := 0
			errs := w.meet(func(ctx context.Context, m *Meeting) error {
				if err := w.put(ctx, m, "a", tr.a); err != nil {
					return err
				}
				var err error
				if m.Comm.Rank() == 0 {
					paths, _ := filepath.Glob(filepath.Join(w.segments, "a-*"))
					info, e := os.Stat(paths[int(i)%len(paths)])
					if err = e; e == nil {
						err = do(paths[int(i)%len(paths)], info.Size()*i/20)
					}
				}
				if err := m.Agree(ctx, err); err != nil {
					return err
				}
				return w.hold(ctx, m, "b", func(ctx context.Context, m stages.Meeting) (stages.Notes, error) {
					return tr.fetch(ctx, m, 2, "a")
				})
			})
			for r, err := range errs {
				if err == nil {
					continue
				}
				found++
				if e, ok := errors.AsType[*mpi.RankError](err); !ok || !strings.Contains(e.Text, "--fresh") || !strings.Contains(e.Text, "table a") {
					t.Errorf("%s at %d/20: rank %d: error %v", name, i, r, err)
				}
			}
			if found != 3 && !(found == 0 && i < 3) { // a wrong bit in the header of the file may go unseen
				t.Errorf("%s at %d/20: %d ranks got an error", name, i, found)
			}
			w.clean()
		}
	}
}

// Only what has a note is at home with somebody; a reading that breaks off closes its files.
func TestHomeBreaksOff(t *testing.T) {
	w := newWorld(t, 2, 3)
	w.well(func(ctx context.Context, m *Meeting) error {
		if err := w.put(ctx, m, "a", plenty(3)); err != nil {
			return err
		}
		n := 0
		err := m.Home(ctx, func(stages.ID, [][]stages.Note) error {
			if n++; n == 5 {
				return errTest
			}
			return nil
		}, "a", "none")
		if m.Homes[m.Comm.Rank()+1] > m.Homes[m.Comm.Rank()] && (!errors.Is(err, errTest) || n != 5) {
			return fmt.Errorf("error %v after %d samples", err, n)
		}
		gone, cancel := context.WithCancelCause(ctx)
		cancel(io.ErrNoProgress)
		err = m.Home(gone, func(stages.ID, [][]stages.Note) error { return nil }, "a")
		if m.Homes[m.Comm.Rank()+1] > m.Homes[m.Comm.Rank()] && !errors.Is(err, io.ErrNoProgress) {
			return fmt.Errorf("error %v, want that of the context", err)
		}
		return m.Agree(ctx, nil)
	})
	links, _ := filepath.Glob("/proc/self/fd/*")
	for _, l := range links {
		if to, err := os.Readlink(l); err == nil && strings.HasPrefix(to, w.segments) {
			t.Errorf("%s is open", to)
		}
	}
}
