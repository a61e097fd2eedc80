//go:build cuda

package gpu

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Where a driver is installed the same test runs on the device.
func TestCUDA(t *testing.T) {
	if err := driverError(); err != nil {
		if _, err := Open(0, "cuda"); err == nil || !strings.Contains(err.Error(), "device = \"host\"") {
			t.Errorf("without a driver cuda gives %v; want an error that says how to go on", err)
		}
		d, err := Open(0, "auto")
		if err != nil || d.Kind() != Host {
			t.Fatalf("without a driver auto gives %v, %v; want the host", d, err)
		}
		return
	}
	d, err := Open(3, "auto")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	m, err := d.Memory()
	if d.Kind() != CUDA || d.Name() == "" || err != nil || m.Free > m.Total || m.Free == 0 {
		t.Errorf("got %q %q, %+v, %v", d.Kind(), d.Name(), m, err)
	}
	t.Logf("%s, %d bytes", d.Name(), m.Free)
}

func TestStandIn(t *testing.T) {
	folder := t.TempDir()
	if out, err := exec.Command("cc", "-shared", "-fPIC", "-o", filepath.Join(folder, "libcuda.so.1"), "testdata/driver.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestCUDA$", "-test.v")
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+folder)
	out, err := cmd.CombinedOutput()
	// Local rank 3 of two devices gets the second, number 11 to the stand-in.
	if err != nil || !strings.Contains(string(out), "Stand-In 1, 11 bytes") {
		t.Errorf("%v\n%s", err, out)
	}
}

// A call that driver_calls.h lacks would end the program when it is made.
func TestSymbols(t *testing.T) {
	file, err := elf.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	imported, err := file.ImportedSymbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range imported {
		if regexp.MustCompile(`^cu([A-Z]|blas)`).MatchString(s.Name) {
			t.Errorf("%s has no line in driver_calls.h", s.Name)
		}
	}
	libraries, err := file.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	for _, lib := range libraries {
		if strings.HasPrefix(lib, "libcuda") {
			t.Errorf("the program needs %s to start", lib)
		}
	}
}
