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
// can be pasted as it is, gives the defaults, and builds stages of a known kind.
func TestEveryStage(t *testing.T) {
	for name, entry := range All() {
		t.Run(name, func(t *testing.T) {
			given := needed(t)[name]
			table := entry.Table(name)
			for line := range strings.Lines(given) {
				key, _, _ := strings.Cut(line, " = ")
				_, rest, _ := strings.Cut(table, "\n"+key+" = \"\" ")
				before := strings.TrimSuffix(table, "\n"+key+" = \"\" "+rest)
				table = before + "\n" + strings.TrimSuffix(line, "\n") + "  " + rest
			}
			j := parse(t, table)
			if d := job.Diff(parse(t, "[[stage]]\nuse = '"+name+"'\n"+given).Canonical(), j.Canonical()); d != "" {
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

// needed has what stages must be given that have no default for it.
func needed(t *testing.T) map[string]string {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "en"), []byte("a 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"text.histogram": "cache_dir = '" + dir + "'\n",
		"text.substring": "substring = 'x'\n",
	}
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func parse(t *testing.T, stage string) *job.Job {
	t.Helper()
	path := filepath.Join(t.TempDir(), "job.toml")
	text := "input = '/in'\noutput = '/out'\n" + stage
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	j, err := job.Parse(path, All(), job.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return j
}
