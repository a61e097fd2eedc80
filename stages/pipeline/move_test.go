package pipeline_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"sluice/mpi"
	"sluice/stages/pipeline"
)

const shuffleJob = `
input = ["in"]
output = "out"
[[stage]]
use = "text.word_count"
min_words = 6
[[stage]]
use = "dedup.exact"
[[stage]]
use = "corpus.shuffle"
seed = 7
`

// A line is a row of the input as an oracle reads it.
type line struct {
	id    uint64
	shard int
	text  string
}

// rows reads the input of exactJob, and the rows that its stages leave. Each shard is one block.
func (f folder) rows() (rows []line, names []string) {
	f.tb.Helper()
	in := f.tree(".", "in")
	for name := range in {
		names = append(names, strings.TrimPrefix(name, "in/"))
	}
	slices.Sort(names)
	seen := map[string]bool{}
	for s, name := range names {
		n := uint64(0)
		for text := range strings.Lines(in["in/"+name]) {
			_, value, _ := strings.Cut(text, `"text": `)
			words := len(strings.Fields(strings.ReplaceAll(strings.Trim(value, "\"}\n"), `\n`, " ")))
			if words >= 6 && !seen[value] {
				seen[value] = true
				rows = append(rows, line{uint64(s)<<40 | n, s, text})
			}
			n++
		}
	}
	return rows, names
}

// splitMix is the finalizer of SplitMix64, in plain words.
func splitMix(x uint64) uint64 {
	mask := new(big.Int).SetUint64(1<<64 - 1)
	v := new(big.Int).SetUint64(x)
	step := func(shift uint, factor string) {
		v.Xor(v, new(big.Int).Rsh(v, shift))
		if k, ok := new(big.Int).SetString(factor, 16); ok {
			v.And(v.Mul(v, k), mask)
		}
	}
	step(30, "bf58476d1ce4e5b9")
	step(27, "94d049bb133111eb")
	step(31, "")
	return v.Uint64()
}

// place is where in a shuffle a copy of a sample stands.
func place(seed, id, copy uint64) uint64 {
	const golden = 0x9e3779b97f4a7c15
	return splitMix(splitMix(splitMix(seed+golden)^id) + copy*golden)
}

// part returns which of n equal ranges of the numbers below 2^64 a number is in.
func part(x uint64, n int) int {
	v := new(big.Int).Mul(new(big.Int).SetUint64(x), big.NewInt(int64(n)))
	return int(v.Rsh(v, 64).Int64())
}

// shuffled is what a shuffle of rows into n shards gives.
func shuffled(rows []line, seed uint64, n int, name string) map[string]string {
	slices.SortFunc(rows, func(a, b line) int { return cmp.Compare(place(seed, a.id, 0), place(seed, b.id, 0)) })
	want := map[string]string{}
	for i := range n {
		want[fmt.Sprintf("data/%s-%05d.jsonl", name, i)] = ""
	}
	for _, r := range rows {
		want[fmt.Sprintf("data/%s-%05d.jsonl", name, part(place(seed, r.id, 0), n))] += r.text
	}
	return want
}

func TestShuffle(t *testing.T) {
	f := newFolder(t)
	f.corpus(1, 12, 300)
	rows, names := f.rows()
	want := shuffled(rows, 7, len(names), "shuffled")
	for _, n := range []int{1, 2, 4} {
		out := fmt.Sprint("out", n)
		got, err := f.run(shuffleJob, out, n, pipeline.Options{})
		if err != nil {
			t.Fatal(err)
		}
		same(t, want, f.tree(out, "data"))
		if s := got.Report.Stages[2]; s.Kind != "move" || s.RowsOut != int64(len(rows)) || got.Report.RowsOut != s.RowsOut {
			t.Errorf("the funnel ends in %v, want %d rows", s, len(rows))
		}
	}
}

// With little scratch, what is moved is moved in several waves, and nothing else changes.
func TestShuffleWithLittleScratch(t *testing.T) {
	f := newFolder(t)
	n := f.documents(5, 12<<20, 3000)
	calm, err := f.run(onlyShuffle, "calm", 2, pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := f.tree("calm", "data")
	for _, ranks := range []int{1, 3} {
		out := fmt.Sprint("little", ranks)
		waves := &waves{}
		got, err := f.run(onlyShuffle, out, ranks, pipeline.Options{Watch: waves}, "scratch_max=\"4MB\"")
		if err != nil {
			t.Fatal(err)
		}
		// On three ranks one shard is more than scratch holds, and with one each there are two waves.
		if n, want := int(waves.n.Load())/ranks, map[int]int{1: 5, 3: 2}[ranks]; n != want {
			t.Errorf("%d ranks: %d waves, want %d", ranks, n, want)
		}
		same(t, want, f.tree(out, "data"))
		if got.Report.RowsOut != calm.Report.RowsOut {
			t.Errorf("%d rows, want %d", got.Report.RowsOut, calm.Report.RowsOut)
		}
	}
	var size int64
	for _, p := range want {
		size += int64(len(p))
	}
	if size != n {
		t.Errorf("%d bytes came out of %d", size, n)
	}
	left, _ := filepath.Glob(f.path("scratch/*"))
	if len(left) > 0 {
		t.Errorf("scratch holds %v", left)
	}
}

// A waves counts how often ranks begin to move rows.
type waves struct {
	phases
	n atomic.Int64
}

func (w *waves) Pass(_, _ int, what string, _ int64) {
	if strings.HasSuffix(what, ": rows") {
		w.n.Add(1)
	}
}

const onlyShuffle = `
input = ["in"]
output = "out"
[[stage]]
use = "corpus.shuffle"
`

// A row that is longer than any message, a file whose last row has no line end, and one
// whose line ends are those of Windows.
func TestShuffleOddRows(t *testing.T) {
	f := newFolder(t)
	long := `{"text": "` + strings.Repeat("long ", 2<<20) + `"}`
	in := map[string][]string{
		"a.jsonl": {long + "\n", `{"text": "a"}` + "\r\n", "\n", `{"text": "no end"}`},
		"b.jsonl": {`{"text": "b"}`},
		"c.jsonl": {},
	}
	var all []string
	for name, lines := range in {
		f.write("in/"+name, strings.Join(lines, ""))
		for _, line := range lines {
			if line != "\n" {
				all = append(all, strings.TrimSuffix(line, "\n")+"\n")
			}
		}
	}
	slices.Sort(all)
	for _, n := range []int{1, 3} {
		out := fmt.Sprint("out", n)
		if _, err := f.run(onlyShuffle, out, n, pipeline.Options{}, "memory=\"200MB\""); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range f.tree(out, "data") {
			got = append(got, slices.Collect(strings.Lines(p))...)
		}
		slices.Sort(got)
		if !slices.Equal(got, all) {
			t.Errorf("%d ranks: %d rows came out, want %d with the same bytes", n, len(got), len(all))
		}
		same(t, f.tree("out1", "data"), f.tree(out, "data"))
	}
}

// Re-sharding keeps the order of rows, and gives equal shards of at most the size that was asked for.
func TestReshard(t *testing.T) {
	f := newFolder(t)
	n := f.documents(5, 5*600_000, 3000)
	in := f.tree(".", "in")
	var all []string
	outputs := int((n + 999_999) / 1_000_000)
	want := map[string]string{}
	base := int64(0)
	for s := range 5 {
		text := in[fmt.Sprintf("in/part-%d.jsonl", s)]
		rows := slices.Collect(strings.Lines(text))
		for i, row := range rows {
			at := big.NewInt(base + int64(len(text))*int64(i)/int64(len(rows)))
			at.Mul(at, big.NewInt(int64(outputs)))
			want[fmt.Sprintf("data/part-%05d.jsonl", at.Int64()/n)] += row
		}
		base += int64(len(text))
		all = append(all, text)
	}
	if len(want) != outputs {
		t.Fatalf("%d shards, want %d", len(want), outputs)
	}
	for _, ranks := range []int{1, 3} {
		out := fmt.Sprint("out", ranks)
		got, err := f.run(noStages, out, ranks, pipeline.Options{}, `write.shard_size="1MB"`)
		if err != nil {
			t.Fatal(err)
		}
		tree := f.tree(out, "data")
		same(t, want, tree)
		var joined string
		for s := range outputs {
			p := tree[fmt.Sprintf("data/part-%05d.jsonl", s)]
			joined += p
			if len(p) > 1_010_000 {
				t.Errorf("shard %d has %d bytes", s, len(p))
			}
		}
		if joined != strings.Join(all, "") {
			t.Error("rows are not in their order any more")
		}
		if len(got.Report.Stages) != 0 || got.Report.RowsOut != got.Report.RowsIn {
			t.Errorf("the funnel is %v of %d rows", got.Report.Stages, got.Report.RowsOut)
		}
	}
	// With compression, the size is that on disk.
	if _, err := f.run(noStages, "packed", 3, pipeline.Options{}, `write.shard_size="1MB"`, `write.compress="zstd"`); err != nil {
		t.Fatal(err)
	}
	packed := f.tree("packed", "data")
	if len(packed) >= outputs || packed["data/part-00000.jsonl.zst"] == "" {
		t.Errorf("%d shards of rows that are compressed, %d of the same that are not", len(packed), outputs)
	}
	for name, p := range packed {
		if len(p) > 1_050_000 {
			t.Errorf("%s has %d bytes", name, len(p))
		}
	}
}

const noStages = `
input = ["in"]
output = "out"
`

// A shuffle makes as many shards as shard_size asks for.
func TestShuffleAndReshard(t *testing.T) {
	f := newFolder(t)
	n := f.documents(2, 1_900_000, 3000)
	if _, err := f.run(onlyShuffle, "out", 2, pipeline.Options{}, `write.shard_size="1MB"`); err != nil {
		t.Fatal(err)
	}
	if got := f.tree("out", "data"); int64(len(got)) != (n+999_999)/1_000_000 {
		t.Errorf("%d bytes became %d shards", n, len(got))
	}
}

// kill -9 at any event of a job that moves rows: the output is that of a run that nobody
// disturbed.
func TestMoveKilled(t *testing.T) {
	f := newFolder(t)
	f.corpus(2, 12, 200)
	if _, err := f.run(shuffleJob, "calm", 3, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	want := f.tree("calm", "data", "duplicates")
	for _, seed := range []int64{5, 64} {
		f.killed(shuffleJob, fmt.Sprint("killed", seed), seed, 17, 4)
		same(t, want, f.tree(fmt.Sprint("killed", seed), "data", "duplicates"))
	}
}

// Output shards that stood in their place when a job was killed are not made again; one that is gone since
// is.
func TestMoveKilledWhileWriting(t *testing.T) {
	f := newFolder(t)
	f.documents(20, 2<<20, 3000)
	count := newTrap(1<<62, nil)
	if _, err := f.run(onlyShuffle, "calm", 2, pipeline.Options{Watch: count}); err != nil {
		t.Fatal(err)
	}
	want := f.tree("calm", "data")
	at := int64(1<<62) - count.left.Load() - 12 // each shard is an event near the end
	f.write("job.toml", strings.Replace(onlyShuffle, `"out"`, `"killed"`, 1))
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SLUICE_TEST_JOB="+f.path("job.toml"), fmt.Sprintf("SLUICE_TEST_KILL=%d", at), "SLUICE_TEST_RANKS=2")
	if text, err := cmd.CombinedOutput(); err == nil {
		t.Fatalf("was not killed: %s", text)
	}
	placed, _ := filepath.Glob(f.path("killed/data/*"))
	if len(placed) < 3 || len(placed) > 18 {
		t.Fatalf("%d shards stand in their place", len(placed))
	}
	kept, err := os.Stat(placed[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(placed[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := f.run(onlyShuffle, "killed", 3, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	same(t, want, f.tree("killed", "data"))
	if now, err := os.Stat(placed[1]); err != nil || !os.SameFile(now, kept) || now.ModTime() != kept.ModTime() {
		t.Errorf("%s was made again", placed[1])
	}
}

// A move that is asked to stop ends on all ranks, and goes on with any number of them; a piece that
// was damaged since is written again.
func TestMoveStopped(t *testing.T) {
	f := newFolder(t)
	f.corpus(3, 12, 200)
	if _, err := f.run(shuffleJob, "calm", 2, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	want := f.tree("calm", "data", "duplicates")
	stopped, flipped := 0, 0
	for at := int64(37); at < 110; at += 17 {
		out := fmt.Sprint("stopped", at)
		stop := make(chan struct{})
		_, err := f.run(shuffleJob, out, 2, pipeline.Options{Stop: stop, Watch: newTrap(at, func() { close(stop) })})
		if err == nil {
			break
		}
		if !errors.Is(err, mpi.ErrStopped) {
			t.Fatal(err)
		}
		stopped++
		if parts := sortedFiles(t, f.path(out+"/.sluice/parts")); len(parts) > 0 {
			flip(t, parts[0])
			flipped++
		}
		if _, err := f.run(shuffleJob, out, 3, pipeline.Options{}); err != nil {
			t.Fatal(err)
		}
		same(t, want, f.tree(out, "data", "duplicates"))
	}
	if stopped < 3 || flipped < 2 {
		t.Errorf("stopped %d times, with %d pieces damaged", stopped, flipped)
	}
}
