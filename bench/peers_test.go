package bench

import (
	"os"
	"os/exec"
	"testing"
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
