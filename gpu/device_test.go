package gpu

import (
	"runtime"
	"strings"
	"testing"
)

func TestPick(t *testing.T) {
	for _, c := range []struct{ rank, n, want int }{
		{0, 1, 0}, {3, 1, 0}, // bound to one device each
		{0, 4, 0}, {3, 4, 3}, // one rank per device
		{5, 4, 1}, // more ranks than devices
	} {
		if got := pick(c.rank, c.n); got != c.want {
			t.Errorf("pick(%d, %d) = %d, want %d", c.rank, c.n, got, c.want)
		}
	}
}

func TestOpenHost(t *testing.T) {
	d, err := Open(2, "host")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if d.Kind() != Host || d.Name() == "" {
		t.Errorf("got kind %q, name %q", d.Kind(), d.Name())
	}
	m, err := d.Memory()
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "linux" && (m.Total < 1<<26 || m.Free > m.Total || m.Free == 0) {
		t.Errorf("memory %+v", m)
	}
}

func TestOpenRefuses(t *testing.T) {
	if _, err := Open(0, "tpu"); err == nil || !strings.Contains(err.Error(), `"tpu"`) || !strings.Contains(err.Error(), "auto, host, cuda") {
		t.Errorf("an unknown device gives %v; want the value and the legal ones", err)
	}
	if _, err := Open(-1, "host"); err == nil {
		t.Error("a negative local rank is taken")
	}
}

func TestMeminfo(t *testing.T) {
	p := []byte("MemTotal:       24689764 kB\nMemFree: x kB\n")
	if got := kibibytes(p, "MemTotal"); got != 24689764<<10 {
		t.Errorf("MemTotal = %d", got)
	}
	if got := kibibytes(p, "MemFree") + kibibytes(p, "Swap"); got != 0 {
		t.Errorf("unreadable fields give %d, want 0", got)
	}
}
