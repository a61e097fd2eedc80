package clean

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"sluice/stages"
)

// sample returns every tenth text of the corpus, and their bytes.
func sample(b *testing.B) (texts [][]byte, size int64) {
	_, all := corpus(b)
	for i := 0; i < len(all); i += 10 {
		texts = append(texts, all[i])
		size += int64(len(all[i]))
	}
	return texts, size
}

// mapAll runs stages over batches of the texts, of about the size that pipelines have.
func mapAll(b *testing.B, texts [][]byte, list ...stages.Mapper) {
	const per = 170
	column := make([][]byte, per)
	for i := 0; i < len(texts); i += per {
		n := copy(column, texts[i:])
		x := batch(column[:n]...)
		for _, s := range list {
			if err := s.Map(context.Background(), x); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// seconds returns the processor time of this process, which others on the machine do not touch.
func seconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// BenchmarkStages runs each stage over texts of the corpus.
func BenchmarkStages(b *testing.B) {
	texts, size := sample(b)
	for _, s := range all {
		b.Run(s.name, func(b *testing.B) {
			stage := build(b, s.name, s.table)
			b.SetBytes(size)
			b.ReportAllocs()
			cpu := seconds()
			for b.Loop() {
				mapAll(b, texts, stage)
			}
			b.ReportMetric(float64(size)*float64(b.N)/1e6/(seconds()-cpu), "MB/s/core")
		})
	}
}

// BenchmarkChain runs Curator's usual cleaners one after the other: Unicode, line feeds, links.
func BenchmarkChain(b *testing.B) {
	texts, size := sample(b)
	list := []stages.Mapper{build(b, "unicode", ""), build(b, "newlines", ""), build(b, "urls", "")}
	b.SetBytes(size)
	b.ReportAllocs()
	cpu := seconds()
	for b.Loop() {
		mapAll(b, texts, list...)
	}
	b.ReportMetric(float64(len(texts))*float64(b.N)/(seconds()-cpu), "docs/s/core")
}

// BenchmarkUnicode runs over texts of one kind each.
func BenchmarkUnicode(b *testing.B) {
	r, err := newReformatter(DefaultUnicode())
	if err != nil {
		b.Fatal(err)
	}
	for _, kind := range []struct{ name, line string }{
		{"ASCII", "It is late, and we go home by the river; good night & sleep well.\n"},
		{"French", "Où est le café « déjà vu » ? L’été, près de la forêt, c’est agréable.\n"},
		{"Russian", "Поздно, и мы идём домой вдоль реки; спокойной ночи.\n"},
		{"Japanese", "もう遅いので、川沿いを歩いて家に帰ります。おやすみなさい。\n"},
		{"mojibake", "OÃ¹ est le cafÃ© Â« dÃ©jÃ\u00a0 vu Â» ? Lâ\u0080\u0099Ã©tÃ©.\n"},
		{"entities", "Il &eacute;tait une fois &amp; il n&#233;tait plus.\n"},
	} {
		b.Run(kind.name, func(b *testing.B) {
			text := []byte(strings.Repeat(kind.line, 60000/len(kind.line)))
			var dst []byte
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			cpu := seconds()
			for b.Loop() {
				dst = r.Rewrite(dst[:0], text)
			}
			b.ReportMetric(float64(len(text))*float64(b.N)/1e6/(seconds()-cpu), "MB/s/core")
		})
	}
}
