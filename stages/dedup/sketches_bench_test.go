package dedup

import (
	"strings"
	"testing"

	"sluice/stages"
)

// Sketching alone, as the first pass does it: words, shingles, sketch, note.
func BenchmarkSketch(b *testing.B) {
	ascii := "The ranks share out the input shards, compute each on its local cores, and exchange the buckets that they found there. "
	russian := "Каждый ранг читает свою часть входных данных, считает на своих ядрах и обменивается найденными корзинами с другими. "
	chinese := "每个进程读取自己那一部分输入数据，在本地核心上计算，然后与其他进程交换找到的桶。"
	// Numbers make the shingles of a text differ.
	text := func(s string, size int) string {
		var t strings.Builder
		for i := 0; t.Len() < size; i++ {
			for w := range strings.FieldsSeq(s) {
				t.WriteString(w + string(rune('a'+i%26)) + " ")
			}
		}
		return strings.ToValidUTF8(t.String()[:size], "")
	}
	for _, c := range []struct {
		name, text, sketch, shingle string
		size                        int
	}{
		{"ASCII", ascii, "fast", "word:5", 5000},
		{"Russian", russian, "fast", "word:5", 5000},
		{"Chinese", chinese, "fast", "word:5", 5000},
		{"ASCII, 300 bytes", ascii, "fast", "word:5", 300},
		{"ASCII, Curator", ascii, "curator", "char:24", 5000},
	} {
		b.Run(c.name, func(b *testing.B) {
			o := DefaultFuzzy()
			o.Sketch, o.Shingle = c.sketch, c.shingle
			parts, err := NewFuzzy(stages.Common{Name: "near", Column: "text"}, o)
			if err != nil {
				b.Fatal(err)
			}
			list := make([]string, 200)
			for i := range list {
				list[i] = text(c.text, c.size)
			}
			batch := texts(list...)
			b.SetBytes(int64(len(list) * len(list[0])))
			for b.Loop() {
				if err := parts[0].(stages.Shuffler).Note(b.Context(), batch, nil, func(stages.Note) {}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
