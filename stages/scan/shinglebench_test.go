package scan

import (
	"strings"
	"testing"
	"time"
)

// Some 5 kB of text per script.
var samples = []struct{ name, text string }{
	{"ascii", repeat("The quick brown fox, it seems, jumped over 13 lazy dogs; nobody had asked for it. In 1998 Mr. Smith (a baker) wrote: \"Administration is what happens while others work\".\n")},
	{"german", repeat("Die Würde des Menschen ist unantastbar. Sie zu achten und zu schützen ist Verpflichtung aller staatlichen Gewalt; für Maßnahmen über § 12 hinaus gelten Übergangsfristen.\n")},
	{"russian", repeat("Быстрая коричневая лиса прыгает через ленивую собаку, и никто её об этом не просил. В 1998 году пекарь Иванов писал: «Управление происходит, пока другие работают».\n")},
	{"chinese", repeat("敏捷的棕色狐狸跳过了懒狗，没有人要求它这样做。1998年，面包师王先生写道：管理就是别人工作时发生的事情。\n")},
	{"short", repeat("The quick brown fox, it seems, jumped over 13 lazy dogs; nobody had asked for it. ")[:300]},
}

func repeat(s string) string { return strings.Repeat(s, 5000/len(s)) }

func BenchmarkShingles(b *testing.B) {
	for _, shingle := range []string{"word:5", "char:24"} {
		for _, sample := range samples {
			b.Run(shingle+"/"+sample.name, func(b *testing.B) { benchmark(b, shingle, []byte(sample.text)) })
		}
	}
}

// The corpus is text as it comes: words of all lengths, which are not learnt
// by the branch predictor.
func BenchmarkCorpus(b *testing.B) {
	_, texts := corpus(b)
	for _, shingle := range []string{"word:5", "char:24"} {
		b.Run(shingle, func(b *testing.B) { benchmark(b, shingle, texts...) })
	}
}

// benchmark also reports the rate of the fastest passes: what others do on the
// machine slows the mean, and some passes not at all.
func benchmark(b *testing.B, shingle string, texts ...[]byte) {
	s, bytes := shingles(b, shingle, "").New(), 0
	best := make([]time.Duration, len(texts))
	var dst []uint64
	for i, text := range texts {
		bytes += len(text)
		dst = s.Append(dst[:0], text)
		best[i] = time.Hour
	}
	b.SetBytes(int64(bytes))
	b.ReportAllocs()
	for b.Loop() {
		for i, text := range texts {
			start := time.Now()
			dst = s.Append(dst[:0], text)
			best[i] = min(best[i], time.Since(start))
		}
	}
	total := time.Duration(0)
	for _, d := range best {
		total += d
	}
	b.ReportMetric(float64(bytes)/total.Seconds()/1e6, "best-MB/s")
}
