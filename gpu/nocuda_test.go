//go:build !cuda

package gpu

import (
	"strings"
	"testing"
)

func TestWithoutCUDA(t *testing.T) {
	d, err := Open(0, "auto")
	if err != nil || d.Kind() != Host {
		t.Fatalf("auto gives %v, %v; want the host", d, err)
	}
	d.Close()
	if _, err := Open(0, "cuda"); err == nil || !strings.Contains(err.Error(), "-tags cuda") {
		t.Errorf("cuda gives %v; want an error that names the build", err)
	}
	if _, err := List(); err == nil || !strings.Contains(err.Error(), "-tags cuda") {
		t.Errorf("List gives %v; want an error that names the build", err)
	}
}
