package pipeline_test

import (
	"encoding/binary"
	"encoding/hex"
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
		var b []byte
		for i := 0; len(b) < total/shards; i++ {
			b = fmt.Appendf(b, `{"id": "%d-%d", "text": "`, s, i)
			for w := 0; w < size; w += 9 {
				var word [4]byte // fmt would take most of a test's time under the race detector
				binary.BigEndian.PutUint32(word[:], r.Uint32())
				b = append(hex.AppendEncode(b, word[:]), ' ')
				if r.IntN(12) == 0 {
					b = append(b, `\n`...)
				}
			}
			b = append(b, "\"}\n"...)
		}
		f.write(fmt.Sprintf("in/part-%d.jsonl", s), string(b))
		n += int64(len(b))
	}
	return n
}

// BenchmarkLanes holds the rounds of a fuzzy dedup of short texts on one rank with 1, 2 and 4 lanes, and reports
// how long all of them took.
func BenchmarkLanes(b *testing.B) {
	f := folder{b, b.TempDir()}
	r := rand.New(rand.NewPCG(8, 9))
	for s := range 16 {
		var rows strings.Builder
		for range 8000 {
			rows.WriteString(`{"text": "`)
			for range 30 {
				fmt.Fprintf(&rows, "w%d ", r.IntN(5000))
			}
			rows.WriteString("\"}\n")
		}
		f.write(fmt.Sprintf("in/%02d.jsonl", s), rows.String())
	}
	job := strings.Replace(fuzzyJob, "bands = 6\nrows = 1\n", "", 1)
	for _, lanes := range []int{1, 2, 4} {
		b.Run(fmt.Sprint(lanes), func(b *testing.B) {
			var rounds float64
			for i := 0; b.Loop(); i++ {
				out, err := f.run(job, fmt.Sprint("out", lanes, i), 1, pipeline.Options{Lanes: lanes}, "memory=1GB")
				if err != nil {
					b.Fatal(err)
				}
				for _, p := range out.Report.Passes {
					for _, r := range p.Rounds {
						rounds += r.S
					}
				}
			}
			b.ReportMetric(rounds/float64(b.N), "s/rounds")
		})
	}
}
