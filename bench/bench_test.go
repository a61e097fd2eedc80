package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestResultComesBackAndCompares(t *testing.T) {
	dir := t.TempDir()
	old := &Result{Name: "x", Figures: []Figure{{"speed", 100, "MB/s", ""}, {"gone", 1, "", ""}}}
	if err := old.Write(dir); err != nil {
		t.Fatal(err)
	}
	read, err := Read(dir, "x")
	if err != nil {
		t.Fatal(err)
	}
	now := &Result{Name: "x", Figures: []Figure{{"speed", 80, "MB/s", "250"}, {"new", 2, "", ""}}}
	lines := now.Compare(read)
	if len(lines) != 2 || !strings.Contains(lines[0], "-20.0 %") || !strings.Contains(lines[0], "(aim: 250)") || strings.Contains(lines[1], "%") {
		t.Errorf("compared as:\n%s", strings.Join(lines, "\n"))
	}
	if r, err := Read(dir, "absent"); r != nil || err != nil {
		t.Errorf("a result that is not there: %v, %v", r, err)
	}
}

func TestUnknownBenchmark(t *testing.T) {
	if _, err := Run(t.Context(), "exakt", Options{}); err == nil || !strings.Contains(err.Error(), "have exact, lines") {
		t.Errorf("error %v", err)
	}
	if _, err := Run(t.Context(), "exchange", Options{}); err == nil || !strings.Contains(err.Error(), "mpirun") {
		t.Errorf("error %v", err)
	}
}

// Each copy of a distinct corpus differs from the others in every document.
func TestCorpus(t *testing.T) {
	b := &bench{Options: Options{Dir: t.TempDir()}}
	base := []byte(`{"text": "a"}` + "\n" + `{"text": "b"}` + "\n")
	if err := b.corpus("in", base, int64(3*len(base)), true); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	files, _ := filepath.Glob(filepath.Join(b.Dir, "in", "*"))
	for _, f := range files {
		p, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(p)) {
			if seen[line] {
				t.Errorf("%q is there twice", line)
			}
			seen[line] = true
		}
	}
	if len(seen) < 6 {
		t.Errorf("%d documents", len(seen))
	}
}
