package stages

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zeebo/xxh3"
)

// However many tallies there are, and in whatever order they are added, the sum is the same.
func TestTallyOrder(t *testing.T) {
	type event struct{ key, place int }
	r := rand.New(rand.NewPCG(1, 2))
	var events []event
	for range 5000 {
		events = append(events, event{int(r.ExpFloat64() * 40), r.IntN(7)})
	}
	for _, limit := range []int{1, 10, 1000} {
		// What is wanted: the groups of the smallest hashes, and the rest.
		all := map[string][]int64{}
		for _, e := range events {
			key := fmt.Sprint("key", e.key)
			if all[key] == nil {
				all[key] = make([]int64, 7)
			}
			all[key][e.place] += int64(e.key + 1)
		}
		keys := slices.SortedFunc(maps.Keys(all), func(a, b string) int {
			if xxh3.HashString(a) < xxh3.HashString(b) {
				return -1
			}
			return 1
		})
		want := NewTally("s", limit)
		for i, key := range keys {
			if i < limit {
				want.Groups[key] = all[key]
			} else {
				want.rest(all[key])
			}
		}
		for parts := 1; parts < 40; parts += 7 {
			r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			sum := NewTally("s", limit)
			for chunk := range slices.Chunk(events, len(events)/parts+1) {
				one := NewTally("s", limit)
				for _, e := range chunk {
					one.Group(fmt.Append(nil, "key", e.key), 7)[e.place] += int64(e.key + 1)
					if len(one.Groups) > 2*limit+1 {
						t.Fatalf("%d groups with a limit of %d", len(one.Groups), limit)
					}
				}
				back, rest, err := DecodeTally(append(one.AppendTo(nil), "more"...))
				if err != nil || string(rest) != "more" {
					t.Fatal(err, rest)
				}
				sum.Add(back)
			}
			if got := sum.AppendTo(nil); !bytes.Equal(got, want.AppendTo(nil)) {
				t.Errorf("limit %d, %d parts: another sum", limit, parts)
			}
		}
	}
}

func FuzzDecodeTally(f *testing.F) {
	t := NewTally("s", 3)
	t.Group([]byte("a"), 4)[3] = -5
	t.rest([]int64{1, 0, 2})
	f.Add(t.AppendTo(nil))
	f.Add(NewTally("", 1).AppendTo(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		tally, rest, err := DecodeTally(b)
		if err != nil {
			return
		}
		again, more, err := DecodeTally(append(tally.AppendTo(nil), rest...))
		if err != nil || !bytes.Equal(more, rest) || again.Stage != tally.Stage || again.Limit != tally.Limit {
			t.Errorf("%v after %v: %v", again, tally, err)
		}
	})
}
