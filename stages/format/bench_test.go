package format

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"sluice/stages"
)

// benchRows makes rows of about size bytes with a handful of fields around the
// text, as web crawls have them: English with line ends, quotes and some
// letters beyond ASCII.
func benchRows(size, total int) []byte {
	rng := rand.New(rand.NewPCG(1, 1))
	words := strings.Fields("the of and a to in is you that it he was for on are as with his they at be this have from or one had by word but not what all were we when your can said there use an each which she do how their if will up other about out many then them these so some her would make like him into time has look two more write go see number no way could people my than first water been call who oil its now find long down day did get come made may part café naïve “quoted” said")
	var out bytes.Buffer
	var text strings.Builder
	for i := 0; out.Len() < total; i++ {
		text.Reset()
		for text.Len() < size-180 {
			text.WriteString(words[rng.IntN(len(words))])
			switch rng.IntN(15) {
			case 0:
				text.WriteString(".\n")
			case 1:
				text.WriteString(` "so" `)
			default:
				text.WriteByte(' ')
			}
		}
		t, err := json.Marshal(text.String())
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(&out, `{"id": "doc-%08d", "url": "https://example.org/a/%d", "text": %s, "lang": "en", "score": 0.%d, "meta": {"dump": "CC-MAIN-2024-10", "n": [1, 2]}}`+"\n", i, i*7, t, i)
	}
	return out.Bytes()
}

var benchSizes = map[string]int{"5kB": 5000, "300B": 300}

// BenchmarkParse finds and unescapes text and id, from lines in memory to
// batches, on one core. It allocates per batch, not per row.
func BenchmarkParse(b *testing.B) {
	for name, size := range benchSizes {
		data := benchRows(size, 8<<20)
		b.Run(name, func(b *testing.B) {
			r := stages.DefaultRead()
			r.ID = "id"
			src, err := NewSource("jsonl", r, nil, Options{})
			if err != nil {
				b.Fatal(err)
			}
			s := src.(*jsonlSource)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				l := &lineReader{in: bytes.NewReader(data), pool: s.pool, batch: s.options.BatchBytes, max: 1 << 40, end: 1 << 40, limit: 1 << 40}
				for {
					o := s.rows()
					run, at, ends, slab, err := l.next(context.Background(), o.ends[:0])
					o.ends = ends
					if err == io.EOF {
						break
					}
					o.raw, o.at, o.slab = run, at, slab
					batch, err := s.parse(o, &stages.Shard{}, &stages.Block{}, 0, sampler{all: true})
					if err != nil || batch.Live() != len(ends) {
						b.Fatal(err, batch.Damaged)
					}
					rows += batch.Len()
					Release(batch)
				}
				l.close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/row")
		})
	}
}

// BenchmarkParseEncodingJSON does the same with encoding/json and a struct of
// the two fields.
func BenchmarkParseEncodingJSON(b *testing.B) {
	for name, size := range benchSizes {
		data := benchRows(size, 8<<20)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				for line := range bytes.Lines(data) {
					var v struct{ ID, Text string }
					if err := json.Unmarshal(line, &v); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// BenchmarkParseLines only finds the lines: what no parser can beat.
func BenchmarkParseLines(b *testing.B) {
	for name, size := range benchSizes {
		data := benchRows(size, 8<<20)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			n := 0
			for b.Loop() {
				for line := range bytes.Lines(data) {
					n += len(line)
				}
			}
			if n == 0 {
				b.Fatal("no lines")
			}
		})
	}
}

// BenchmarkWrite writes rows that nobody changed, rows with a score, and rows
// with another text.
func BenchmarkWrite(b *testing.B) {
	data := benchRows(5000, 4<<20)
	for _, change := range []string{"nothing", "score", "text"} {
		b.Run(change, func(b *testing.B) {
			sink, err := NewSink(stages.DefaultWrite(), stages.DefaultRead(), Options{})
			if err != nil {
				b.Fatal(err)
			}
			batch := parseLines(b, data, Options{Writes: []string{"score2"}})
			switch change {
			case "score":
				c := batch.Add("score2")
				for i := range c.Values {
					c.Values[i] = stages.Scalar{Kind: stages.Float, Float: float64(i) / 3}
				}
			case "text":
				c := batch.Column("text")
				for i, s := range c.Text {
					c.SetText(i, s)
				}
			}
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				p, err := sink.Piece(&stages.Shard{Name: "a.jsonl", Format: "jsonl"}, io.Discard)
				if err != nil {
					b.Fatal(err)
				}
				if err := p.Write(batch); err != nil {
					b.Fatal(err)
				}
				if err := p.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// parseLines makes one batch of data.
func parseLines(t testing.TB, data []byte, o Options) *stages.Batch {
	t.Helper()
	src, err := NewSource("jsonl", stages.DefaultRead(), nil, o)
	if err != nil {
		t.Fatal(err)
	}
	s := src.(*jsonlSource)
	r := s.rows()
	for line := range bytes.Lines(data) {
		end := len(line)
		if n := len(r.ends); n > 0 {
			end += r.ends[n-1]
		}
		r.ends = append(r.ends, end)
	}
	r.raw = data
	b, err := s.parse(r, &stages.Shard{Name: "a.jsonl", Format: "jsonl"}, &stages.Block{}, 0, sampler{all: true})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
