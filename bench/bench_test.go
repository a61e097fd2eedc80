package bench

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

func TestResultComesBackAndCompares(t *testing.T) {
	dir := t.TempDir()
	old := &Result{Name: "x", Figures: []Figure{{"speed", 100, "MB/s", ""}, {"speed", 7, "documents/s", ""}, {"gone", 1, "", ""}}}
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
	if _, err := Run(t.Context(), "exakt", Options{}); err == nil || !strings.Contains(err.Error(), "have exact, filters, lines") {
		t.Errorf("error %v", err)
	}
	if _, err := Run(t.Context(), "exchange", Options{}); err == nil || !strings.Contains(err.Error(), "mpirun") {
		t.Errorf("error %v", err)
	}
}

func TestStamped(t *testing.T) {
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "e9f178be9ed773d530f55e9a36d2c36b3fc20c6f"}
	for _, c := range []struct {
		settings []debug.BuildSetting
		want     string
	}{
		{nil, ""},
		{[]debug.BuildSetting{{Key: "vcs.modified", Value: "true"}}, ""},
		{[]debug.BuildSetting{revision, {Key: "vcs.modified", Value: "false"}}, "e9f178be9ed7"},
		{[]debug.BuildSetting{revision, {Key: "vcs.modified", Value: "true"}}, "e9f178be9ed7-dirty"},
	} {
		if got := stamped(c.settings); got != c.want {
			t.Errorf("stamped(%v) = %q, want %q", c.settings, got, c.want)
		}
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

// The shards of an uneven input have whole rows and halve, whatever the size.
func TestUneven(t *testing.T) {
	b := &bench{Options: Options{Dir: t.TempDir()}}
	base := []byte(strings.Repeat(`{"text": "some words of a row"}`+"\n", 100))
	const size = 1_000_000
	if err := b.uneven(base, size); err != nil {
		t.Fatal(err)
	}
	total, err := b.folderSize("uneven")
	if err != nil || total < size*9/10 || total > size*11/10 {
		t.Errorf("%d bytes, %v; want about %d", total, err, size)
	}
	first, err := os.ReadFile(filepath.Join(b.Dir, "uneven", "part-00.jsonl"))
	if err != nil || len(first) < size/2 || len(first) > size/2+len(base) || !strings.HasSuffix(string(first), "}\n") {
		t.Errorf("the first shard has %d bytes, %v", len(first), err)
	}
}

// Every benchmark that needs no MPI and no argument measures the program, on as little as one asks for.
func TestBenchmarksRun(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	program := filepath.Join(t.TempDir(), "sluice")
	build := exec.Command("go", "build", "-o", program, "sluice")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, m := range All() {
		if m.Name == "exchange" || m.Argument != "" {
			continue // what takes an argument has tests of its own
		}
		t.Run(m.Name, func(t *testing.T) {
			dir := t.TempDir()
			r, err := Run(t.Context(), m.Name, Options{Program: program, Dir: dir, Size: 400_000})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Figures) == 0 || r.Name != m.Name || r.Commit == "" {
				t.Errorf("it gives %+v", r)
			}
			for _, f := range r.Figures {
				if math.IsNaN(f.Value) || math.IsInf(f.Value, 0) || f.Value < 0 {
					t.Errorf("%s is %v", f.Name, f.Value)
				}
			}
			for _, in := range []string{"in", "lines", "long", "short"} {
				if n, _ := (&bench{Options: Options{Dir: dir}}).folderSize(in); n > 4_000_000 {
					t.Errorf("%s has %d bytes", in, n)
				}
			}
		})
	}
}
