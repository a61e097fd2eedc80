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
			bucket := fnv([]byte(string(letters[i:i+n]))) % g.bucket
			row, there := rows[bucket]
			if n >= g.least && (n > 1 || i > 0 && i+n < len(letters)) && there {
				list = append(list, g.first+row)
			}
		}
	}
	return list
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
		g := &grams{least: 1 + rng.IntN(2), most: 4, words: 1, bucket: 1000, first: 7}
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
