package pipeline_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"sluice/mpi"
	"sluice/stages/format"
	"sluice/stages/pipeline"
	"sluice/stages/scan"
)

// fuzzyJob has few and large buckets, so that it takes all waves.
const fuzzyJob = `
input = ["in"]
output = "out"
[[stage]]
use = "dedup.fuzzy"
name = "near"
shingle = "word:2"
bands = 6
rows = 1
`

// families writes shards of texts in families: pages of one template, each with some that
// differ from it in a few words, mixed over the shards.
func (f folder) families(seed uint64, shards, rows int) (texts int) {
	r := rand.New(rand.NewPCG(seed, 3))
	words := func(n int) (list []string) {
		for range n {
			list = append(list, fmt.Sprintf("w%d", r.IntN(2000)))
		}
		return list
	}
	template := words(60)
	var bases [][]string
	for s := range shards {
		var b strings.Builder
		for i := range 1 + r.IntN(rows) {
			var page []string
			switch n := r.IntN(4); {
			case n == 0 || len(bases) == 0:
				page = append(words(15), template...)
				bases = append(bases, page)
			case n == 1:
				page = words(3 + r.IntN(40))
				bases = append(bases, page)
			default:
				page = slices.Clone(bases[r.IntN(len(bases))])
				for range r.IntN(3) {
					page[r.IntN(len(page))] = fmt.Sprintf("x%d", r.IntN(5))
				}
			}
			fmt.Fprintf(&b, `{"id": "%d-%d", "text": "%s%s", "n": %d}`+"\n", s, i, strings.Join(page, " "), strings.Repeat("!", r.IntN(2)), r.IntN(9))
			texts++
		}
		f.write(fmt.Sprintf("in/%d/part-%02d.jsonl", s%3, s), b.String())
	}
	return texts
}

// A row of an input or output, as it stands there.
type row struct{ line, text string }

// rowsIn returns the rows of files by SHARD:ROW.
func rowsIn(t *testing.T, files map[string]string, folder string) map[string]row {
	t.Helper()
	rows := map[string]row{}
	for name, p := range files {
		n := 0
		for line := range strings.Lines(p) {
			var doc struct{ Text string }
			if err := json.Unmarshal([]byte(line), &doc); err != nil {
				t.Fatal(err)
			}
			rows[fmt.Sprintf("%s:%d", strings.TrimPrefix(name, folder+"/"), n)] = row{line, doc.Text}
			n++
		}
	}
	return rows
}

// similarity compares two texts by their sets of runs of two words.
func similarity(a, b string) (common, all int) {
	shingles, err := scan.ParseShingles("word:2", "unicode", scan.Normalizer{})
	if err != nil {
		panic(err)
	}
	set := func(text string) map[uint64]bool {
		m := map[uint64]bool{}
		for _, s := range shingles.New().Append(nil, []byte(text)) {
			m[s] = true
		}
		return m
	}
	x, y := set(a), set(b)
	for s := range x {
		if y[s] {
			common++
		}
	}
	return common, len(x) + len(y) - common
}

// sound checks an output of one dedup.fuzzy named near: what is listed goes, with the
// similarity that the texts have, for the sake of one that stays; all else stays. It
// returns how many go.
func (f folder) sound(t *testing.T, out string, num int) int {
	t.Helper()
	in := rowsIn(t, f.tree(".", "in"), "in")
	gone, keepers := map[string]bool{}, map[string]bool{}
	files, _ := filepath.Glob(filepath.Join(f.path(out), "duplicates", "*"))
	for _, path := range files {
		for d, err := range format.ReadTable(path) {
			if err != nil {
				t.Fatal(err)
			}
			id := fmt.Sprintf("%s:%d", d.Shard, d.Row)
			common, all := similarity(in[id].text, in[d.Keeper].text)
			if common*1000 < num*all || d.Similarity == nil || *d.Similarity != float32(float64(common)/float64(all)) {
				t.Errorf("%s goes for %s, they share %d of %d, listed as %v", id, d.Keeper, common, all, *d.Similarity)
			}
			gone[id], keepers[d.Keeper] = true, true
		}
	}
	for k := range keepers {
		if gone[k] {
			t.Errorf("%s is a keeper, and goes", k)
		}
	}
	want := map[string]string{}
	for name := range f.tree(".", "in") {
		var b strings.Builder
		shard := strings.TrimPrefix(name, "in/")
		for n := 0; ; n++ {
			r, ok := in[fmt.Sprintf("%s:%d", shard, n)]
			if !ok {
				break
			}
			if !gone[fmt.Sprintf("%s:%d", shard, n)] {
				b.WriteString(r.line)
			}
		}
		want["data/"+shard] = b.String()
	}
	same(t, want, f.tree(out, "data"))
	return len(gone)
}

func TestFuzzySameBytesAtAnyNumberOfRanks(t *testing.T) {
	f := newFolder(t)
	texts := f.families(1, 14, 60)
	out, err := f.run(fuzzyJob, "out1", 1, pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := f.sound(t, "out1", 800); n < texts/5 || int64(n) != out.Report.Duplicates {
		t.Errorf("%d of %d texts go, reported are %d", n, texts, out.Report.Duplicates)
	}
	found := map[string]int64{}
	for _, p := range out.Report.Passes {
		for _, r := range p.Rounds {
			if r.Name == "near: shingle sets" && r.Notes > 0 {
				found[r.Name]++
			}
		}
	}
	if found["near: shingle sets"] != 3 {
		t.Errorf("%d waves find pairs, the test wants three: %+v", found["near: shingle sets"], out.Report.Passes)
	}
	want := f.tree("out1", "data", "duplicates")
	for _, n := range []int{2, 3, 8, 20} { // with 20 some are home of nothing
		out := fmt.Sprint("out", n)
		if _, err := f.run(fuzzyJob, out, n, pipeline.Options{}); err != nil {
			t.Fatal(err)
		}
		same(t, want, f.tree(out, "data", "duplicates"))
	}
}

// Jobs of several stages give the same bytes on 1 rank and on several.
func TestFuzzyInJobs(t *testing.T) {
	fullSize(t)
	const filter = "[[stage]]\nuse = \"text.word_count\"\nname = \"%s\"\n%s\n"
	short, long := fmt.Sprintf(filter, "short", "min_words = 8"), fmt.Sprintf(filter, "long", "max_words = 74")
	second := "[[stage]]\nuse = \"dedup.fuzzy\"\nname = \"nearer\"\nthreshold = 0.6\nkeep = \"longest\"\n"
	head, near, _ := strings.Cut(fuzzyJob, "[[stage]]")
	near = "[[stage]]" + near
	for name, stages := range map[string]string{
		"filter before":          short + near,
		"filter after":           near + long,
		"filters around":         short + near + long,
		"two":                    near + second,
		"two and a filter":       near + long + second,
		"exact, then fuzzy":      "[[stage]]\nuse = \"dedup.exact\"\n" + near,
		"fuzzy, then exact":      near + "[[stage]]\nuse = \"dedup.exact\"\nnormalize = [\"punctuation\"]\n",
		"marks":                  near + "action = \"mark\"\n" + second,
		"marks twice":            near + "action = \"mark\"\n" + second + "action = \"mark\"\n",
		"keeps by number":        near + "keep = \"max:n\"\n",
		"keeps the last":         near + "keep = \"last\"\n" + long,
		"components":             near + "cluster = \"components\"\n",
		"components, marked":     near + "cluster = \"components\"\naction = \"mark\"\n" + long,
		"estimates":              short + near + "verify = \"sketch\"\n" + long,
		"estimates, marked":      near + "verify = \"sketch\"\naction = \"mark\"\n" + second,
		"marks with ids":         "[read]\nid = \"id\"\n" + near + "action = \"mark\"\n",
		"filter drops all":       fmt.Sprintf(filter, "all", "min_words = 1000") + near,
		"nothing is that common": near + "threshold = 1.0\n",
	} {
		f := newFolder(t)
		f.families(2, 7, 60)
		if _, err := f.run(head+stages, "one", 1, pipeline.Options{}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := f.tree("one", "data", "duplicates")
		if _, err := f.run(head+stages, "three", 3, pipeline.Options{}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := f.tree("three", "data", "duplicates")
		same(t, want, got)
		list := strings.Fields(f.listed("one"))
		if name != "filter drops all" && len(list) < 20 {
			t.Errorf("%s: %d duplicates", name, len(list))
		}
		switch name {
		case "marks twice", "components, marked", "marks with ids":
			if name != "components, marked" { // whose filter leaves nothing
				f.keepersNamed(t, "one", name == "marks with ids")
			}
			rows := rowsIn(t, f.tree("one", "data"), "data")
			marked := 0
			for _, r := range rows {
				if strings.Contains(r.line, `"near":false`) {
					marked++
				}
				if !strings.Contains(r.line, `"near":true`) && !strings.Contains(r.line, `"near":false`) {
					t.Fatalf("%s: no mark in %s", name, r.line)
				}
			}
			near := 0
			for _, l := range list {
				if strings.HasSuffix(l, "(near)") {
					near++
				}
			}
			if marked != near && name == "marks twice" {
				t.Errorf("%s: %d rows are marked, %d listed", name, marked, near)
			}
		}
	}
}

// keepersNamed checks that near_keeper is what the list of duplicates says, and that of a
// keeper its own id; and that rows of one cluster have one keeper.
func (f folder) keepersNamed(t *testing.T, out string, ids bool) {
	t.Helper()
	listed := map[string]string{}
	files, _ := filepath.Glob(filepath.Join(f.path(out), "duplicates", "*"))
	for _, path := range files {
		for d, err := range format.ReadTable(path) {
			if err != nil {
				t.Fatal(err)
			}
			if d.Stage == "near" {
				listed[fmt.Sprintf("%s:%d", d.Shard, d.Row)] = d.KeeperID
			}
		}
	}
	named, clusters := 0, map[int64]string{}
	for name, r := range rowsIn(t, f.tree(out, "data"), "data") {
		var d struct {
			ID      string
			Near    bool
			Cluster *int64  `json:"near_cluster"`
			Keeper  *string `json:"near_keeper"`
		}
		if err := json.Unmarshal([]byte(r.line), &d); err != nil {
			t.Fatal(err)
		}
		if (d.Keeper == nil) != (d.Cluster == nil) {
			t.Errorf("%s has a cluster or a keeper alone: %s", name, r.line)
		}
		if d.Keeper == nil {
			continue
		}
		named++
		if by, seen := clusters[*d.Cluster]; seen && by != *d.Keeper {
			t.Errorf("cluster %d has keepers %q and %q", *d.Cluster, by, *d.Keeper)
		}
		clusters[*d.Cluster] = *d.Keeper
		if d.Near && ids && *d.Keeper != d.ID {
			t.Errorf("%s is a keeper, of %q", name, *d.Keeper)
		}
		if d.Near {
			continue
		}
		if ids && listed[name] != *d.Keeper || !ids && !strings.Contains(*d.Keeper, ".jsonl:") {
			t.Errorf("the keeper of %s is %q, listed is %q", name, *d.Keeper, listed[name])
		}
	}
	if named < 20 {
		t.Errorf("%d rows have a keeper", named)
	}
}

// Parquet and folders of files go through dedup.fuzzy like JSONL.
func TestFuzzyOfParquetAndFiles(t *testing.T) {
	f := newFolder(t)
	f.families(3, 6, 50)
	type document struct {
		Text string `parquet:"text"`
		N    int64  `parquet:"n"`
	}
	n := 0
	for name, p := range f.tree(".", "in") {
		var docs []document
		for line := range strings.Lines(p) {
			var d document
			if err := json.Unmarshal([]byte(line), &d); err != nil {
				t.Fatal(err)
			}
			docs = append(docs, d)
			f.write(fmt.Sprintf("files/%d/%s-%03d.txt", n%3, filepath.Base(name), n), d.Text)
			n++
		}
		var b bytes.Buffer
		w := parquet.NewGenericWriter[document](&b, parquet.MaxRowsPerRowGroup(13))
		if _, err := w.Write(docs); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		f.write("parquet/"+strings.TrimSuffix(strings.TrimPrefix(name, "in/"), "jsonl")+"parquet", b.String())
	}
	counts := map[string]int64{}
	for _, c := range []struct{ folder, read, more string }{
		{"in", "", ""}, {"parquet", "", "action = \"mark\"\n"}, {"files", "[read]\nformat = \"files\"\n", ""},
	} {
		head, near, _ := strings.Cut(strings.Replace(fuzzyJob, `"in"`, fmt.Sprintf("%q", c.folder), 1), "[[stage]]")
		var want map[string]string
		for _, ranks := range []int{1, 3} {
			name := fmt.Sprint(c.folder, ranks)
			out, err := f.run(head+c.read+"[[stage]]"+near+c.more, name, ranks, pipeline.Options{})
			if err != nil {
				t.Fatal(err)
			}
			counts[c.folder] = out.Report.Duplicates
			if ranks == 1 {
				want = f.tree(name, "data", "duplicates")
			}
			same(t, want, f.tree(name, "data", "duplicates"))
		}
	}
	// Each shard has the same columns, whether or not a row of it has a keeper.
	kinds := map[string]int{}
	for name, p := range f.tree("parquet3", "data") {
		file, err := parquet.OpenFile(strings.NewReader(p), int64(len(p)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		kinds[fmt.Sprint(file.Schema())]++
	}
	for schema := range kinds {
		if len(kinds) != 1 || !strings.Contains(schema, "optional binary near_keeper (STRING)") {
			t.Errorf("%d schemas: %s", len(kinds), schema)
		}
	}
	if counts["in"] < 20 || counts["parquet"] != counts["in"] {
		t.Errorf("duplicates by format: %v", counts)
	}
	if counts["files"] < counts["in"]*9/10 || counts["files"] > counts["in"]*11/10 { // in another order
		t.Errorf("duplicates by format: %v", counts)
	}
}

// calm runs fuzzyJob undisturbed, and returns its output and its passes and rounds.
func (f folder) calm() (want map[string]string, names []string) {
	f.tb.Helper()
	w := &phases{}
	if _, err := f.run(fuzzyJob, "calm", 2, pipeline.Options{Watch: w}); err != nil {
		f.tb.Fatal(err)
	}
	if len(w.names) < 16 { // 5 passes; same, bands, sketches; 3 times sets, who stays; 2 times bands, sketches
		f.tb.Fatalf("the job has %d passes and rounds, the test wants all waves: %q", len(w.names), w.names)
	}
	return f.tree("calm", "data", "duplicates"), w.names
}

// kill -9 at the begin or the end of each pass and round, and again at the
// next in the same output; other numbers of ranks finish the job.
func TestFuzzyKilled(t *testing.T) {
	fullSize(t)
	f := newFolder(t)
	f.families(4, 8, 50)
	want, names := f.calm()
	killed := func(out string, phase, ranks int, ends bool) bool {
		f.write("job.toml", strings.Replace(fuzzyJob, `"out"`, fmt.Sprintf("%q", out), 1))
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "SLUICE_TEST_JOB="+f.path("job.toml"), fmt.Sprintf("SLUICE_TEST_PHASE=%d", phase), fmt.Sprintf("SLUICE_TEST_RANKS=%d", ranks))
		if ends {
			cmd.Env = append(cmd.Env, "SLUICE_TEST_ENDS=1")
		}
		text, err := cmd.CombinedOutput()
		if err != nil && !strings.Contains(err.Error(), "killed") {
			t.Fatalf("%v: %s", err, text)
		}
		return err != nil
	}
	for phase := 1; phase <= len(names); phase++ {
		out := fmt.Sprint("killed", phase)
		if !killed(out, phase, 1+phase%3, phase%2 == 0) {
			t.Errorf("was not killed in %s", names[phase-1])
		}
		if phase%4 == 1 {
			killed(out, 2, 2, true) // the start after it, too
		}
		after, err := f.run(fuzzyJob, out, 1+(phase+1)%4, pipeline.Options{})
		if err != nil {
			t.Fatalf("after a kill in %s: %v", names[phase-1], err)
		}
		same(t, want, f.tree(out, "data", "duplicates"))
		if n := f.sound(t, out, 800); !after.Already && int64(n) != after.Report.Duplicates {
			t.Errorf("after a kill in %s: %d duplicates are reported of %d", names[phase-1], after.Report.Duplicates, n)
		}
		os.RemoveAll(f.path(out))
	}
	if files, _ := filepath.Glob(f.path("scratch/*/*")); len(files) == 0 {
		t.Log("the killed runs left nothing on scratch")
	}
}

// A run that is asked to stop in any pass or round ends as one that was stopped, or
// well, and goes on with another number of ranks.
func TestFuzzyStopped(t *testing.T) {
	fullSize(t)
	f := newFolder(t)
	f.families(5, 8, 50)
	want, names := f.calm()
	stopped := 0
	for phase := 1; phase <= len(names); phase++ {
		out := fmt.Sprint("stopped", phase)
		stop := make(chan struct{})
		watch := &phases{at: phase, do: func() { close(stop) }}
		_, err := f.run(fuzzyJob, out, 3, pipeline.Options{Stop: stop, Watch: watch})
		if errors.Is(err, mpi.ErrStopped) {
			// The next pass begins, and reads nothing; a round does not.
			stopped++
			if further := watch.names[phase:]; len(further) > 1 || len(further) == 1 && !strings.Contains(further[0], " read for ") && !strings.HasSuffix(further[0], " write") {
				t.Errorf("stopped in %s, and went on to %q", names[phase-1], further)
			}
		} else if err != nil {
			t.Fatalf("stopped in %s: %v", names[phase-1], err)
		}
		after, err := f.run(fuzzyJob, out, 1+phase%3, pipeline.Options{})
		if err != nil {
			t.Fatalf("after a stop in %s: %v", names[phase-1], err)
		}
		same(t, want, f.tree(out, "data", "duplicates"))
		if after.Already {
			continue
		}
		for _, p := range after.Report.Passes {
			for _, r := range p.Ranks {
				if r.ReadAgain > 0 {
					t.Errorf("after a stop in %s: %d bytes are read again", names[phase-1], r.ReadAgain)
				}
			}
		}
	}
	if stopped < len(names)-2 {
		t.Errorf("%d of %d runs were stopped", stopped, len(names))
	}
}

// Damage to any checkpoint of a job in its last pass is found: the run gives the right
// bytes, or says that it cannot.
func TestFuzzyDamagedCheckpoints(t *testing.T) {
	fullSize(t)
	f := newFolder(t)
	f.families(6, 5, 40)
	want, names := f.calm()
	refused := 0
	for i := 0; ; i++ {
		out := fmt.Sprint("damaged", i)
		stop := make(chan struct{})
		last := &phases{at: len(names), do: func() { close(stop) }}
		if _, err := f.run(fuzzyJob, out, 2, pipeline.Options{Stop: stop, Watch: last}); !errors.Is(err, mpi.ErrStopped) {
			t.Fatal(err)
		}
		files := sortedFiles(t, filepath.Join(f.dir, out, ".sluice"))
		if i*2 >= len(files) { // every second one
			break
		}
		flip(t, files[i*2])
		_, err := f.run(fuzzyJob, out, 3, pipeline.Options{})
		if err != nil {
			refused++
			if !strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: no remedy in %v", files[i*2], err)
			}
			if _, err := f.run(fuzzyJob, out, 2, pipeline.Options{Fresh: true}); err != nil {
				t.Fatal(err)
			}
		}
		same(t, want, f.tree(out, "data", "duplicates"))
		os.RemoveAll(f.path(out))
	}
	t.Logf("refused %d", refused)
}

// fullSize leaves a test out under the race detector, where it would take minutes; scripts/test full runs it without.
func fullSize(t *testing.T) {
	t.Helper()
	if underRace {
		t.Skip("too slow under the race detector")
	}
}
