package format

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"sluice/stages"
)

// A flaky file system fails opens and reads, and knows how long it was waited for.
type flaky struct {
	mu     sync.Mutex
	opens  int           // that fail from now on
	reads  int           // that fail at the next place that is read from
	from   int64         // places before it are read well
	errno  syscall.Errno // what fails with
	waited []time.Duration
	opened int
	after  func() // called in each wait
}

type flakyFile struct {
	*os.File
	system *flaky
}

func (s *flaky) open(path string) (rawFile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened++; s.opens > 0 {
		s.opens--
		return nil, &fs.PathError{Op: "open", Path: path, Err: s.errno}
	}
	f, err := os.Open(path)
	return flakyFile{f, s}, err
}

func (f flakyFile) ReadAt(p []byte, at int64) (int, error) {
	s := f.system
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reads == 0 || at+int64(len(p)) <= s.from {
		return f.File.ReadAt(p, at)
	}
	s.reads--
	n, err := f.File.ReadAt(p[:len(p)/2], at) // what fails may have read something
	if err == nil {
		err = &fs.PathError{Op: "read", Path: f.Name(), Err: s.errno}
	}
	return n, err
}

func (s *flaky) wait(ctx context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waited = append(s.waited, d)
	if s.after != nil {
		s.after()
	}
	return ctx.Err()
}

func (s *flaky) options() Options { return Options{ReadBytes: 4 << 10, open: s.open, wait: s.wait} }

// inputsOf returns a shard of each format, about 100 kB.
func inputsOf(t *testing.T) map[string]*stages.Shard {
	dir := tree(t, map[string]string{"a.txt": string(bytes.Repeat([]byte("one "), 10000)), "b.txt": "two"})
	in := stages.Input{Paths: []string{dir}, Read: stages.DefaultRead()}
	in.Read.Format = "files"
	shards, _, err := List(t.Context(), []stages.Input{in})
	if err != nil {
		t.Fatal(err)
	}
	data := manyRows(1000, 100)
	return map[string]*stages.Shard{
		"jsonl": shardOf(t, "a.jsonl", data), "gzip": shardOf(t, "a.jsonl.gz", pack(t, "gzip", data, 1<<14)),
		"zstd": shardOf(t, "a.jsonl.zst", pack(t, "zstd", data, 1<<14)), "parquet": shardOf(t, "a.parquet", writeNested(t, makeNested(100), 30)),
		"files": &shards[0],
	}
}

// wholeBlock returns the block of a shard of inputsOf, whether the file can be read or not.
func wholeBlock(s *stages.Shard) *stages.Block {
	return &stages.Block{Length: map[string]int64{"jsonl": s.Size, "parquet": 4, "files": int64(len(s.Files))}[s.Format], Bytes: s.Size}
}

// readInput returns the text of all rows of a shard, and the rows that are damaged.
func readInput(t *testing.T, s *stages.Shard, o Options) (text []byte, bad int, err error) {
	src, err := NewSource(s.Format, stages.DefaultRead(), nil, o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = readBlocks(t, src, noneSink{}, s, 1<<30, func(b *stages.Batch) {
		bad += len(b.Damaged)
		for i, kept := range b.Keep {
			if kept {
				text = append(append(text, b.Column("text").Text[i]...), '\n')
			}
		}
	})
	return text, bad, err
}

// A file system that fails and comes back costs no row.
func TestReadsAreTriedAgain(t *testing.T) {
	for name, shard := range inputsOf(t) {
		want, _, err := readInput(t, shard, Options{})
		if err != nil || len(want) < 10000 {
			t.Fatal(name, len(want), err)
		}
		for _, errno := range []syscall.Errno{syscall.EIO, syscall.ESTALE, syscall.ETIMEDOUT, syscall.ENOTCONN} {
			for what, s := range map[string]*flaky{
				"opens": {opens: 2}, "first": {reads: 2}, "within": {reads: 4, from: min(shard.Size/2, 20000)},
			} {
				s.errno = errno
				got, bad, err := readInput(t, shard, s.options())
				if err != nil || bad > 0 || !bytes.Equal(got, want) {
					t.Errorf("%s, %s, %v: %d bytes of text, %d bad rows, error %v", name, what, errno, len(got), bad, err)
				}
				if len(s.waited) < 2 || s.waited[0] != time.Second || s.waited[1] != 2*time.Second || s.opens+s.reads > 0 {
					t.Errorf("%s, %s, %v: waited for %v, %d failures left", name, what, errno, s.waited, s.opens+s.reads)
				}
				if s.opened < 3 {
					t.Errorf("%s, %s, %v: opened %d times", name, what, errno, s.opened)
				}
			}
		}
	}
}

// What fails for good is damage, as is what cannot pass; that is not waited for.
func TestReadsThatFailForGood(t *testing.T) {
	all := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}
	for name, shard := range inputsOf(t) {
		for errno, want := range map[syscall.Errno][]time.Duration{syscall.EIO: all, syscall.EISDIR: nil, syscall.EACCES: nil} {
			for what, s := range map[string]*flaky{"opens": {opens: 1 << 30}, "reads": {reads: 1 << 30}} {
				s.errno = errno
				src, err := NewSource(shard.Format, stages.DefaultRead(), nil, s.options())
				if err != nil {
					t.Fatal(err)
				}
				bad := 0
				err = readBlock(t, src, shard, wholeBlock(shard),
					func(b *stages.Batch) { bad += len(b.Damaged) })
				if name == "files" && (err != nil || bad != 2) || name != "files" && (!isDamaged(err) || !errors.Is(err, errno)) {
					t.Errorf("%s, %s, %v: %d bad rows, error %v", name, what, errno, bad, err)
				}
				if !slices.Equal(s.waited, want) {
					t.Errorf("%s, %s, %v: waited for %v", name, what, errno, s.waited)
				}
			}
		}
	}
}

// A Parquet file that cannot be opened when its shard is cut into blocks, and later can, is read whole.
func TestFooterThatComesBack(t *testing.T) {
	for errno, opens := range map[syscall.Errno]int{syscall.EIO: tries, syscall.EACCES: 1} {
		shard := inputsOf(t)["parquet"]
		want, _, err := readInput(t, shard, Options{})
		if err != nil || len(want) < 1000 {
			t.Fatal(len(want), err)
		}
		s := &flaky{opens: opens, errno: errno}
		got, bad, err := readInput(t, shard, s.options())
		if err != nil || bad > 0 || !bytes.Equal(got, want) || s.opens > 0 {
			t.Errorf("%v: %d bytes of text and not %d, %d bad rows, error %v", errno, len(got), len(want), bad, err)
		}
	}
}

// When shards are cut into blocks, a file system that is away is waited for once, not once for each of them.
func TestCuttingWaitsOnce(t *testing.T) {
	shard := inputsOf(t)["parquet"]
	for what, s := range map[string]*flaky{"opens": {opens: 1 << 30}, "reads": {reads: 1 << 30}} {
		s.errno = syscall.EIO
		src, err := NewSource(shard.Format, stages.DefaultRead(), nil, s.options())
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if blocks, err := src.Blocks(t.Context(), shard, 1); err != nil || len(blocks) != 1 || blocks[0].Bytes != shard.Size {
				t.Errorf("%s: blocks %v, error %v", what, blocks, err)
			}
		}
		if len(s.waited) != tries-1 {
			t.Errorf("%s: waited for %v", what, s.waited)
		}
	}
}

// Damaged contents are not read again.
func TestDamagedContentsAreReadOnce(t *testing.T) {
	data := pack(t, "gzip", manyRows(1000, 100), 1<<14)
	s := &flaky{}
	_, _, err := readInput(t, shardOf(t, "a.jsonl.gz", data[:len(data)/2]), s.options())
	if !isDamaged(err) || !errors.Is(err, io.ErrUnexpectedEOF) || s.waited != nil || s.opened != 1 {
		t.Errorf("waited for %v, opened %d times, error %v", s.waited, s.opened, err)
	}
}

// A file that is another one, or gone, when it is opened again, is no damage. Nor is a job that is stopped.
func TestInputsThatChangeMeanwhile(t *testing.T) {
	for _, kind := range []string{"jsonl", "zstd", "parquet", "files"} {
		for what, change := range map[string]func(path string, stop func()) error{
			"longer": func(path string, _ func()) error { return os.WriteFile(path, make([]byte, 1<<20), 0o666) },
			"newer":  func(path string, _ func()) error { return os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)) },
			"gone":   func(path string, _ func()) error { return os.Remove(path) },
			"stop":   func(_ string, stop func()) error { stop(); return nil },
		} {
			shard := inputsOf(t)[kind]
			path := shard.Path
			if kind == "files" {
				path = filepath.Join(path, shard.Files[0].Name)
			}
			ctx, stop := context.WithCancel(t.Context())
			s := &flaky{reads: 1, errno: syscall.ESTALE, from: min(shard.Size/2, 20000)}
			s.after = func() {
				if err := change(path, stop); err != nil {
					t.Error(err)
				}
			}
			src, err := NewSource(shard.Format, stages.DefaultRead(), nil, s.options())
			if err != nil {
				t.Fatal(err)
			}
			in, err := src.Open(ctx, shard, wholeBlock(shard))
			for err == nil {
				var decode func() (*stages.Batch, error)
				if _, decode, err = in.Next(context.Background()); err == nil {
					_, err = decode()
				}
			}
			_, changed := errors.AsType[*changedError](err)
			ok := map[string]bool{"longer": changed, "newer": changed, "gone": errors.Is(err, fs.ErrNotExist), "stop": errors.Is(err, context.Canceled)}
			if !ok[what] || isDamaged(err) {
				t.Errorf("%s, %s: %v", kind, what, err)
			}
			if in != nil {
				in.Close()
			}
			stop()
		}
	}
}

// The wait ends with the job.
func TestSleepEnds(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
