package spill

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func compareRecords(a, b Record) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Order, b.Order),
		cmp.Compare(a.Sample, b.Sample), bytes.Compare(a.Payload, b.Payload))
}

// kinds of input that sorting finds hard in different ways.
func inputs() map[string]func(*rand.Rand, int) Record {
	payload := func(r *rand.Rand, n int) []byte {
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(r.Uint32())
		}
		return p
	}
	return map[string]func(*rand.Rand, int) Record{
		"mixed": func(r *rand.Rand, i int) Record { return Record{r.Uint64(), r.Uint64(), r.Uint64(), payload(r, 16)} },
		"empty": func(r *rand.Rand, i int) Record { return Record{Key: r.Uint64()} },
		"equal": func(*rand.Rand, int) Record { return Record{1, 2, 3, []byte("x")} },
		"hot": func(r *rand.Rand, i int) Record {
			return Record{r.Uint64N(3) << 52, r.Uint64N(2), r.Uint64N(50), payload(r, r.IntN(3))}
		},
		"rising":  func(r *rand.Rand, i int) Record { return Record{0, 0, uint64(i), payload(r, i%40)} },
		"edges":   func(r *rand.Rand, i int) Record { return Record{-r.Uint64N(2), -r.Uint64N(2), -r.Uint64N(2), nil} },
		"falling": func(r *rand.Rand, i int) Record { return Record{^uint64(i), ^uint64(i), uint64(i), nil} },
		"skewed": func(r *rand.Rand, i int) Record {
			return Record{r.Uint64() >> r.UintN(64), r.Uint64() >> r.UintN(64), r.Uint64() >> r.UintN(64), payload(r, 1<<r.IntN(12))}
		},
		"huge": func(r *rand.Rand, i int) Record {
			n := r.IntN(50)
			if i%2000 == 1999 {
				n = r.IntN(600 << 10)
			}
			return Record{r.Uint64N(100), 0, r.Uint64N(10), bytes.Repeat([]byte{byte(i)}, n)}
		},
	}
}

// fill adds n records of a kind and returns them as they are to come out.
func fill(t testing.TB, s *Sorter, kind string, n int) []Record {
	t.Helper()
	r := rand.New(rand.NewPCG(1, uint64(n)))
	want := make([]Record, n)
	var p []byte
	for i := range want {
		want[i] = inputs()[kind](r, i)
		p = append(p[:0], want[i].Payload...)
		if err := s.Add(Record{want[i].Key, want[i].Order, want[i].Sample, p}); err != nil {
			t.Fatal(err)
		}
		clear(p) // Add has to have copied it
	}
	slices.SortFunc(want, compareRecords)
	return want
}

func TestSortedLikeSortFunc(t *testing.T) {
	for kind := range inputs() {
		for i, n := range []int{0, 1, 2, 24, 25, 1000, 40_000} {
			for _, memory := range []int64{MinMemory, 1 << 20, 64 << 20} {
				if kind == "skewed" {
					n = min(n, 10_000)
				}
				t.Run(fmt.Sprintf("%s/%d/%d", kind, n, memory), func(t *testing.T) {
					s := New(Options{Dir: t.TempDir(), Prefix: "test-", Memory: memory, Threads: i % 3})
					defer s.Close()
					want := fill(t, s, kind, n)
					checkSorted(t, s, want)
					if memory == MinMemory && n == 40_000 && s.Stats().Runs < 5 {
						t.Errorf("%d runs: the test spills too little", s.Stats().Runs)
					}
				})
			}
		}
	}
}

func checkSorted(t *testing.T, s *Sorter, want []Record) {
	t.Helper()
	it, err := s.Sorted()
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		got, err := it.Next()
		if err != nil {
			t.Fatalf("record %d of %d: %v", i, len(want), err)
		}
		if compareRecords(got, want[i]) != 0 {
			t.Fatalf("record %d: got %v, want %v", i, got, want[i])
		}
	}
	for range 2 {
		if r, err := it.Next(); err != io.EOF {
			t.Fatalf("after the end: %v, %v", r, err)
		}
	}
	if it.Err() != nil {
		t.Error(it.Err())
	}
	if st := s.Stats(); st.Records != int64(len(want)) {
		t.Errorf("counted %d records of %d", st.Records, len(want))
	}
}

func TestManyRunsAreMergedInLevels(t *testing.T) {
	s := New(Options{Dir: t.TempDir(), Memory: MinMemory})
	defer s.Close()
	want := fill(t, s, "mixed", 700_000)
	checkSorted(t, s, want)
	st := s.Stats()
	if int64(st.Runs)*s.block <= s.memory.limit {
		t.Fatalf("%d runs fit the memory: nothing to merge in levels", st.Runs)
	}
	if one := int64(700_000 * 41); st.Spilled <= one || st.Spilled > 5*one/2 {
		t.Errorf("spilled %d bytes for %d of records", st.Spilled, one)
	}
	if runtime.GOOS == "linux" && st.Scratch >= st.Spilled {
		t.Errorf("merged runs were not given back: peak %d of %d bytes", st.Scratch, st.Spilled)
	}
}

func TestSmallInputsMakeNoFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "yet")
	s := New(Options{Dir: dir, Memory: 1 << 20})
	checkSorted(t, s, fill(t, s, "mixed", 1000))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("folder was made: %v", err)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	dir := t.TempDir()
	s := New(Options{Dir: dir, Prefix: "run-", Memory: MinMemory})
	fill(t, s, "mixed", 20_000)
	it, err := s.Sorted()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := it.Next(); err != nil {
		t.Fatal(err)
	}
	if list, _ := os.ReadDir(dir); len(list) > 0 {
		t.Errorf("a kill would leave %s", list[0].Name())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error("second close:", err)
	}
	if _, err := it.Next(); err != errClosed {
		t.Error("next after close:", err)
	}
	if err := s.Add(Record{}); err != errClosed {
		t.Error("add after close:", err)
	}
}

func TestCleanTakesStraysOnly(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"job-1.spill", "job-1.txt", "other.spill"} {
		if err := os.WriteFile(filepath.Join(dir, n), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := Clean(dir, "job-"); err != nil {
		t.Fatal(err)
	}
	list, _ := os.ReadDir(dir)
	if len(list) != 2 || list[0].Name() != "job-1.txt" || list[1].Name() != "other.spill" {
		t.Errorf("left: %v", list)
	}
	if err := Clean(filepath.Join(dir, "missing"), "job-"); err != nil {
		t.Error(err)
	}
}

func TestScratchLimit(t *testing.T) {
	s := New(Options{Dir: t.TempDir(), Memory: MinMemory, MaxBytes: 1 << 20})
	defer s.Close()
	var err error
	for i := 0; err == nil && i < 1_000_000; i++ {
		err = s.Add(Record{Key: uint64(i)})
	}
	var full *FullError
	if !errors.As(err, &full) || full.Limit != 1<<20 || !strings.Contains(err.Error(), "scratch_max") {
		t.Fatalf("got %v", err)
	}
	if e := s.Add(Record{}); e != err {
		t.Errorf("the error does not stick: %v", e)
	}
	if _, e := s.Sorted(); e != err {
		t.Errorf("the error does not stick: %v", e)
	}
}

func TestFullDisk(t *testing.T) {
	s := New(Options{Dir: t.TempDir(), Memory: MinMemory})
	defer s.Close()
	fill(t, s, "mixed", 20_000)
	real := s.file.f
	defer func() { s.file.f = real }()
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	s.file.f = full
	_, err = s.Sorted()
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "`scratch`") || !strings.Contains(err.Error(), s.file.path) {
		t.Errorf("got %v", err)
	}
}

func TestScratchNotWritable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(dir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s := New(Options{Dir: dir, Memory: MinMemory})
	defer s.Close()
	var err error
	for i := 0; err == nil && i < 1_000_000; i++ {
		err = s.Add(Record{Key: uint64(i)})
	}
	if err == nil || !strings.Contains(err.Error(), "`scratch`") {
		t.Errorf("got %v", err)
	}
}

// Every byte of a spilled file counts: whichever is changed, the reader says so.
func TestDamageIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 30 {
		s := New(Options{Dir: t.TempDir(), Memory: MinMemory})
		want := fill(t, s, "skewed", 1500)
		if err := s.spill(); err != nil {
			t.Fatal(err)
		}
		at := headerSize + r.Int64N(s.file.size-headerSize)
		b := make([]byte, 1)
		if _, err := s.file.f.ReadAt(b, at); err != nil {
			t.Fatal(err)
		}
		b[0] ^= 1 << r.UintN(8)
		if _, err := s.file.f.WriteAt(b, at); err != nil {
			t.Fatal(err)
		}
		it, err := s.Sorted()
		for n := 0; err == nil; n++ {
			var got Record
			got, err = it.Next()
			if err == nil && (n == len(want) || compareRecords(got, want[n]) != 0) {
				t.Fatalf("byte %d changed: record %d is wrong, and believed", at, n)
			}
		}
		var damaged *DamagedError
		if !errors.As(err, &damaged) || damaged.Offset > at || damaged.Path == "" {
			t.Fatalf("byte %d changed: %v", at, err)
		}
		s.Close()
	}
}

func TestGroups(t *testing.T) {
	for _, memory := range []int64{MinMemory, 64 << 20} {
		s := New(Options{Dir: t.TempDir(), Memory: memory})
		r := rand.New(rand.NewPCG(5, 6))
		size := map[uint64]int{}
		for i := range 30_000 {
			k := r.Uint64N(1000)
			size[k]++
			if err := s.Add(Record{k, r.Uint64(), uint64(i), []byte("payload")}); err != nil {
				t.Fatal(err)
			}
		}
		it, err := s.Sorted()
		if err != nil {
			t.Fatal(err)
		}
		keys, last := 0, -1
		// Left in the middle and taken up again, it goes on with the next key.
		for len(size) > 0 {
			before := keys
			for key, records := range it.Groups() {
				if int(key) <= last {
					t.Fatalf("key %d after %d", key, last)
				}
				last = int(key)
				keys++
				n, order := 0, uint64(0)
				for rec := range records {
					if rec.Key != key || rec.Order < order || string(rec.Payload) != "payload" {
						t.Fatalf("key %d, order %d: got %v", key, order, rec)
					}
					order = rec.Order
					if n++; key%3 == 1 {
						break
					}
				}
				if key%3 == 0 {
					for range records {
						t.Fatal("a group that was read gave more")
					}
				}
				if want := size[key]; key%3 != 1 && n != want {
					t.Fatalf("key %d: %d of %d records", key, n, want)
				}
				delete(size, key)
				if keys == 500 {
					break
				}
			}
			if keys == before {
				t.Fatalf("%d keys never came", len(size))
			}
		}
		if it.Err() != nil {
			t.Error(it.Err())
		}
		s.Close()
	}
}

// Records can be read more than once, from memory and from scratch.
// Shared gives what Groups gives, but for keys with one record.
func TestShared(t *testing.T) {
	for _, memory := range []int64{MinMemory, 64 << 20} {
		s := New(Options{Dir: t.TempDir(), Memory: memory})
		defer s.Close()
		for i := range 60_000 {
			key := uint64(i*7919) % 50_000 // some twice
			if err := s.Add(Record{Key: key, Order: uint64(i), Payload: fmt.Append(nil, i)}); err != nil {
				t.Fatal(err)
			}
		}
		read := func(shared bool, most int) (got []string) {
			it, err := s.Sorted()
			if err != nil {
				t.Fatal(err)
			}
			groups := it.Groups()
			if shared {
				groups = it.Shared()
			}
			for key, records := range groups {
				var group []string
				for r := range records {
					if group = append(group, fmt.Sprintf("%d %d %s", key, r.Order, r.Payload)); len(group) == most {
						break
					}
				}
				if shared || len(group) > 1 {
					got = append(got, group...)
				}
			}
			if it.Err() != nil {
				t.Fatal(it.Err())
			}
			return got
		}
		if all, shared := read(false, 9), read(true, 9); !slices.Equal(all, shared) || len(shared) != 20_000 {
			t.Errorf("%d records of shared keys, want %d", len(shared), len(all))
		}
		if got := read(true, 1); len(got) != 10_000 {
			t.Errorf("the first records of %d shared keys, want 10000", len(got))
		}
	}
}

func TestSortedAgain(t *testing.T) {
	for _, n := range []int{100, 50_000} {
		s := New(Options{Dir: t.TempDir(), Memory: MinMemory})
		for i := range n {
			if err := s.Add(Record{Key: uint64(i*7919) % uint64(n), Payload: []byte("payload")}); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 {
			it, err := s.Sorted()
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				if r, err := it.Next(); err != nil || r.Key != uint64(i) || string(r.Payload) != "payload" {
					t.Fatalf("record %d of %d is %v, %v", i, n, r, err)
				}
			}
			if _, err := it.Next(); err != io.EOF {
				t.Fatalf("after the last record: %v", err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMisuse(t *testing.T) {
	s := New(Options{Dir: t.TempDir()})
	defer s.Close()
	if _, err := s.Sorted(); err != nil {
		t.Fatal(err)
	}
	if err := s.Add(Record{}); err == nil {
		t.Error("added after sorting")
	}
}

// Large enough for several threads, and with keys that make them share badly.
func TestThreadsSortAlike(t *testing.T) {
	for _, kind := range []string{"mixed", "hot", "falling"} {
		s := New(Options{Dir: t.TempDir(), Memory: 32 << 20, Threads: 3})
		n := 2 * worthThreads
		r := rand.New(rand.NewPCG(7, 8))
		want := make([]Record, n)
		for i := range want {
			want[i] = inputs()[kind](r, i)
		}
		r.Shuffle(n, func(i, j int) { want[i], want[j] = want[j], want[i] })
		for _, rec := range want {
			if err := s.Add(rec); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortFunc(want, compareRecords)
		checkSorted(t, s, want)
		s.Close()
	}
}

// resident returns the resident set of this process.
func resident(t *testing.T) int64 {
	t.Helper()
	p, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(p), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

func TestMemoryIsTakenAsNeeded(t *testing.T) {
	runtime.GC()
	before := resident(t)
	s := New(Options{Dir: t.TempDir(), Memory: 4 << 30})
	defer s.Close()
	for i := range 1000 {
		if err := s.Add(Record{Key: uint64(i), Payload: make([]byte, 100)}); err != nil {
			t.Fatal(err)
		}
	}
	// A huge page at each end, and what the test itself moves.
	if grown := resident(t) - before; grown > 16<<20 {
		t.Errorf("1000 records took %d bytes", grown)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	const memory, slack = 8 << 20, 256 << 10
	s := New(Options{Dir: t.TempDir(), Memory: memory})
	defer s.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := rand.New(rand.NewPCG(9, 9))
	payload := make([]byte, 300)
	for range 200_000 {
		if err := s.Add(Record{r.Uint64(), 0, 0, payload[:r.IntN(len(payload))]}); err != nil {
			t.Fatal(err)
		}
	}
	it, err := s.Sorted()
	for err == nil {
		_, err = it.Next()
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	// All that was ever allocated on the heap, and the mapping.
	if got := int64(after.TotalAlloc-before.TotalAlloc) + int64(len(s.memory.mapping)); got > memory+slack {
		t.Errorf("took %d bytes of %d", got, memory)
	}
	if s.Stats().Runs < 3 {
		t.Error("nothing was spilled")
	}
}

// Whatever stands in the file, reading a run ends with records that fill their
// blocks, or with an error that says where.
func FuzzRun(f *testing.F) {
	dir := f.TempDir()
	s := New(Options{Dir: dir, Memory: MinMemory})
	fill(f, s, "hot", 5)
	if err := s.spill(); err != nil {
		f.Fatal(err)
	}
	whole := make([]byte, s.file.size)
	if err := s.file.readAt(whole, 0); err != nil {
		f.Fatal(err)
	}
	s.Close()
	f.Add(whole[headerSize:], uint16(100))
	f.Add(whole[headerSize:len(whole)-3], uint16(9000))
	f.Fuzz(func(t *testing.T, p []byte, buffer uint16) {
		h, err := os.CreateTemp(dir, "run")
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		defer os.Remove(h.Name())
		if _, err := h.WriteAt(p, headerSize); err != nil {
			t.Fatal(err)
		}
		// Blocks carry checksums: put right ones in, to get behind them.
		for _, mend := range []bool{false, true} {
			if mend && len(p) >= blockHeader {
				q := mended(p)
				if _, err := h.WriteAt(q, headerSize); err != nil {
					t.Fatal(err)
				}
			}
			in := newRunReader(&file{f: h, path: "x"}, run{offset: headerSize, length: int64(len(p))}, make([]byte, buffer))
			for err = nil; err == nil; {
				_, err = in.read()
			}
			var damaged *DamagedError
			if err != io.EOF && !errors.As(err, &damaged) {
				t.Error(err)
			}
		}
	})
}

// mended returns p as one block with a right header.
func mended(p []byte) []byte {
	q := bytes.Clone(p)
	binary.LittleEndian.PutUint64(q[8:], uint64(len(q)-blockHeader))
	binary.LittleEndian.PutUint64(q[16:], headerSize)
	binary.LittleEndian.PutUint32(q, crc32.Checksum(q[4:], castagnoli))
	return q
}
