package bench

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"sluice/stages/catalog"
)

// The scripts that run the peers are tested where there is a Python.
func TestPeers(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not here")
	}
	cmd := exec.Command(python, "-B", "-m", "unittest", "discover", "peers")
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestFuzzyNeedsItsStage(t *testing.T) {
	if _, ok := catalog.All()[fuzzyStage]; ok {
		t.Skip("it has it")
	}
	for _, name := range []string{"fuzzy", "shapes"} {
		if _, err := Run(t.Context(), name, Options{}); err == nil || !strings.Contains(err.Error(), "has no stage dedup.fuzzy") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
