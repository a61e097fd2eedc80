package pipeline_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sluice/stages/pipeline"
)

// A full disk ends the job with a word on what to do; with room made, the
// same command goes on to the right bytes.
func TestFullDisk(t *testing.T) {
	f := newFolder(t)
	f.documents(2, 6<<20, 300)
	if _, err := f.run(plainJob, "calm", 2, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	disk := f.path("disk")
	if err := os.Mkdir(disk, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=5m"); err != nil {
		t.Skipf("a full disk needs a file system of its own, which only root can mount: %v", err)
	}
	defer syscall.Unmount(disk, syscall.MNT_DETACH)
	_, err := f.run(plainJob, "disk/out", 2, pipeline.Options{})
	if !errors.Is(err, syscall.ENOSPC) && (err == nil || !strings.Contains(err.Error(), "no space left")) {
		t.Fatalf("error %v", err)
	}
	if text := err.Error(); strings.Count(text, "\nfree ") != 1 || strings.Count(text, "no space left") != 1 || strings.Contains(text, f.path("in")) {
		t.Errorf("want what is full and the remedy, once: %v", err)
	}
	if files, _ := filepath.Glob(filepath.Join(disk, "out/data/*")); len(files) > 1 {
		t.Errorf("two outputs of 3 MB stand on a disk of 5 MB: %v", files)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.run(plainJob, "disk/out", 3, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	same(t, f.tree("calm", "data", "duplicates"), f.tree("disk/out", "data", "duplicates"))
}
