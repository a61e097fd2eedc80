package scan

import (
	"os"
	"os/exec"
	"testing"
)

func TestTablesAreGenerated(t *testing.T) {
	needsUnicode(t)
	cmd := exec.Command("go", "run", ".")
	cmd.Dir = "tables"
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("tables.go")
	if err != nil {
		t.Fatal(err)
	}
	if string(out) != string(have) {
		t.Error("tables.go is not what stages/scan/tables makes\nrun go generate in stages/scan")
	}
}
