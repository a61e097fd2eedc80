package corpus

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/stages"
	"sluice/stages/format"
)

// batches reads a file of JSONL for a stage, in blocks of about so many bytes.
func batches(t testing.TB, name, text string, r stages.Read, block int64, list ...stages.Stage) (all []*stages.Batch) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	src, err := format.NewSource("jsonl", r, stages.Passes(list)[0].Needs(), format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &stages.Shard{Name: name, Path: path, Format: "jsonl", Size: int64(len(text))}
	blocks, err := src.Blocks(context.Background(), s, block)
	if err != nil {
		t.Fatal(err)
	}
	for i := range blocks {
		blocks[i].Index = i
		in, err := src.Open(context.Background(), s, &blocks[i])
		if err != nil {
			t.Fatal(err)
		}
		for {
			_, decode, err := in.Next(context.Background())
			if err != nil {
				break
			}
			b, err := decode()
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b)
		}
		in.Close()
	}
	return all
}

// left runs a stage and returns the texts of the rows that it leaves.
func left(t testing.TB, all []*stages.Batch, s stages.Stage) (texts []string) {
	t.Helper()
	for _, b := range all {
		if err := s.(stages.Mapper).Map(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		for i, kept := range b.Keep {
			if kept {
				texts = append(texts, string(b.Column("text").Text[i]))
			}
		}
	}
	return texts
}

// one returns the stage that a constructor makes.
func one[C any](t testing.TB, build func(stages.Common, C) ([]stages.Stage, error), c stages.Common, config C) stages.Stage {
	t.Helper()
	made, err := build(c, config)
	if err != nil {
		t.Fatal(err)
	}
	return made[0]
}

func TestWhere(t *testing.T) {
	long := strings.Repeat("x", 10<<20)
	rows := `{"text":""}
{"text":"one","lang":"en","n":1}
{"text":"文","lang":"en","n":2.5}
{"text":"😀","lang":null,"n":null}
{"text":" \t","lang":"de","n":true,"meta":{"a":1}}
{"text":"last","lang":["en"],"meta":{"a":{"b":"c"}}}
{"text":"` + long + `","lang":"en"}
`
	for _, c := range []struct{ where, want string }{
		{"true", "/one/文/😀/ \t/last/" + long},
		{"nil", "-"},
		{"lang == 'en'", "one/文/" + long},
		{"lang != 'en'", "/😀/ \t/last"},
		{"lang == nil", "/😀/last"},
		{"len(text) == 1", "文/😀"},
		{"trim(text) == ''", "/ \t"},
		{"len(text) > 1e6", long},
		{"(n ?? 0) == 0", "/😀/last/" + long},
		{"type(n) == 'bool' or type(n) == 'float'", "文/ \t"},
		{"meta.a == 1", " \t"},
		{"meta.a.b == 'c'", "last"},
	} {
		s := one(t, NewWhere, stages.Common{Name: "w", Column: "text"}, Where{c.where})
		got := left(t, batches(t, "a.jsonl", rows, stages.DefaultRead(), 1<<30, s), s)
		if want := strings.Split(c.want, "/"); strings.Join(got, "/") != c.want && !(c.want == "-" && len(got) == 0) {
			t.Errorf("%s: got %.80q, want %.80q", c.where, got, want)
		}
	}
}

func TestWhereFault(t *testing.T) {
	s := one(t, NewWhere, stages.Common{Name: "w", Column: "text"}, Where{"n < 3"})
	err := s.(stages.Mapper).Map(context.Background(), batches(t, "a.jsonl", "{\"text\":\"a\",\"n\":1}\n{\"text\":\"b\",\"n\":\"1\"}\n", stages.DefaultRead(), 100, s)[0])
	var row *stages.RowError
	if !errors.As(err, &row) || row.Row != 1 {
		t.Errorf("got %v", err)
	}
}

// numberedRows returns rows of JSONL with ids and a user each.
func numberedRows(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"text":"%d","id":"doc-%d","user":%d}`+"\n", i, i, i%100)
	}
	return b.String()
}

func TestSample(t *testing.T) {
	rows := numberedRows(4000)
	withID := stages.DefaultRead()
	withID.ID = "id"
	common := stages.Common{Name: "s", Column: "text", Seed: 1}
	sample := func(share float64, by string, seed uint64, name string, r stages.Read, block int64) map[string]bool {
		c := common
		c.Seed = seed
		s := one(t, NewSample, c, Sample{share, by})
		kept := map[string]bool{}
		for _, text := range left(t, batches(t, name, rows, r, block, s), s) {
			kept[text] = true
		}
		return kept
	}
	same := func(a, b map[string]bool) int {
		n := 0
		for text := range a {
			if b[text] {
				n++
			}
		}
		return n
	}
	for _, r := range []stages.Read{stages.DefaultRead(), withID} {
		tenth := sample(0.1, "", 1, "a.jsonl", r, 1<<30)
		// 400 expected; five standard deviations are 95.
		if n := len(tenth); n < 305 || n > 495 {
			t.Errorf("a tenth is %d of 4000", n)
		}
		if again := sample(0.1, "", 1, "a.jsonl", r, 10000); len(again) != len(tenth) || same(again, tenth) != len(tenth) {
			t.Error("blocks of another size give another sample")
		}
		if half := sample(0.5, "", 1, "a.jsonl", r, 1<<30); same(half, tenth) != len(tenth) {
			t.Error("a tenth is not part of a half")
		}
		if other := sample(0.1, "", 2, "a.jsonl", r, 1<<30); same(other, tenth) > 80 {
			t.Errorf("another seed has %d rows of %d in common", same(other, tenth), len(tenth))
		}
		other := sample(0.1, "", 1, "b.jsonl", r, 1<<30)
		if n := same(other, tenth); r.ID == "" && n > 80 || r.ID != "" && n != len(tenth) {
			t.Errorf("another shard, id %q: %d rows of %d in common", r.ID, n, len(tenth))
		}
		if n := len(sample(1, "", 1, "a.jsonl", r, 1<<30)); n != 4000 {
			t.Errorf("all are %d", n)
		}
		if n := len(sample(0, "", 1, "a.jsonl", r, 1<<30)); n != 0 {
			t.Errorf("none are %d", n)
		}
	}
	// Users stay or go with all of their rows.
	users := sample(0.3, "user", 1, "a.jsonl", stages.DefaultRead(), 1<<30)
	if n := len(users); n%40 != 0 || n < 400 || n > 2000 {
		t.Errorf("%d rows of users", n)
	}
	// A sample of what read.sample left is a sample, and not all of it or none.
	r := stages.DefaultRead()
	r.Sample = 0.5
	if n := len(sample(0.5, "", 0, "a.jsonl", r, 1<<30)); n < 860 || n > 1140 {
		t.Errorf("half of a half is %d of 4000", n)
	}
	for _, share := range []float64{-0.1, 1.1, math.NaN()} {
		if _, err := NewSample(common, Sample{Share: share}); err == nil || !strings.HasPrefix(err.Error(), "share = ") {
			t.Errorf("share %v: %v", share, err)
		}
	}
}

// Rows without a value are sampled by themselves; equal numbers are one value.
func TestSampleBy(t *testing.T) {
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, `{"text":"%d","k":%s}`+"\n", i, []string{"null", "7", "7.0", `"a"`, `"7"`, "true", "1", "2.5"}[i%8])
	}
	kept := map[int]int{}
	s := one(t, NewSample, stages.Common{Seed: 3}, Sample{0.5, "k"})
	for _, text := range left(t, batches(t, "a.jsonl", b.String(), stages.DefaultRead(), 1<<30, s), s) {
		var i int
		fmt.Sscan(text, &i)
		kept[i%8]++
	}
	for k := range 8 {
		if n := kept[k]; k == 0 && (n < 80 || n > 170) || k > 0 && n%250 != 0 {
			t.Errorf("%d of 250 rows with value %d", n, k)
		}
	}
	if kept[1] != kept[2] {
		t.Error("7 and 7.0 differ")
	}
}

func BenchmarkStages(b *testing.B) {
	rows := []byte(numberedRows(4000))
	where, sample := Where{"user < 50 and len(text) > 1"}, Sample{0.5, ""}
	for name, s := range map[string]stages.Stage{
		"where":  one(b, NewWhere, stages.Common{Column: "text"}, where),
		"sample": one(b, NewSample, stages.Common{Column: "text"}, sample),
	} {
		b.Run(name, func(b *testing.B) {
			all := batches(b, "a.jsonl", string(rows), stages.DefaultRead(), 1<<30, s)
			b.SetBytes(int64(len(rows)))
			n := 0
			for b.Loop() {
				for _, batch := range all {
					for i := range batch.Keep {
						batch.Keep[i] = true
					}
					if err := s.(stages.Mapper).Map(context.Background(), batch); err != nil {
						b.Fatal(err)
					}
					n += batch.Len()
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// Segments of one row are sampled each by itself, also where the row has an id.
func TestSampleOfParts(t *testing.T) {
	for name, id := range map[string][][]byte{"by id": {[]byte("x"), []byte("y")}, "by place": nil} {
		b := stages.NewBatch(&stages.Shard{}, &stages.Block{}, 0, 2)
		b.RowID = id
		parts := b.Parts([]int{1000, 1000})
		if err := one(t, NewSample, stages.Common{Name: "s", Seed: 3}, Sample{Share: 0.3}).(stages.Mapper).Map(context.Background(), parts); err != nil {
			t.Fatal(err)
		}
		both := 0
		for i := range 1000 {
			if parts.Keep[i] && parts.Keep[1000+i] {
				both++
			}
		}
		if n := parts.Live(); n < 520 || n > 680 || both > 150 {
			t.Errorf("%s: of 2,000 segments %d stay, want 600, and %d of both rows alike, want 90", name, n, both)
		}
	}
}
