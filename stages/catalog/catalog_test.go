package catalog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/stages"
	"sluice/stages/job"
)

// TestEveryStage holds each entry to what the catalogue promises: its table
// can be pasted as it is, with the files that its examples name (they lie in testdata), gives the defaults, and builds stages of a known kind.
func TestEveryStage(t *testing.T) {
	for name, entry := range All() {
		t.Run(name, func(t *testing.T) {
			dir := examples(t)
			table := entry.Table(name)
			j := parse(t, dir, table)
			if d := job.Diff(parse(t, dir, entry.Least(name)).Canonical(), j.Canonical()); d != "" {
				t.Errorf("the table differs from the defaults:\n%s", d)
			}
			for line := range strings.Lines(table) {
				if strings.Contains(line, " = ") && !strings.Contains(line, "  # ") {
					t.Errorf("no help for %s", line)
				}
			}
			if strings.ToLower(entry.Doc[:1]) != entry.Doc[:1] || strings.HasSuffix(entry.Doc, ".") {
				t.Errorf("the help %q is not in the style of the others", entry.Doc)
			}
			made, err := j.Build()
			if err != nil || len(made) == 0 {
				t.Fatalf("built %d stages: %v", len(made), err)
			}
			for _, s := range made {
				if stages.KindOf(s) == "unknown" {
					t.Errorf("stage %T has no kind", s)
				}
				if !strings.HasPrefix(s.Name(), name) {
					t.Errorf("stage %T calls itself %q", s, s.Name())
				}
			}
			if folder, _, _ := strings.Cut(name, "."); !isFolder(filepath.Join("..", folder)) {
				t.Errorf("there is no folder stages/%s", folder)
			}
		})
	}
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// examples returns a folder with the files that examples name.
func examples(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// parse reads a job file with the stages in dir.
func parse(t testing.TB, dir, stage string) *job.Job {
	t.Helper()
	path := filepath.Join(dir, "job.toml")
	text := "output = '/out'\n[[source]]\nname = 'in'\ninput = '/in'\n" + stage
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	j, err := job.Parse(path, All(), job.Options{Recipes: Recipes()})
	if err != nil {
		t.Fatal(err)
	}
	return j
}
