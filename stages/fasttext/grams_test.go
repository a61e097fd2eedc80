package fasttext

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// slowRows is the program's loop over the n-grams of a word.
func slowRows(g *grams, w string, rows map[uint32]uint32) (list []uint32) {
	letters := []rune(w)
	for i := range letters {
		for n := 1; n <= g.most && i+n <= len(letters); n++ {
			bucket := fnv([]byte(string(letters[i:i+n]))) % g.bucket.n
			row, there := rows[bucket]
			if n >= g.least && (n > 1 || i > 0 && i+n < len(letters)) && there {
				list = append(list, g.first+row)
			}
		}
	}
	return list
}

// Words of ASCII and others have the rows that the program's loop gives them, in one go and by pieces.
func TestRowsOfWords(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		g := &grams{least: 1 + rng.IntN(4), most: 1 + rng.IntN(6), words: 1, bucket: newBuckets(1 + rng.Uint32N(3000)), first: 7}
		rows := map[uint32]uint32{}
		for b := range g.bucket.n {
			rows[b] = b
		}
		letters := []rune("abcdßжя語👍")[:4+rng.IntN(2)*5]
		w := "<"
		for range rng.IntN(20) {
			w += string(letters[rng.IntN(len(letters))])
		}
		w += ">"
		want, got := slowRows(g, w, rows), g.ofWord(nil, []byte(w), 0, len(w))
		at := rng.IntN(len(w) + 1)
		pieces := g.ofWord(g.ofWord(nil, []byte(w), 0, at), []byte(w), at, len(w))
		if !slices.Equal(got, want) || !slices.Equal(pieces, want) {
			t.Fatalf("%q, n-grams of %d to %d in %d buckets: rows %v, by pieces %v, want %v", w, g.least, g.most, g.bucket.n, got, pieces, want)
		}
	}
}

// The remainder of a hash is that of a division.
func TestBuckets(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, n := range []uint32{1, 2, 3, 7, 1 << 16, 2_000_000, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
		b := newBuckets(n)
		for _, h := range []uint32{0, 1, n - 1, n, n + 1, 2 * n, 1<<32 - 1, rng.Uint32(), rng.Uint32()} {
			if b.of(h) != h%n {
				t.Errorf("%d modulo %d is %d", h, n, b.of(h))
			}
		}
	}
}

// Of the n-grams of words, those whose bucket was not pruned have rows: all, most, few.
func TestPrunedRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, kept := range []int{1, 2, 3, 50, 400, 1000} {
		var data []byte
		rows := map[uint32]uint32{}
		for _, bucket := range rng.Perm(1000)[:kept] {
			rows[uint32(bucket)] = uint32(len(rows))
			data = binary.LittleEndian.AppendUint32(data, uint32(bucket))
			data = binary.LittleEndian.AppendUint32(data, uint32(len(rows)-1))
		}
		g := &grams{least: 1 + rng.IntN(2), most: 4, words: 1, bucket: newBuckets(1000), first: 7}
		c := &cursor{data: data}
		if g.parsePruned(c, int64(kept)); c.err != nil {
			t.Fatal(c.err)
		}
		for range 300 {
			w := "<"
			for range rng.IntN(12) {
				w += string([]rune("abcßжя語👍")[rng.IntN(8)])
			}
			w += ">"
			got := g.ofWord([]uint32{3}, []byte(w), 0, len(w))
			if want := append([]uint32{3}, slowRows(g, w, rows)...); !slices.Equal(got, want) {
				t.Fatalf("%d of 1000 buckets, %q: rows %v, want %v", kept, w, got, want)
			}
		}
	}
}
