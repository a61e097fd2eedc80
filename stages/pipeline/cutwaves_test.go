package pipeline

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Outputs come into slots in their order, no slot has more than fits, or than one output has that does not
// fit, and none could do with fewer waves, or with less in the fullest slot: that is tried with
// plain code.
func TestCutSlots(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 28))
	const least = 1 << 10
	// slotsOf counts slots of at most most bytes.
	slotsOf := func(need []uint64, most uint64) (n int) {
		for i := 0; i < len(need); n++ {
			for sum := uint64(0); i < len(need) && (sum == 0 || sum+need[i]+least <= most); i++ {
				sum += need[i] + least
			}
		}
		return n
	}
	many := 0
	for range 2000 {
		ranks, room := 1+r.IntN(9), uint64(1+r.IntN(1<<20))
		if r.IntN(9) == 0 {
			room = math.MaxUint64
		}
		need := make([]uint64, 1+r.IntN(200))
		var largest uint64
		for i := range need {
			need[i] = uint64(r.IntN(1 << (1 + r.IntN(18))))
			largest = max(largest, need[i]+least)
		}
		slots := cutSlots(need, ranks, room)
		if len(slots) != len(need) || !slices.IsSorted(slots) || slots[0] != 0 {
			t.Fatalf("slots %v of %d outputs", slots, len(need))
		}
		held := map[int]uint64{}
		for o, s := range slots {
			held[s] += need[o] + least
		}
		var fullest uint64
		for _, n := range held {
			fullest = max(fullest, n)
		}
		most := max(room-room/8, largest)
		if fullest > most {
			t.Fatalf("a slot has %d bytes, room %d, largest %d", fullest, room, largest)
		}
		waves := (slotsOf(need, most) + ranks - 1) / ranks
		if got := slots[len(slots)-1]/ranks + 1; got > waves {
			t.Fatalf("%d waves, want %d", got, waves)
		}
		if fullest > largest && slotsOf(need, fullest-1) <= waves*ranks {
			t.Fatalf("the fullest slot has %d bytes, and could have less", fullest)
		}
		if waves > 1 {
			many++
		}
	}
	if many < 500 {
		t.Errorf("only %d cases of several waves", many)
	}
	if got := cutSlots(nil, 3, 10); len(got) != 0 {
		t.Errorf("slots %v of nothing", got)
	}
	// One output that does not fit does not cost a wave for each of the others.
	if got := cutSlots(append(slices.Repeat([]uint64{0}, 1000), 1<<20), 1, 1<<20); got[1000] != 1 {
		t.Errorf("%d waves, want 2", got[1000]+1)
	}
}
