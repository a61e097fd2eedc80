package dedup

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"sluice/stages"
)

// judged returns the answers of a judge, in the order of samples and positions.
func judged(t *testing.T, rule judging, room int64, questions iter.Seq[stages.Question]) string {
	t.Helper()
	rule.span = max(1, rule.span)
	j := &judge{judging: rule, room: room, sorter: func() stages.Sorter { return &memoryNotes{} }}
	var answers []string
	err := j.judge(t.Context(), 1, questions, func(n stages.Note) error {
		list, err := takePositions(nil, n.Payload)
		answers = append(answers, fmt.Sprint(n.Sample, list))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(answers)
	return strings.Join(answers, " ")
}

func question(id stages.ID, low uint32, positions ...uint32) stages.Question {
	return stages.Question{Key: 1, Sample: id, Payload: appendPositions(binary.LittleEndian.AppendUint32(nil, low), positions)}
}

func TestJudge(t *testing.T) {
	// Documents 1 and 5 have two notes about the unit; 2 and 4 have another of the same key.
	questions := []stages.Question{
		question(1, 7, 0, 300), question(1, 7, 310),
		question(2, 8, 1), question(2, 7, 4, 5),
		question(4, 8, 0), question(5, 7, 0), question(5, 7, 900),
	}
	for _, room := range []int64{0, 20, 1000} {
		for _, c := range []struct {
			rule judging
			want string
		}{
			{judging{documents: 2, keeps: true}, "2 [4 5] 4 [0] 5 [0] 5 [900]"},
			{judging{documents: 2}, "1 [0 300] 1 [310] 2 [1] 2 [4 5] 4 [0] 5 [0] 5 [900]"},
			{judging{documents: 3, keeps: true}, "2 [4 5] 5 [0] 5 [900]"},
			{judging{documents: 3}, "1 [0 300] 1 [310] 2 [4 5] 5 [0] 5 [900]"},
			{judging{documents: 4}, ""},
			{judging{documents: 4, dropRepeats: true}, "1 [300] 1 [310] 2 [5] 5 [900]"},
			{judging{documents: 4, dropRepeats: true, span: 2}, "1 [300] 1 [310] 5 [900]"},
			{judging{documents: 3, dropRepeats: true}, "1 [0] 1 [300] 1 [310] 2 [4] 2 [5] 5 [0] 5 [900]"},
			{judging{documents: 3, keeps: true, dropRepeats: true, span: 2}, "1 [300] 1 [310] 2 [4 5] 5 [0] 5 [900]"},
		} {
			if got := judged(t, c.rule, room, slices.Values(questions)); got != c.want {
				t.Errorf("%+v, room %d: %s, want %s", c.rule, room, got, c.want)
			}
		}
	}
}

// A unit of very many documents takes no memory.
func TestJudgeHotKey(t *testing.T) {
	const documents = 3_000_000
	ask := func(yield func(stages.Question) bool) {
		q := question(0, 7, 3)
		for id := range stages.ID(documents) {
			if q.Sample = id; !yield(q) {
				return
			}
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	j := &judge{judging: judging{documents: 2, keeps: true, span: 1}, room: 1 << 10}
	n := 0
	err := j.judge(t.Context(), 1, ask, func(stages.Note) error { n++; return nil })
	runtime.ReadMemStats(&after)
	if err != nil || n != documents-1 {
		t.Errorf("%d answers, %v", n, err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("allocated %d bytes", got)
	}
}

// What waits for its unit to be judged lies on scratch beyond the room, and in
// the end nowhere.
func TestJudgeWaits(t *testing.T) {
	ask := func(yield func(stages.Question) bool) {
		for id := range stages.ID(1000) {
			if !yield(question(id, 7, 3)) {
				return
			}
		}
	}
	for _, documents := range []int64{1000, 1001} {
		open := 0
		j := &judge{judging: judging{documents: documents, span: 1}, room: 500, sorter: func() stages.Sorter {
			open++
			return &countedNotes{open: &open}
		}}
		n := 0
		for range 3 {
			if err := j.judge(t.Context(), 1, ask, func(stages.Note) error { n++; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if want := map[int64]int{1000: 3000, 1001: 0}[documents]; n != want || open != 0 || cap(j.groups[0].waiting.buf) > 1000 {
			t.Errorf("%d documents: %d answers, want %d; %d sorters open, %d bytes held", documents, n, want, open, cap(j.groups[0].waiting.buf))
		}
	}
}

// countedNotes counts those that are not closed.
type countedNotes struct {
	memoryNotes
	open *int
}

func (n *countedNotes) Sorted() (stages.Notes, error) {
	_, err := n.memoryNotes.Sorted()
	return n, err
}

func (n *countedNotes) Close() error {
	*n.open--
	return nil
}

func TestFirstPositions(t *testing.T) {
	var last []byte
	for _, n := range []uint32{0, 1, 63, 64, 255, 1<<14 - 1, 1 << 14, 1<<22 - 1, 1 << 22, maxUnits - 1} {
		p := appendFirst(nil, n)
		if slices.Compare(last, p) >= 0 && last != nil {
			t.Errorf("%d is not behind the one before: %x, %x", n, last, p)
		}
		last = p
		if got, rest, ok := takeFirst(append(p, 9)); got != n || len(rest) != 1 || !ok {
			t.Errorf("%d comes back as %d", n, got)
		}
		if _, _, ok := takeFirst(p[:len(p)-1]); ok {
			t.Errorf("%d: took a part", n)
		}
	}
}

func FuzzPositions(f *testing.F) {
	f.Add([]byte{0x41, 2, 7, 8})
	f.Fuzz(func(t *testing.T, p []byte) {
		list, err := takePositions(nil, p)
		if err != nil {
			return
		}
		if back, err := takePositions(nil, appendPositions(nil, list)); err != nil || !slices.Equal(list, back) {
			t.Errorf("%v comes back as %v: %v", list, back, err)
		}
	})
}

// What a note says is asked, whatever the document repeats.
func TestUnitNotes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for try := range 50 {
		s := newLines(t, nil).(*lines)
		w := s.workers.Get().(*noter)
		want := map[string]bool{}
		var text strings.Builder
		for n := range r.IntN(3000) {
			line := fmt.Sprint(r.IntN(1 + try*20))
			text.WriteString(line + "\n")
			h := hashOf([]byte(line))
			want[fmt.Sprint(h.key, h.low, n)] = true
		}
		var last []byte
		w.note([]byte(text.String()), uint64(try)<<32, func(p []byte) {
			if last != nil && slices.Compare(last, p) >= 0 {
				t.Fatal("notes are not in order")
			}
			last = slices.Clone(p)
			err := new(asker).ask(5, p, func(q stages.Question) error {
				if q.Sample != 5 || q.Order != uint64(try)<<32 {
					t.Fatalf("asked %+v", q)
				}
				list, err := takePositions(nil, q.Payload[lowSize:])
				for _, n := range list {
					at := fmt.Sprint(q.Key, binary.LittleEndian.Uint32(q.Payload), n)
					if !want[at] {
						t.Fatalf("asked %s", at)
					}
					delete(want, at)
				}
				if len(q.Payload) > 2048 {
					t.Errorf("a question has %d bytes", len(q.Payload))
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
		if len(want) > 0 {
			t.Fatalf("did not ask %d", len(want))
		}
		s.workers.Put(w)
	}
}

func FuzzAsk(f *testing.F) {
	f.Add([]byte("\x01\x00\x05123456789012\x01\x03"))
	f.Fuzz(func(t *testing.T, p []byte) {
		new(asker).ask(1, p, func(q stages.Question) error {
			if len(q.Payload) <= lowSize {
				t.Error("a question without positions")
			}
			return nil
		})
	})
}

// Packed notes say what the others did.
func TestPacked(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		in := &memoryNotes{}
		want := map[stages.ID][]uint32{}
		for id := range stages.ID(r.IntN(5)) {
			for range r.IntN(3000) {
				list := []uint32{r.Uint32N(1 << 20), r.Uint32N(1 << 20)}[:1+r.IntN(2)]
				want[id] = append(want[id], list...)
				in.Add(stages.Note{Sample: id, Payload: appendPositions(nil, list)})
			}
		}
		notes, err := packed(in.Sorted())
		if err != nil {
			t.Fatal(err)
		}
		list, err := read(notes)
		if err != nil {
			t.Fatal(err)
		}
		got := map[stages.ID][]uint32{}
		var last stages.Note
		for i, n := range list {
			if i > 0 && (n.Sample < last.Sample || n.Sample == last.Sample && slices.Compare(last.Payload, n.Payload) > 0) {
				t.Fatal("packed notes are not in order")
			}
			if last = n; len(n.Payload) > packSize+64 {
				t.Errorf("a note of %d bytes", len(n.Payload))
			}
			if got[n.Sample], err = takePositions(got[n.Sample], n.Payload); err != nil {
				t.Fatal(err)
			}
		}
		for id := range want {
			slices.Sort(want[id])
			slices.Sort(got[id])
			if !slices.Equal(want[id], got[id]) {
				t.Fatalf("sample %d: %d positions, want %d", id, len(got[id]), len(want[id]))
			}
		}
	}
}
