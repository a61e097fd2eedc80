package pipeline_test

import (
	"fmt"
	"testing"

	"sluice/stages/pipeline"
)

// BenchmarkShuffle shuffles JSONL, on one rank and two threads, of documents of about 300 and
// 5,000 bytes: in memory, and with scratch.
func BenchmarkShuffle(b *testing.B) {
	for _, size := range []int{300, 5000} {
		for _, memory := range []string{"1GB", "100MB"} {
			b.Run(fmt.Sprint(size, "/", memory), func(b *testing.B) {
				f := folder{tb: b, dir: b.TempDir()}
				b.SetBytes(f.documents(4, 64<<20, size))
				for i := 0; b.Loop(); i++ {
					if _, err := f.run(onlyShuffle, "out", 1, pipeline.Options{Fresh: i > 0}, fmt.Sprintf("memory=%q", memory)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
