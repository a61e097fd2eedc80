package clean

import (
	"context"
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
