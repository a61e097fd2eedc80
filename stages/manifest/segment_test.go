package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func random(n int) []byte {
	p := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(n)})
	_, _ = r.Read(p)
	return p
}

func TestSegmentGivesBackWhatItTook(t *testing.T) {
	dir := t.TempDir()
	s, err := NewSegmentWriter(filepath.Join(dir, "a.seg"))
	if err != nil {
		t.Fatal(err)
	}
	sizes := []int{0, 1, 1000, segmentBuffer - 1, segmentBuffer, segmentBuffer + 1, 3*segmentBuffer + 7, 5}
	var refs []Ref
	for i, n := range sizes {
		// A piece that was given up leaves no trace, however long.
		w, err := s.Begin()
		if err != nil {
			t.Fatal(err)
		}
		before := s.Size()
		if _, err := w.Write(random(sizes[len(sizes)-1-i])); err != nil {
			t.Fatal(err)
		}
		if err := s.Cancel(); err != nil {
			t.Fatal(err)
		}
		if s.Size() != before {
			t.Fatalf("size %d after a cancelled piece, %d before", s.Size(), before)
		}
		if i%2 == 0 {
			ref, err := s.Append(random(n))
			if err != nil {
				t.Fatal(err)
			}
			refs = append(refs, ref)
			continue
		}
		w, err = s.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyBuffer(w, bytes.NewReader(random(n)), make([]byte, 999)); err != nil {
			t.Fatal(err)
		}
		ref, err := s.End()
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, ref)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "a.seg")); err != nil || info.Size() != s.Size() {
		t.Errorf("%v, size %d", err, s.Size())
	}
	for i, ref := range refs {
		back, rest, err := DecodeRef(append(ref.AppendTo(nil), "rest"...))
		if err != nil || back != ref || string(rest) != "rest" {
			t.Fatal(back, ref, err)
		}
		p, err := ReadRef(dir, ref)
		if err != nil || !bytes.Equal(p, random(sizes[i])) {
			t.Errorf("piece %d of %d bytes: got %d, %v", i, sizes[i], len(p), err)
		}
		sec, err := OpenSection(dir, ref)
		if err != nil {
			t.Fatal(err)
		}
		if err := sec.Check(); err != nil {
			t.Error(err)
		}
		sec.Close()
	}
}

// What Peek gives is what stands there, from wherever and however much of it, in one piece after the other; and Check
// finds all of it right in between.
func TestPeek(t *testing.T) {
	dir := t.TempDir()
	s, err := NewSegmentWriter(filepath.Join(dir, "a.seg"))
	if err != nil {
		t.Fatal(err)
	}
	var refs []Ref
	sizes := []int{0, 1, 100, 3, leastAhead, mostAhead - 1, mostAhead + 1, 3*mostAhead + 7, 50, 0}
	for _, n := range sizes {
		ref, err := s.Append(random(n))
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, ref)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	sec, err := OpenSection(dir, refs[0])
	if err != nil {
		t.Fatal(err)
	}
	defer sec.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		i := rng.IntN(len(refs))
		if moved, err := sec.Move(refs[i]); !moved || err != nil {
			t.Fatal(moved, err)
		}
		whole := random(sizes[i])
		at := rng.IntN(len(whole) + 1)
		n := rng.IntN(len(whole) - at + 1)
		p, err := sec.Peek(int64(at), n)
		if err != nil || len(p) < n || !bytes.HasPrefix(whole[at:], p) {
			t.Fatalf("%d bytes at %d of %d: got %d, %v", n, at, len(whole), len(p), err)
		}
		if rng.IntN(4) == 0 {
			if err := sec.Check(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := sec.Peek(int64(at), len(whole)-at+1); err == nil {
			t.Fatal("bytes behind the piece are given")
		}
	}
	// A file that is cut while it is read, behind what was read of it.
	if moved, err := sec.Move(refs[1]); !moved || err != nil {
		t.Fatal(moved, err)
	}
	if _, err := sec.Peek(0, 1); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "a.seg"), refs[7].Offset+5); err != nil {
		t.Fatal(err)
	}
	if moved, err := sec.Move(refs[7]); !moved || err != nil {
		t.Fatal(moved, err)
	}
	_, err = sec.Peek(6, 1)
	if _, damaged := errors.AsType[*DamagedError](err); !damaged {
		t.Errorf("after the end of the file: %v", err)
	}
}

func TestDamagedPieceIsNotBelieved(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.seg")
	s, err := NewSegmentWriter(path)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := s.Append([]byte("a piece of data"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, p []byte) {
		t.Helper()
		if err := os.WriteFile(path, p, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := ReadRef(dir, ref)
		d, damaged := errors.AsType[*DamagedError](err)
		_, version := errors.AsType[*VersionError](err)
		if !version && (!damaged || d.Path != path) {
			t.Errorf("%s: %v", what, err)
		}
		sec, err := OpenSection(dir, ref)
		if err == nil {
			err = sec.Check()
			sec.Close()
		}
		if err == nil {
			t.Errorf("%s: not found by Check", what)
		}
	}
	for i := range whole {
		p := bytes.Clone(whole)
		p[i] ^= 0x10
		check(fmt.Sprintf("byte %d changed", i), p)
		check(fmt.Sprintf("cut at %d", i), whole[:i])
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadRef(dir, ref); err == nil {
		t.Error("a missing segment was read")
	}
	for _, name := range []string{"", "..", ".", "../a.seg", "/etc/passwd", "x/y"} {
		ref.File = name
		if _, err := OpenRef(dir, ref); err == nil {
			t.Errorf("file %q was accepted", name)
		}
	}
}

func TestSegmentMisuse(t *testing.T) {
	s, err := NewSegmentWriter(filepath.Join(t.TempDir(), "a.seg"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.End(); err == nil {
		t.Error("ended what was not begun")
	}
	w, err := s.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Begin(); err == nil {
		t.Error("two pieces at a time")
	}
	if _, err := s.End(); err != nil {
		t.Error(err)
	}
	if _, err := w.Write([]byte("x")); err == nil {
		t.Error("wrote after the end of the piece")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(nil); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

func TestSegmentOnFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	s := &Segment{path: "/out/a.seg", f: full}
	if _, err := s.Append([]byte("x")); err != nil {
		t.Fatal(err)
	}
	err = s.Flush()
	if w, ok := errors.AsType[*WriteError](err); !ok || w.Hint == "" {
		t.Fatal(err)
	}
	if _, e := s.Begin(); e != err {
		t.Error("the error does not stick:", e)
	}
}

func TestSegmentsAreShared(t *testing.T) {
	dir := t.TempDir()
	segments := NewSegments(dir, "piece", 2, 7)
	var mu sync.Mutex
	refs := map[int]Ref{}
	var wg sync.WaitGroup
	limit := make(chan struct{}, 3)
	for i := range 100 {
		wg.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			s, err := segments.Take()
			if err != nil {
				t.Error(err)
				return
			}
			defer segments.Give(s)
			ref, err := s.Append(random(i * 10))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			refs[i] = ref
			mu.Unlock()
		})
	}
	wg.Wait()
	if err := segments.Sync(); err != nil {
		t.Fatal(err)
	}
	for i, ref := range refs {
		if p, err := ReadRef(dir, ref); err != nil || !bytes.Equal(p, random(i*10)) {
			t.Error(i, err)
		}
	}
	if list, _ := os.ReadDir(dir); len(list) > 3 {
		t.Errorf("%d files for 3 writers at a time", len(list))
	}
	if err := segments.Close(); err != nil {
		t.Error(err)
	}
}

func FuzzDecodeRef(f *testing.F) {
	f.Add(Ref{"a.seg", 24, 100, 7}.AppendTo(nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, p []byte) {
		r, rest, err := DecodeRef(p)
		if err != nil {
			return
		}
		again, _, err := DecodeRef(r.AppendTo(nil))
		if err != nil || again != r || len(rest) > len(p) || r.Length < 0 || r.Offset < 0 {
			t.Errorf("%+v, again %+v, %v", r, again, err)
		}
	})
}
