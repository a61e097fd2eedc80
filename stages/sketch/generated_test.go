package sketch

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The assembly is what its generator makes. Without the generator's modules, and
// where time is short, it is believed.
func TestAssemblyIsGenerated(t *testing.T) {
	if testing.Short() || underRace {
		t.Skip("builds the generator")
	}
	fetch := exec.Command("go", "mod", "download")
	fetch.Dir = "asm"
	if out, err := fetch.CombinedOutput(); err != nil {
		t.Skipf("the generator's modules are not to be had: %s", out)
	}
	path := filepath.Join(t.TempDir(), "sketch_amd64.s")
	run := exec.Command("go", "run", ".", "-out", path)
	run.Dir = "asm"
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !bytes.Equal(body(t, path), body(t, "sketch_amd64.s")) {
		t.Error("sketch_amd64.s is not what asm makes\nrun go generate in this folder")
	}
}

// body is a file after its first line, which names the command.
func body(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(text, []byte("\n"))
	return rest
}
