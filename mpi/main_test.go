package mpi

import (
	"testing"
)

// skipLaunched keeps the tests that need no launcher from running on each of its ranks.
func skipLaunched(t *testing.T) {
	if size, launcher := Launched(); size > 1 {
		t.Skipf("runs without %s", launcher)
	}
}
