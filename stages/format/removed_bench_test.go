package format

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"sluice/stages"
)

// Rows of 2 kB, and ids of them, as they are written where a filter drops them.
func BenchmarkRemoved(b *testing.B) {
	var in strings.Builder
	for i := range 400 {
		fmt.Fprintf(&in, `{"id":"%d","text":"%s","url":"http://example.org/%d"}`+"\n", i, strings.Repeat("some words, ", 160), i)
	}
	src, _ := ends(b, stages.DefaultRead(), stages.DefaultWrite(), nil, Options{BatchBytes: 1 << 20})
	shard := shardOf(b, "a.jsonl", []byte(in.String()))
	blocks, err := src.Blocks(context.Background(), shard, 1<<20)
	if err != nil {
		b.Fatal(err)
	}
	err = readBlock(b, src, shard, &blocks[0], func(batch *stages.Batch) {
		var dst []byte
		why := Reason{Stage: "text.word_count", Score: 12.5}
		b.Run("rows", func(b *testing.B) {
			b.SetBytes(int64(in.Len()))
			b.ReportAllocs()
			for b.Loop() {
				dst = dst[:0]
				for i := range batch.Keep {
					if dst, err = AppendRemoved(dst, batch, i, why); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
		b.Run("ids", func(b *testing.B) {
			b.ReportAllocs()
			id := []byte("http://example.org/1")
			for b.Loop() {
				dst = AppendRemovedID(dst[:0], id, shard.Name, 12345, why)
			}
		})
	})
	if err != nil {
		b.Fatal(err)
	}
}
