package fasttext

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// languageLike returns a model of the size of the language identifiers that are published: 16
// numbers, n-grams of 2 to 4 letters in 2 million buckets, 176 labels, a hierarchical softmax.
func languageLike() *Model {
	rng := rand.New(rand.NewPCG(7, 0))
	m := &Model{dim: 16, grams: grams{least: 2, most: 4, words: 1, bucket: newBuckets(2_000_000)}}
	d := &m.dict
	d.slots = make([]numbered, 1<<18)
	add := func(w string) {
		d.text = append(d.text, w...)
		d.ends = append(d.ends, uint32(len(d.text)))
		*d.slot([]byte(w), fnv([]byte(w))) = numbered{fnv([]byte(w)), uint32(len(d.ends))}
	}
	for i := range 60_000 {
		add(made(rand.New(rand.NewPCG(8, uint64(i)))))
	}
	for i := range 176 {
		d.labels = append(d.labels, made(rng))
		d.counts = append(d.counts, int64(1000-i))
		add(d.labels[i])
	}
	m.grams.first = uint32(d.words())
	fill := func(rows int) matrix {
		x := matrix{rows: rows, cols: m.dim, dense: make([]float32, rows*m.dim)}
		for i := range x.dense {
			x.dense[i] = rng.Float32() - 0.5
		}
		return x
	}
	m.input = fill(d.words() + int(m.grams.bucket.n))
	output := fill(len(d.labels))
	var err error
	if m.loss, err = newLoss(hierarchical, &output, d.counts); err != nil {
		panic(err)
	}
	return m
}

// made makes a word up.
func made(rng *rand.Rand) string {
	w := make([]byte, 2+rng.IntN(5)+rng.IntN(5))
	for i := range w {
		w[i] = "eeetttaaooinnshrrdlcumwfgypbvkjxqz"[rng.IntN(34)]
	}
	return string(w)
}

// pages returns texts of 5.3 kB, of words that the model knows and of others: one word in twelve
// is met for the first time, and the others as often as their place among all words says.
func pages(n int) (list [][]byte) {
	rng := rand.New(rand.NewPCG(9, 0))
	for range n {
		var b strings.Builder
		for b.Len() < 5300 {
			if rng.IntN(12) == 0 {
				b.WriteString(made(rng) + made(rng))
			} else {
				u := rng.Float64()
				b.WriteString(made(rand.New(rand.NewPCG(8, uint64(90_000*u*u*u*u)))))
			}
			b.WriteByte(' ')
		}
		list = append(list, []byte(b.String()))
	}
	return list
}

func BenchmarkPredict(b *testing.B) {
	run := func(name string, m *Model, list [][]byte) {
		b.Run(name, func(b *testing.B) {
			total := 0
			for _, text := range list {
				total += len(text)
			}
			b.SetBytes(int64(total / len(list)))
			b.ReportAllocs()
			var dst []Prediction
			for i := 0; b.Loop(); i++ {
				dst = m.Predict(dst[:0], list[i%len(list)], 1)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "documents/s")
		})
	}
	run("language-like", languageLike(), pages(1000))
	// SLUICE_FASTTEXT="MODEL LINES" measures what the user has.
	if names := strings.Fields(os.Getenv("SLUICE_FASTTEXT")); len(names) == 2 {
		m, err := Open(names[0])
		if err != nil {
			b.Fatal(err)
		}
		text, err := os.ReadFile(names[1])
		if err != nil {
			b.Fatal(err)
		}
		var list [][]byte
		for line := range strings.Lines(string(text)) {
			list = append(list, []byte(line))
		}
		run("yours", m, list)
	}
}
