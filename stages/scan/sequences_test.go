package scan

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// slowSequence is the doc comment of Sequence.
func slowSequence(words []string, n int) (s Sequence) {
	counts := map[string]int{}
	list := make([]string, len(words)-n+1)
	for i := range list {
		list[i] = strings.Join(words[i:i+n], " ")
		if counts[list[i]]++; counts[list[i]] > 1 {
			s.Again = append(s.Again, uint32(i))
		}
	}
	for i, w := range list {
		if counts[w] > s.Count {
			s.Top, s.Count = i, counts[w]
		}
	}
	return s
}

// Words of all lengths, some of which differ by zero bytes, asked for in any order of n.
func TestSequences(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	vocabulary := []string{"a", "a\x00", "b", "\x00", "\x00\x00", "eightish", "eightish\x00", "ninebytes", "ninebytez", "wörter",
		"sixteen_letters_", "Sixteen_letters_", "seventeen_letters", "seventeen_letterz", strings.Repeat("long", 20)}
	var d Document
	for round := range 400 {
		var words []string
		for range 1 + r.IntN(300) {
			words = append(words, vocabulary[r.IntN(1+round%len(vocabulary))])
		}
		d.Reset([]byte(strings.Join(words, " ")))
		if len(d.Words()) != len(words) {
			t.Fatalf("%d words, want %d", len(d.Words()), len(words))
		}
		for range 6 {
			n := 1 + r.IntN(min(len(words), 12))
			got, want := d.Sequence(n), slowSequence(words, n)
			if got.Top != want.Top || got.Count != want.Count || !slices.Equal(got.Again, want.Again) {
				t.Fatalf("sequences of %d in %q: %+v, want %+v", n, words, got, want)
			}
		}
	}
}

// One long text does not make those after it slow: their tables are as small as they are.
func TestTablesStaySmall(t *testing.T) {
	var d Document
	for _, n := range []int{kept, 100} {
		d.Reset([]byte(strings.Repeat("of of to ", n/3)))
		d.Words()
		d.Sequence(2)
		if most := uint64(4 * n); d.table.mask > most || len(d.sequences.hashes.one) > n {
			t.Errorf("%d words: a table of %d slots, %d bits", n, d.table.mask+1, 64*len(d.sequences.hashes.one))
		}
	}
}

// What a long text of one word took is not kept.
func TestBlocksAreReleased(t *testing.T) {
	var d Document
	d.Reset(bytes.Repeat([]byte("x"), 17*kept))
	d.Characters()
	if d.Release(); cap(d.blocks) > 0 {
		t.Errorf("%d blocks are kept", cap(d.blocks))
	}
}
