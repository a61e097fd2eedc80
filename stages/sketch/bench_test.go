package sketch

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// measure times do in handfuls and reports, beside the mean, the fastest of them:
// what a core does while nobody else wants it.
func measure(b *testing.B, handful int, unit string, per int, do func(i int)) {
	i, best := 0, time.Duration(1<<62)
	for b.Loop() {
		began := time.Now()
		for range handful {
			do(i)
			i++
		}
		best = min(best, time.Since(began))
	}
	n := float64(per)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(i)/n, "ns/"+unit)
	b.ReportMetric(float64(best.Nanoseconds())/float64(handful)/n, "best-ns/"+unit)
	b.ReportMetric(0, "ns/op")
}

// BenchmarkFast sketches sets of shingles: 40 are a text of 300 bytes in word:5,
// 650 one of 5 kB.
func BenchmarkFast(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, form := range []string{"vector", "plain"} {
		for _, n := range []int{5, 40, 100, 300, 650, 5000, 100000} {
			b.Run(fmt.Sprintf("%s/%d", form, n), func(b *testing.B) {
				f, dst := newFast(b, 256), make([]uint16, 256)
				if form == "plain" {
					f.vectors = nil
				} else if f.vectors == nil {
					b.Skip("no vector unit that we know")
				}
				sets := make([][]uint64, max(8, 20000/n))
				for i := range sets {
					sets[i] = shingleSets(rng, n)["random"]
				}
				measure(b, 16, "set", 1, func(i int) { f.Sketch(dst, sets[i%len(sets)]) })
			})
		}
	}
}

func BenchmarkAgreeing(b *testing.B) {
	x, y := make([]uint16, 256), make([]uint16, 256)
	for form, f := range map[string]func(a, b []uint16) int{"vector": Agreeing, "plain": agreeingPlain} {
		b.Run(form, func(b *testing.B) {
			n := 0
			measure(b, 1000, "pair", 1, func(int) { n += f(x, y) })
			if n == 0 {
				b.Fatal("none agree")
			}
		})
	}
}

func BenchmarkKey(b *testing.B) {
	s, cut, keys := make([]uint16, 256), BandsFor(0.8, 256), uint64(0)
	measure(b, 16, "key", cut.Bands, func(int) {
		for band := range cut.Bands {
			keys += cut.Key(s, band)
		}
	})
}

// BenchmarkCurator signs texts of 5 kB with Curator's defaults, in ASCII and with
// one code point in a hundred beyond it.
func BenchmarkCurator(b *testing.B) {
	texts := map[string][]byte{"ascii": nil, "mixed": nil}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 5000 {
		letter := "etaoin shrdlu"[rng.IntN(13)]
		texts["ascii"] = append(texts["ascii"], letter)
		texts["mixed"] = append(texts["mixed"], letter)
		if i%100 == 50 {
			texts["mixed"] = append(texts["mixed"], "é"...)
		}
	}
	for _, bits := range []int{32, 64} {
		for _, form := range []string{"vector", "plain"} {
			for name, text := range texts {
				b.Run(fmt.Sprintf("%d/%s/%s", bits, form, name), func(b *testing.B) {
					c := newCurator(b, bits, 260, 24)
					if form == "plain" && bits == 32 {
						c.signer.plain = true
					} else if form == "plain" {
						c.signer64.plain = true
					}
					dst32, dst64 := make([]uint32, 260), make([]uint64, 260)
					measure(b, 1, "byte", len(text), func(int) {
						if bits == 32 {
							c.Sketch32(dst32, text)
						} else {
							c.Sketch64(dst64, text)
						}
					})
				})
			}
		}
	}
}
