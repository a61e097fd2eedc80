package pipeline_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"sluice/stages/pipeline"
)

// Rows go before, by and after a dedup.
const removedJob = `
input = ["in"]
output = "out"
[read]
id = "id"
[write]
removed = "rows"
[[stage]]
use = "text.word_count"
name = "few"
min_words = 5
[[stage]]
use = "dedup.exact"
name = "same"
[[stage]]
use = "text.word_count"
name = "many"
min_words = 1
max_words = 8
`

// A sample of removedInput.
type removedRow struct {
	ID   *string `json:"id,omitempty" parquet:"id,optional"`
	Text string  `json:"text" parquet:"text"`
	Pad  string  `json:"pad" parquet:"pad"`
}

// removedInput writes shards, the first of which has several blocks, with blank lines
// between the rows. It returns the rows by name of their shard; blank ones are nil.
func (f folder) removedInput(shards, rows int) map[string][]*removedRow {
	r := rand.New(rand.NewPCG(uint64(shards), 3))
	all := map[string][]*removedRow{}
	for s := range shards {
		name := fmt.Sprintf("%d/part-%d", s%2, s)
		pad := 10
		if s == 0 {
			pad = 3 << 20 / rows
		}
		var list []*removedRow
		for i := range rows {
			if i%17 == 5 {
				list = append(list, nil)
				continue
			}
			row := &removedRow{Text: fmt.Sprintf("doc %d é%s", r.IntN(rows), strings.Repeat(" w", r.IntN(8))), Pad: strings.Repeat("x", r.IntN(2*pad))}
			if r.IntN(3) > 0 {
				id := fmt.Sprintf("%d-%d \"q\"", s, i)
				row.ID = &id
			}
			list = append(list, row)
		}
		all[name] = list
	}
	return all
}

// removedOracle is removedJob in plain code: the files of OUT/removed. line writes a row.
func removedOracle(in map[string][]*removedRow, ext, mode string, line func(*removedRow) string) map[string]string {
	want := map[string]string{}
	seen := map[string]string{}
	for _, shard := range slices.Sorted(maps.Keys(in)) {
		for i, row := range in[shard] {
			if row == nil {
				continue
			}
			words := len(strings.Fields(row.Text))
			at := fmt.Sprintf("%s%s:%d", shard, ext, i)
			stage, score, keeper := "", fmt.Sprint(words), seen[row.Text]
			switch {
			case words < 5:
				stage = "few"
			case keeper != "":
				stage, score, keeper = "same", "null", fmt.Sprintf(`,"keeper":%q`, keeper)
			default:
				seen[row.Text] = at
				if words > 8 {
					stage = "many"
				}
			}
			if stage == "" {
				continue
			}
			head := strings.TrimSuffix(line(row), "}")
			if mode == "ids" {
				id := at
				if row.ID != nil {
					id = *row.ID
				}
				head = fmt.Sprintf(`{"id":%q,"shard":%q,"row":%d`, id, shard+ext, i)
			}
			name := filepath.Join("removed", stage, shard+".jsonl")
			want[name] += fmt.Sprintf("%s,\"stage\":%q,\"score\":%s%s}\n", head, stage, score, keeper)
		}
	}
	return want
}

func jsonLine(row *removedRow) string {
	p, _ := json.Marshal(row)
	return strings.Replace(string(p), `é`, `\u00e9`, 1) // as it came, and not as sluice would write it
}

// writeRemovedJSONL writes the shards of removedInput.
func (f folder) writeRemovedJSONL(in map[string][]*removedRow) {
	for name, rows := range in {
		var b strings.Builder
		for _, row := range rows {
			if row != nil {
				b.WriteString(jsonLine(row))
			}
			b.WriteByte('\n')
		}
		f.write("in/"+name+".jsonl", b.String())
	}
}

func TestRemovedJSONL(t *testing.T) {
	f := newFolder(t)
	in := f.removedInput(5, 400)
	f.writeRemovedJSONL(in)
	for _, mode := range []string{"ids", "rows"} {
		want := removedOracle(in, ".jsonl", mode, jsonLine)
		if len(want) != 3*len(in) {
			t.Fatalf("only %d files", len(want))
		}
		for _, ranks := range []int{1, 3} {
			out := fmt.Sprint(mode, ranks)
			// A stage that writes a column is run in every pass, and drops in one.
			if _, err := f.run(removedJob, out, ranks, pipeline.Options{}, "write.removed="+mode, "stage.few.score=words"); err != nil {
				t.Fatal(err)
			}
			same(t, want, f.tree(out, "removed"))
		}
	}
}

// Each row is removed by the first stage that drops it, though the last pass applies all dedups.
func TestRemovedByTwoDedups(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", twoDedupsInput)
	want := map[string]string{
		"removed/by-url/a.jsonl": `{"id":"s","shard":"a.jsonl","row":2,"stage":"by-url","score":null,"keeper":"a.jsonl:1"}
{"id":"a.jsonl:4","shard":"a.jsonl","row":4,"stage":"by-url","score":null,"keeper":"a.jsonl:3"}
`,
		"removed/by-text/a.jsonl": `{"id":"1.5","shard":"a.jsonl","row":3,"stage":"by-text","score":null,"keeper":"a.jsonl:0"}` + "\n",
	}
	for ranks := 1; ranks <= 3; ranks++ {
		out := fmt.Sprint("out", ranks)
		if _, err := f.run(twoDedups, out, ranks, pipeline.Options{}, "write.removed=ids"); err != nil {
			t.Fatal(err)
		}
		same(t, want, f.tree(out, "removed"))
	}
}

// Files of several formats that would become one are refused before anything is read.
func TestRemovedNamesCollide(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", twoDedupsInput)
	var b bytes.Buffer
	if err := parquet.Write(&b, []removedRow{{Text: "a"}}); err != nil {
		t.Fatal(err)
	}
	f.write("in/a.parquet", b.String())
	_, err := f.run(removedJob, "out", 1, pipeline.Options{})
	if _, ok := errors.AsType[*pipeline.JobError](err); !ok || !strings.Contains(err.Error(), `would both become output "a.jsonl"`) {
		t.Error(err)
	}
}

// What is removed does not change what stays, and is there where nothing is written besides.
func TestRemovedAlone(t *testing.T) {
	f := newFolder(t)
	f.writeRemovedJSONL(f.removedInput(3, 100))
	for out, set := range map[string]string{"with": "write.removed=ids", "without": "write.removed=none", "alone": "write.format=none"} {
		if _, err := f.run(removedJob, out, 2, pipeline.Options{}, set); err != nil {
			t.Fatal(err)
		}
	}
	same(t, f.tree("without", "data", "duplicates"), f.tree("with", "data", "duplicates"))
	if got := f.tree("without", "removed"); len(got) > 0 {
		t.Errorf("removed = none wrote %d files", len(got))
	}
	if got := f.tree("alone", "data"); len(got) > 0 {
		t.Errorf("format = none wrote %d files", len(got))
	}
	if got := f.tree("alone", "removed"); len(got) != 9 {
		t.Errorf("format = none: %d files of removed rows", len(got))
	}
}

func TestRemovedParquet(t *testing.T) {
	f := newFolder(t)
	in := f.removedInput(3, 300)
	for name, rows := range in {
		in[name] = slices.DeleteFunc(rows, func(r *removedRow) bool { return r == nil })
		var b bytes.Buffer
		w := parquet.NewGenericWriter[removedRow](&b, parquet.MaxRowsPerRowGroup(70))
		for _, row := range in[name] {
			if _, err := w.Write([]removedRow{*row}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		f.write("in/"+name+".parquet", b.String())
	}
	line := func(row *removedRow) string {
		id := "null"
		if row.ID != nil {
			id = strconv.Quote(*row.ID)
		}
		return fmt.Sprintf(`{"id":%s,"text":%q,"pad":%q}`, id, row.Text, row.Pad)
	}
	for _, mode := range []string{"ids", "rows"} {
		want := removedOracle(in, ".parquet", mode, line)
		for _, ranks := range []int{1, 3} {
			out := fmt.Sprint(mode, ranks)
			// Columns that are not written are removed with the rows.
			if _, err := f.run(removedJob, out, ranks, pipeline.Options{}, "write.removed="+mode, "write.drop=['pad']"); err != nil {
				t.Fatal(err)
			}
			same(t, want, f.tree(out, "removed"))
		}
	}
}

// Compressed files depend on nothing but the job, either.
func TestRemovedCompressed(t *testing.T) {
	f := newFolder(t)
	in := f.removedInput(2, 1000)
	f.writeRemovedJSONL(in)
	plain := removedOracle(in, ".jsonl", "rows", jsonLine)
	for kind, ext := range map[string]string{"zstd": ".zst", "gzip": ".gz"} {
		var want map[string]string
		for i, set := range []string{"memory=64MB", "memory=1GB"} {
			out := fmt.Sprint(kind, i)
			if _, err := f.run(removedJob, out, 1+i, pipeline.Options{}, "write.compress="+kind, set); err != nil {
				t.Fatal(err)
			}
			got := f.tree(out, "removed")
			if i == 0 {
				want = got
			}
			same(t, want, got)
		}
		for name, p := range plain {
			if got := expand(t, want[name+ext]); got != p {
				t.Errorf("%s%s: %d bytes, want %d", name, ext, len(got), len(p))
			}
		}
	}
}

// expand decompresses zstd or gzip.
func expand(t *testing.T, p string) string {
	t.Helper()
	var b bytes.Buffer
	if strings.HasPrefix(p, "\x1f\x8b") {
		z, err := gzip.NewReader(strings.NewReader(p))
		if err == nil {
			_, err = b.ReadFrom(z)
		}
		if err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	z, err := zstd.NewReader(strings.NewReader(p))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if _, err := b.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// kill -9 at any event, with changing numbers of ranks and in both modes.
func TestRemovedKilled(t *testing.T) {
	f := newFolder(t)
	in := f.removedInput(6, 300)
	f.writeRemovedJSONL(in)
	for seed, mode := range map[int64]string{4: "rows", 11: "ids"} {
		out := fmt.Sprint("killed", seed)
		job := strings.Replace(removedJob, `removed = "rows"`, fmt.Sprintf("removed = %q\ncompress = \"zstd\"", mode), 1)
		f.killed(job, out, seed, 13, 3)
		got := map[string]string{}
		for name, p := range f.tree(out, "removed") {
			got[strings.TrimSuffix(name, ".zst")] = expand(t, p)
		}
		same(t, removedOracle(in, ".jsonl", mode, jsonLine), got)
	}
}

// Damage to rows that the first pass removed is found; of the pass under way it is mended.
func TestRemovedDamaged(t *testing.T) {
	f := newFolder(t)
	in := f.removedInput(3, 100)
	f.writeRemovedJSONL(in)
	want := removedOracle(in, ".jsonl", "rows", jsonLine)
	f.stopAt(removedJob, "first", 1, 2, 0)
	f.stopAt(removedJob, "last", 1, 2, 1<<20)
	segments := func(pattern string) []string {
		list, _ := filepath.Glob(f.path(pattern))
		if len(list) == 0 {
			t.Fatalf("no %s", pattern)
		}
		return list
	}
	flip(t, segments("first/.sluice/segments/removed0-*")[0])
	_, err := f.run(removedJob, "first", 2, pipeline.Options{})
	if err == nil || !strings.Contains(err.Error(), "--fresh") {
		t.Errorf("no remedy in %v", err)
	}
	if _, err := f.run(removedJob, "first", 2, pipeline.Options{Fresh: true}); err != nil {
		t.Fatal(err)
	}
	same(t, want, f.tree("first", "removed"))
	for _, s := range segments("last/.sluice/segments/removed1-*") {
		flip(t, s)
	}
	if _, err := f.run(removedJob, "last", 2, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	same(t, want, f.tree("last", "removed"))
}

// A wrong bit anywhere in the rows that the first pass removed is found.
func TestRemovedWrongBits(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", `{"text": "a"}`+"\n"+`{"text": "a b c d e"}`+"\n"+`{"text": "b c"}`+"\n")
	f.stopAt(removedJob, "out", 1, 2, 0, "write.removed=ids")
	segments, _ := filepath.Glob(f.path("out/.sluice/segments/removed0-*"))
	if len(segments) != 1 {
		t.Fatal(segments)
	}
	good, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for at := range good {
		out := fmt.Sprint("damaged", at)
		if err := os.CopyFS(f.path(out), os.DirFS(f.path("out"))); err != nil {
			t.Fatal(err)
		}
		bad := slices.Clone(good)
		bad[at] ^= 0x10
		f.write(filepath.Join(out, ".sluice/segments", filepath.Base(segments[0])), string(bad))
		_, err := f.run(removedJob, out, 1, pipeline.Options{}, "write.removed=ids")
		if err == nil {
			t.Errorf("byte %d is believed", at)
		} else if refused++; !strings.Contains(err.Error(), "--fresh") {
			t.Errorf("byte %d: no remedy in %v", at, err)
		}
	}
	if refused < 40 {
		t.Errorf("only %d bytes were tried", refused)
	}
}

// A start that wrote some of the files and failed is continued with the others.
func TestRemovedContinues(t *testing.T) {
	f := newFolder(t)
	in := f.removedInput(3, 100)
	f.writeRemovedJSONL(in)
	f.stopAt(removedJob, "out", 1, 2, 0)
	f.write("out/removed/same", "in the way")
	_, err := f.run(removedJob, "out", 1, pipeline.Options{})
	if err == nil || !strings.Contains(err.Error(), f.path("out/removed/same")) {
		t.Fatalf("does not say which file: %v", err)
	}
	there := f.tree("out", "removed")
	if err := os.Remove(f.path("out/removed/same")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.run(removedJob, "out", 2, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	want := removedOracle(in, ".jsonl", "rows", jsonLine)
	if len(there) < 2 || len(there) >= len(want) {
		t.Errorf("the first start wrote %d of %d files", len(there)-1, len(want))
	}
	same(t, want, f.tree("out", "removed"))
}

// Rows of an earlier collection are not removed, and a dedup that marks removes none.
func TestRemovedOfNoOutput(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", `{"text": "a b c d e"}`+"\n"+`{"text": "e f g h i"}`+"\n")
	f.write("old/o.jsonl", `{"text": "x"}`+"\n"+`{"text": "a b c d e"}`+"\n")
	job := strings.Replace(removedJob, "name = \"same\"", "name = \"same\"\nagainst = [\"old\"]", 1)
	for set, want := range map[string]string{
		`stage.same.action=drop`: `{"text": "a b c d e","stage":"same","score":null,"keeper":"` + filepath.ToSlash(f.path("old/o.jsonl")) + ":1\"}\n",
		`stage.same.action=mark`: "",
	} {
		out := strings.TrimPrefix(set, "stage.same.action=")
		if _, err := f.run(job, out, 2, pipeline.Options{}, set); err != nil {
			t.Fatal(err)
		}
		got := f.tree(out, "removed")
		if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || got["removed/same/a.jsonl"] != want) {
			t.Errorf("%s: %q", set, got)
		}
	}
}
