package text

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

const corpusFile = "/work/shared/corpus/docs.jsonl.zst"

// corpusTexts returns the first texts of the corpus of documents, or skips.
func corpusTexts(tb testing.TB, n int) (texts []string) {
	tb.Helper()
	f, err := os.Open(corpusFile)
	if err != nil {
		tb.Skipf("no corpus of documents: %v", err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	defer z.Close()
	in := bufio.NewScanner(z)
	in.Buffer(nil, 64<<20)
	for len(texts) < n && in.Scan() {
		var row struct{ Text string }
		if err := json.Unmarshal(in.Bytes(), &row); err != nil {
			tb.Fatal(err)
		}
		texts = append(texts, row.Text)
	}
	if err := in.Err(); err != nil {
		tb.Fatal(err)
	}
	return texts
}

// examplesOf makes up questions of the words of a text, so many that there are n n-grams.
func examplesOf(text string, n int) (examples []string) {
	words := strings.Fields(text)
	for i := 0; n > 0; i += 7 {
		var b strings.Builder
		for k := range 25 {
			b.WriteString(words[(i*31+k*(i%97+3))%len(words)] + " ")
		}
		examples = append(examples, b.String())
		n -= 13
	}
	return examples
}

func BenchmarkDecontaminate(b *testing.B) {
	texts := corpusTexts(b, 2000)
	for _, by := range []struct {
		name    string
		ngrams  int
		curator bool
	}{{"1k", 1000, false}, {"1M", 1_000_000, false}, {"curator/1M", 1_000_000, true}} {
		b.Run(by.name, func(b *testing.B) {
			o := DefaultDecontaminate()
			o.Curator = by.curator
			d := newDecontaminate(b, o, examplesOf(strings.Join(texts[:50], " "), by.ngrams)...)
			f := newTaskFinder(d.tasks, &d.Decontaminate)
			list, size := make([][]byte, len(texts)), 0
			for i, s := range texts {
				list[i], size = []byte(s), size+len(s)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			found := 0
			for b.Loop() {
				found = 0
				for _, text := range list {
					if f.find(text) {
						f.count()
						found++
					}
				}
			}
			b.ReportMetric(float64(found), "found")
			b.ReportMetric(float64(d.tasks.bytes())/float64(len(d.tasks.ngrams)), "bytes/ngram")
		})
	}
}

// The place for tasks is read once: how fast.
func BenchmarkDecontaminateTasks(b *testing.B) {
	texts := corpusTexts(b, 50)
	examples := examplesOf(strings.Join(texts, " "), 100_000)
	o := DefaultDecontaminate()
	o.Tasks = []string{examplesFile(b, examples)}
	info, err := os.Stat(o.Tasks[0])
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		if _, err := readTasks(b.Context(), &o); err != nil {
			b.Fatal(err)
		}
	}
}
