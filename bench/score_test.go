package bench

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sluice/stages/format"
)

// Random clusterings of random truths are scored as testdata/evaluate.py
// scores them, to the last digit that it prints.
func TestScoreIsThatOfEvaluate(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not here")
	}
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 7))
		dir := t.TempDir()
		docs := 20 + r.IntN(300)
		randomTruth(t, r, dir, docs)
		clusters := filepath.Join(dir, "clusters.tsv")
		writeLines(t, clusters, func(line func(string, ...any)) {
			for id := range docs {
				if r.IntN(4) > 0 {
					line("%d\tc%d", id, r.IntN(1+docs/3))
				}
			}
		})
		for _, threshold := range []float64{0.5, 0.7, 0.8, 0.82, 0.95} {
			out, err := exec.Command(python, "testdata/evaluate.py", dir, clusters, fmt.Sprint(threshold)).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			truth, err := ReadTruth(dir)
			if err != nil {
				t.Fatal(err)
			}
			c, err := ReadClustering(clusters)
			if err != nil {
				t.Fatal(err)
			}
			if got := asEvaluate(truth.Score(c, threshold)); got != string(out) {
				t.Fatalf("seed %d, threshold %g:\n%s\nwant:\n%s", seed, threshold, got, out)
			}
		}
	}
}

// randomTruth writes random pairs and planted documents; every other time no
// planted ones.
func randomTruth(t *testing.T, r *rand.Rand, dir string, docs int) {
	writeLines(t, filepath.Join(dir, truthFile), func(line func(string, ...any)) {
		for a := range docs {
			for range r.IntN(4) {
				if b := r.IntN(docs); a < b {
					line("%d\t%d\t%.4f\t0.5", a, b, []float64{0.5 + 0.5*r.Float64(), 1, 0.8, 0.9999}[r.IntN(4)])
				}
			}
		}
	})
	if docs%2 == 0 {
		return
	}
	writeLines(t, filepath.Join(dir, plantedFile), func(line func(string, ...any)) {
		for range docs {
			kind := []string{"exact\t", "norm\t", "sub\t0.1", "sub\t0.02", "span\t0.4", "append\t0.3"}[r.IntN(6)]
			line("%d\t%d\t%s", r.IntN(docs), r.IntN(docs), kind)
		}
	})
}

func writeLines(t *testing.T, path string, do func(line func(string, ...any))) {
	t.Helper()
	var text strings.Builder
	do(func(format string, args ...any) { fmt.Fprintf(&text, format+"\n", args...) })
	if err := os.WriteFile(path, []byte(text.String()), 0o666); err != nil {
		t.Fatal(err)
	}
}

// asEvaluate prints a score as evaluate.py does, which takes 10,588 documents
// for given.
func asEvaluate(s *Score) string {
	const docs = 10588
	at := strconv.FormatFloat(s.Threshold, 'g', -1, 64)
	var o strings.Builder
	fmt.Fprintf(&o, "docs %d clustered %d clusters %d largest %d removed %d ideal_removed(J>=%s) %d\n",
		docs, s.Clustered, s.Clusters, s.Largest, s.Removed, at, s.Ideal)
	fmt.Fprintf(&o, "pair_recall(J>=%s) %.4f  doc_precision %.4f doc_recall %.4f F1 %.4f\n", at, s.PairRecall, s.Precision, s.Recall, s.F1)
	fmt.Fprintf(&o, "removed docs whose best in-cluster match is <%s: %d (%.2f%%), <0.7: %d, <0.5: %d; removed with J(kept)<%s: %d\n",
		at, s.Alone, 100*float64(s.Alone)/float64(max(1, s.Removed)), s.Below07, s.Below05, at, s.BelowKept)
	var bins []string
	for i, b := range s.Bins {
		last := ")"
		if i == len(s.Bins)-1 {
			last = "]"
		}
		edge := func(i int) string { return strconv.FormatFloat(min(binEdges[i], 1), 'g', 2, 64) }
		bins = append(bins, fmt.Sprintf("[%s,%s%s %.3f(n=%d)", edge(i), edge(i+1), last, b.Share(), b.Of))
	}
	fmt.Fprintf(&o, "same-cluster rate by true J: %s\n", strings.Join(bins, " "))
	if s.Planted == nil {
		return o.String()
	}
	var planted []string
	for _, f := range s.Planted {
		planted = append(planted, fmt.Sprintf("%s=%d/%d", f.Name, f.Found, f.Of))
	}
	fmt.Fprintf(&o, "planted recall: %s\n", strings.Join(planted, " "))
	return o.String()
}

// Of an OUT folder the listed keepers count, not the smallest ids.
func TestScoreOfOut(t *testing.T) {
	dir := t.TempDir()
	writeLines(t, filepath.Join(dir, truthFile), func(line func(string, ...any)) {
		line("1\t2\t0.9000\t0") // 2 kept, rightly
		line("3\t2\t0.6000\t0") // and wrongly for 3, which is like 1 only
		line("1\t3\t0.8500\t0")
		line("4\t5\t1.0000\t0") // not found
	})
	out := filepath.Join(dir, "OUT")
	if err := os.MkdirAll(filepath.Join(out, "duplicates"), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadClustering(out); err == nil || !strings.Contains(err.Error(), "that is done") {
		t.Errorf("an unfinished OUT: %v", err)
	}
	writeLines(t, filepath.Join(out, "report.json"), func(line func(string, ...any)) { line("{}") })
	writeDuplicates(t, filepath.Join(out, "duplicates", "part-0.parquet"),
		format.Duplicate{ID: "1", KeeperID: "2", Similarity: new(float32(0.9))},
		format.Duplicate{ID: "3", KeeperID: "2", Similarity: new(float32(0.8))},
		format.Duplicate{ID: "6", KeeperID: "7", Similarity: new(float32(0.8))})
	truth, err := ReadTruth(dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ReadClustering(out)
	if err != nil {
		t.Fatal(err)
	}
	s := truth.Score(c, 0.8)
	if s.Clustered != 5 || s.Clusters != 2 || s.Largest != 3 || s.Removed != 3 || s.Ideal != 3 {
		t.Errorf("counts: %+v", s)
	}
	if s.Alone != 1 || s.Below05 != 1 || s.BelowKept != 2 || s.Stated != 2 || s.Misstated != 1 {
		t.Errorf("removals: %+v", s)
	}
	if s.Star != 3 || s.Missed != 2 || s.Extra != 2 || s.Left != 1 { // 2 and 3 for 1, 5 for 4
		t.Errorf("star: %+v", s)
	}
	if s.PairRecall != 2.0/3 || s.Precision != 3.0/5 || s.Recall != 3.0/5 {
		t.Errorf("rates: %+v", s)
	}
}

// In a chain, what is like a removed document only stays.
func TestExactStar(t *testing.T) {
	truth := &Truth{Pairs: []Pair{{0, 1, 0.9}, {1, 2, 0.9}, {3, 2, 0.8}, {3, 4, 0.79}, {5, 4, 1}}}
	c := &Clustering{Of: map[int]int{1: 0, 0: 0}, Kept: map[int]int{1: 0}}
	s := truth.Score(c, 0.8)
	if s.Star != 3 || s.Missed != 2 || s.Extra != 0 || s.Left != 2 { // 1, 3, 5 go
		t.Errorf("star: %+v", s)
	}
}

func writeDuplicates(t *testing.T, path string, rows ...format.Duplicate) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table, err := format.NewTable(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range rows {
		if err := table.Write(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestMistakesInTruthAndClusters(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, truthFile)
	for _, c := range []struct{ line, want string }{
		{"1\t2", "truth_pairs.tsv:1: 2 fields; want 3"},
		{"1\tx\t0.6", `id "x"; want a whole number`},
		{"1\t2\t0.4", `similarity "0.4"; want a number from 0.5 on`},
		{"1\t2\tNaN", `similarity "NaN"`},
	} {
		writeLines(t, path, func(line func(string, ...any)) { line("%s", c.line) })
		if _, err := ReadTruth(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.line, err)
		}
	}
	clusters := filepath.Join(dir, "c.tsv")
	writeLines(t, clusters, func(line func(string, ...any)) { line("1\ta"); line("1\tb") })
	if _, err := ReadClustering(clusters); err == nil || !strings.Contains(err.Error(), "c.tsv:2: document 1 is there twice") {
		t.Errorf("error %v", err)
	}
}
