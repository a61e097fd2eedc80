package progress

import "testing"

// The peak follows what the process touches, and never falls.
func TestPeak(t *testing.T) {
	before := Peak()
	if before < 1<<20 {
		t.Fatalf("peak of %d bytes", before)
	}
	block := make([]byte, 64<<20)
	for i := range block {
		block[i] = 1
	}
	if after := Peak(); after < before || after < 64<<20 {
		t.Errorf("peak %d before and %d after touching 64 MiB", before, after)
	}
}
