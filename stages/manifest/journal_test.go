package manifest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func writeJournal(t testing.TB, dir string, start, rank int, payloads ...string) string {
	t.Helper()
	j, err := CreateJournal(dir, start, rank)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range payloads {
		if err := j.Append(byte(i), []byte(p)); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, journalName(start, rank))
}

func readAll(t testing.TB, dir string) (got []string, damaged []*DamagedError) {
	t.Helper()
	damaged, err := ReadJournals(dir, func(r Record) error {
		got = append(got, fmt.Sprintf("%d/%d/%d %s", r.Start, r.Rank, r.Kind, r.Payload))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, damaged
}

func TestJournalsAreReadInOrder(t *testing.T) {
	dir := t.TempDir()
	if n, err := NextStart(dir); n != 0 || err != nil {
		t.Error(n, err)
	}
	writeJournal(t, dir, 1_000_000, 0, "late")
	writeJournal(t, dir, 1, 0, "second start")
	writeJournal(t, dir, 0, 2, "c")
	writeJournal(t, dir, 0, 0, "a", "", "b")
	writeJournal(t, dir, 0, 1)
	if err := os.WriteFile(filepath.Join(dir, "journal-1-1.log"), []byte("not ours"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, damaged := readAll(t, dir)
	want := []string{"0/0/0 a", "0/0/1 ", "0/0/2 b", "0/2/0 c", "1/0/0 second start", "1000000/0/0 late"}
	if !slices.Equal(got, want) || damaged != nil {
		t.Errorf("got %q, %v", got, damaged)
	}
	if n, err := NextStart(dir); n != 1_000_001 || err != nil {
		t.Error(n, err)
	}
	if _, err := CreateJournal(dir, 1, 0); !errors.Is(err, os.ErrExist) {
		t.Error("a journal was written over:", err)
	}
}

// However a journal is cut, what is left of it is a prefix of its records.
func TestTornTailIsNormal(t *testing.T) {
	payloads := []string{"one", "", "three and more", "four"}
	dir := t.TempDir()
	path := writeJournal(t, dir, 0, 0, payloads...)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all, _ := readAll(t, dir)
	for n := range whole {
		for _, zeros := range []int{0, len(whole) - n, 5000} {
			if err := os.WriteFile(path, append(bytes.Clone(whole[:n]), make([]byte, zeros)...), 0o644); err != nil {
				t.Fatal(err)
			}
			got, damaged := readAll(t, dir)
			if damaged != nil {
				t.Fatalf("cut at %d, %d zeros: %v", n, zeros, damaged[0])
			}
			if len(got) >= len(all) && len(all) > 0 && zeros == 0 || !slices.Equal(got, all[:len(got)]) {
				t.Fatalf("cut at %d, %d zeros: %q", n, zeros, got)
			}
		}
	}
}

// Whichever bit is wrong, no wrong record is believed, and damage before the
// last record is reported.
func TestDamagedJournal(t *testing.T) {
	dir := t.TempDir()
	path := writeJournal(t, dir, 0, 0, "one", "two", "three", "last")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all, _ := readAll(t, dir)
	last := len(whole) - frameSize - len("last")
	for i := range 8 * len(whole) {
		p := bytes.Clone(whole)
		p[i/8] ^= 1 << (i % 8)
		if err := os.WriteFile(path, p, 0o644); err != nil {
			t.Fatal(err)
		}
		if i/8 >= 8 && i/8 < 12 {
			continue // the version; the header's checksum is tried with the rest
		}
		got, damaged := readAll(t, dir)
		if len(got) == len(all) || !slices.Equal(got, all[:len(got)]) {
			t.Fatalf("bit %d: %q", i, got)
		}
		if i/8 < last && (len(damaged) != 1 || damaged[0].Path != path || damaged[0].Offset > int64(i/8)) {
			t.Fatalf("bit %d: reported %v", i, damaged)
		}
	}
}

func TestJournalOfOtherVersion(t *testing.T) {
	dir := t.TempDir()
	p := appendHeader(nil, journalMagic, 99, 0, 0)
	if err := os.WriteFile(filepath.Join(dir, journalName(0, 0)), p, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := ReadJournals(dir, func(Record) error { return nil })
	if v, ok := errors.AsType[*VersionError](err); !ok || v.Found != 99 {
		t.Error(err)
	}
	_, err = ReadJournals(dir+"/missing", nil)
	if err != nil {
		t.Error(err)
	}
}

func TestJournalOnFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	j := &Journal{path: "/out/journal", f: full}
	err = j.Append(1, []byte("x"))
	w, ok := errors.AsType[*WriteError](err)
	if !ok || w.Path != "/out/journal" || w.Hint == "" {
		t.Fatal(err)
	}
	if e := j.Append(1, nil); e != err {
		t.Error("the error does not stick:", e)
	}
	if e := j.Close(); e != err {
		t.Error(e)
	}
	if e := j.Close(); e != nil {
		t.Error("second close:", e)
	}
}

func FuzzJournal(f *testing.F) {
	dir := f.TempDir()
	p, err := os.ReadFile(writeJournal(f, dir, 3, 4, "one", "", "three"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p)
	f.Add(p[:40])
	f.Add(append(bytes.Clone(p), make([]byte, 100)...))
	f.Fuzz(func(t *testing.T, p []byte) {
		var again []byte
		err := scanJournal(journalFile{"x", 3, 4}, bufio.NewReader(bytes.NewReader(p)), int64(len(p)), func(r Record) error {
			if again == nil {
				again = appendHeader(nil, journalMagic, journalVersion, 3, 4)
			}
			again = append(appendFrame(again, int64(len(again)), r.Kind, r.Payload), r.Payload...)
			return nil
		})
		// Frames have spare bytes that may hold anything under their checksum.
		if again != nil && len(again) > len(p) {
			t.Errorf("read %d bytes of records from %d bytes", len(again), len(p))
		}
		var damaged *DamagedError
		var version *VersionError
		if err != nil && !errors.As(err, &damaged) && !errors.As(err, &version) {
			t.Error(err)
		}
	})
}
