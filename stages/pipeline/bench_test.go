package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"sluice/stages/pipeline"
)

// BenchmarkExact runs exact dedup from JSONL to JSONL on one rank and two
// threads, over documents of about 300 and 5,000 bytes that hardly repeat.
func BenchmarkExact(b *testing.B) {
	for _, size := range []int{300, 5000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			f := folder{tb: b, dir: b.TempDir()}
			n := f.documents(4, 64<<20, size)
			b.SetBytes(n)
			for i := 0; b.Loop(); i++ {
				if _, err := f.run("input = [\"in\"]\noutput = \"out\"\nmemory = \"1GB\"\n[[stage]]\nuse = \"dedup.exact\"\n", "out", 1, pipeline.Options{Fresh: i > 0}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// documents writes shards of together about total bytes, and returns their size.
func (f folder) documents(shards, total, size int) (n int64) {
	r := rand.New(rand.NewPCG(7, uint64(size)))
	for s := range shards {
		var b strings.Builder
		for i := 0; b.Len() < total/shards; i++ {
			fmt.Fprintf(&b, `{"id": "%d-%d", "text": "`, s, i)
			for w := 0; w < size; w += 9 {
				fmt.Fprintf(&b, "%08x ", r.Uint32())
				if r.IntN(12) == 0 {
					b.WriteString(`\n`)
				}
			}
			b.WriteString("\"}\n")
		}
		f.write(fmt.Sprintf("in/part-%d.jsonl", s), b.String())
		n += int64(b.Len())
	}
	return n
}
