package manifest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "folder", "pass-1")
	if _, err := ReadCommit(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	for _, want := range []string{"first", "", "third and longer"} {
		if err := WriteCommit(path, []byte(want)); err != nil {
			t.Fatal(err)
		}
		got, err := ReadCommit(path)
		if err != nil || string(got) != want {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if list, _ := os.ReadDir(filepath.Dir(path)); len(list) != 1 {
		t.Errorf("left behind: %v", list)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		p := bytes.Clone(whole)
		p[i] ^= 4
		for _, p := range [][]byte{p, whole[:i], append(bytes.Clone(whole), p[:i+1]...)} {
			_, err := decodeCommit(path, p)
			_, damaged := errors.AsType[*DamagedError](err)
			_, version := errors.AsType[*VersionError](err)
			if !damaged && !version {
				t.Fatalf("byte %d: %v", i, err)
			}
		}
	}
	for range 2 {
		if err := RemoveCommit(path); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ReadCommit(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func FuzzCommit(f *testing.F) {
	path := filepath.Join(f.TempDir(), "c")
	if err := WriteCommit(path, []byte("payload")); err != nil {
		f.Fatal(err)
	}
	p, _ := os.ReadFile(path)
	f.Add(p)
	f.Add(p[:30])
	f.Fuzz(func(t *testing.T, p []byte) {
		if got, err := decodeCommit("x", p); err == nil && !bytes.HasSuffix(p, got) {
			t.Errorf("%q from %q", got, p)
		}
	})
}

func TestAtomicFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.jsonl")
	exists := func() bool { _, err := os.Stat(path); return err == nil }
	write := func() *AtomicFile {
		t.Helper()
		f, err := CreateAtomic(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte("text")); err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := write()
	if exists() {
		t.Error("it is there before Commit")
	}
	if err := f.Abort(); err != nil || exists() {
		t.Error(err)
	}
	if err := f.Commit(); err == nil {
		t.Error("commit after abort")
	}
	if list, _ := os.ReadDir(dir); len(list) > 0 {
		t.Errorf("left behind: %v", list)
	}
	f = write()
	if err := f.Commit(); err != nil || !exists() {
		t.Fatal(err)
	}
	if err := f.Abort(); err != nil || !exists() {
		t.Error("abort after commit:", err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o644 {
		t.Error(info.Mode())
	}
	// Two at a time do not meet, and a kill leaves what RemoveTemps takes.
	write()
	write()
	if n, err := RemoveTemps(dir); n != 2 || err != nil || !exists() {
		t.Error(n, err)
	}
	if n, err := RemoveTemps(filepath.Join(dir, "missing")); n != 0 || err != nil {
		t.Error(n, err)
	}
}

func TestAtomicFileThatFailsLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "taken")
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := CreateAtomic(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err == nil {
		t.Fatal("a folder was replaced")
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 {
		t.Errorf("left behind: %v", list)
	}
	if _, err := CreateAtomic(filepath.Join(dir, "taken", "x\x00")); err == nil {
		t.Error("impossible name")
	}
}

func TestDirSyncs(t *testing.T) {
	dir := t.TempDir()
	var d DirSyncs
	for i := range 2*filesPerSync + 1 {
		if err := d.Appeared(filepath.Join(dir, "f")); err != nil {
			t.Fatal(err)
		}
		if want := (i + 1) % filesPerSync; d.files != want || (len(d.folders) == 0) != (want == 0) {
			t.Fatalf("after %d files: %d pending in %d folders", i+1, d.files, len(d.folders))
		}
	}
	if err := d.Flush(); err != nil || len(d.folders) > 0 {
		t.Error(err)
	}
	if err := SyncDirs(dir, filepath.Join(dir, "missing")); err == nil {
		t.Error("a missing folder was synced")
	}
}

func TestInputs(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadInputs(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	in := Inputs{Job: "input = 1\n", Files: []InputFile{
		{"", "/in/a.jsonl", 100, 1_700_000_000_123_456_789}, {"wiki", "/in/b.jsonl", 0, -1}, {"", "/in/c.jsonl", 7, 7}}}
	if err := WriteInputs(dir, in); err != nil {
		t.Fatal(err)
	}
	got, err := ReadInputs(dir)
	if err != nil || got.Job != in.Job || !slices.Equal(got.Files, in.Files) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := WriteCommit(filepath.Join(dir, InputsFile), []byte("\xff\xff\xff\xff\xff\x01")); err != nil {
		t.Fatal(err)
	}
	_, err = ReadInputs(dir)
	if _, ok := errors.AsType[*DamagedError](err); !ok {
		t.Error(err)
	}

	if c := CheckInputs(in.Files, in.Files); c.Err() != nil || c.Notice() != "" {
		t.Error(c)
	}
	now := []InputFile{in.Files[2], {"", "/in/a.jsonl", 101, in.Files[0].Time}, {"", "/in/b.jsonl", 0, -1}}
	c := CheckInputs(in.Files, now)
	if len(c.Changed) != 1 || c.Changed[0].Now.Size != 101 || len(c.Missing) != 1 || c.Missing[0] != in.Files[1] || len(c.New) != 1 {
		t.Errorf("%+v", c)
	}
	for _, part := range []string{"2 files or keys", `"/in/a.jsonl": it had 100 bytes and has 101`, `"/in/b.jsonl" is missing`, "--fresh"} {
		if !strings.Contains(c.Err().Error(), part) {
			t.Errorf("%q is not in %q", part, c.Err())
		}
	}
	if !strings.Contains(c.Notice(), `"/in/b.jsonl"`) {
		t.Error(c.Notice())
	}
	if s := (InputChanges{Missing: make([]InputFile, 9)}).Err().Error(); !strings.Contains(s, "and 4 more") {
		t.Error(s)
	}
}

func FuzzInputs(f *testing.F) {
	f.Add(Inputs{"job", []InputFile{{"s", "/p", 1, 2}, {"", "/q", 3, -4}}}.encode())
	f.Add([]byte{0, 255, 255, 255, 255, 15})
	f.Fuzz(func(t *testing.T, p []byte) {
		in, ok := decodeInputs(p)
		if !ok {
			return
		}
		again, ok := decodeInputs(in.encode())
		if !ok || again.Job != in.Job || !slices.Equal(again.Files, in.Files) {
			t.Errorf("%+v, again %+v", in, again)
		}
	})
}
