package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sluice/stages/catalog"
	"sluice/stages/job"
)

// What README.md shows must work: its job is taken, and its scripts are shell.
func TestReadme(t *testing.T) {
	page := readFile(t, "README.md")
	toml := strings.Join(codeBlocks(page, "toml"), "\n")
	file := filepath.Join(t.TempDir(), "job.toml")
	if err := os.WriteFile(file, []byte(toml), 0o666); err != nil {
		t.Fatal(err)
	}
	j, err := job.Parse(file, catalog.All(), job.Options{Recipes: catalog.Recipes()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Build(); err != nil || len(j.Stages) != 32 || j.Job.Nodes != 4 {
		t.Errorf("got %d stages, %v, and [job] %+v", len(j.Stages), err, j.Job)
	}
	scripts := codeBlocks(page, "sh")
	if len(scripts) == 0 {
		t.Error("README.md shows no batch script")
	}
	for _, s := range scripts {
		cmd := exec.Command("bash", "-n")
		cmd.Stdin = strings.NewReader(s)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// codeBlocks returns the fenced blocks of a language.
func codeBlocks(page, language string) (blocks []string) {
	for _, part := range strings.Split(page, "```"+language+"\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		blocks = append(blocks, block)
	}
	return blocks
}
