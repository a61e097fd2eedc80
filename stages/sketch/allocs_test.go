package sketch

import (
	"strings"
	"testing"
)

// Sketching allocates nothing: it runs once for each document.
func TestNothingIsAllocated(t *testing.T) {
	if underRace {
		t.Skip("the race detector allocates")
	}
	text := []byte(strings.Repeat(fox+" naïve ", 50))
	f, c, d := newFast(t, 256), newCurator(t, 32, 260, 24), newCurator(t, 64, 260, 24)
	dst, dst32, dst64 := make([]uint16, 256), make([]uint32, 260), make([]uint64, 260)
	set := make([]uint64, 650)
	for i := range set {
		set[i] = splitMix(uint64(i))
	}
	cut, keys := BandsFor(0.8, 256), uint64(0)
	for name, do := range map[string]func(){
		"Fast.Sketch": func() { f.Sketch(dst, set) }, "a small Fast.Sketch": func() { f.Sketch(dst, set[:3]) },
		"Agreeing": func() { Agreeing(dst, dst) }, "Key": func() { keys += cut.Key(dst, 3) },
		"Sketch32": func() { c.Sketch32(dst32, text) }, "Sketch64": func() { d.Sketch64(dst64, text) },
	} {
		if n := testing.AllocsPerRun(20, do); n > 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}
