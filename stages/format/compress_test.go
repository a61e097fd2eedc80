package format

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"sluice/stages"
)

func manyRows(n, size int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "{\"id\":%d,\"text\":%q}\n", i, strings.Repeat(fmt.Sprint(i, " "), size/5))
	}
	return b.Bytes()
}

// pack compresses data in members or frames of about size bytes.
func pack(t testing.TB, kind string, data []byte, size int) []byte {
	t.Helper()
	var out bytes.Buffer
	for len(data) > 0 {
		n := min(size, len(data))
		var w io.WriteCloser = gzip.NewWriter(&out)
		if kind == "zstd" {
			z, err := zstd.NewWriter(&out)
			if err != nil {
				t.Fatal(err)
			}
			w = z
		}
		if _, err := w.Write(data[:n]); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		data = data[n:]
	}
	return out.Bytes()
}

func unpack(t testing.TB, kind string, data []byte) []byte {
	t.Helper()
	r, stop, err := decompress(kind, bytes.NewReader(data), 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var extensions = map[string]string{"none": ".jsonl", "gzip": ".jsonl.gz", "zstd": ".jsonl.zst"}

// TestCompression reads every compression and writes every compression, several
// frames each, twice.
func TestCompression(t *testing.T) {
	data := manyRows(20000, 300)
	if len(data) < 2*frameBytes {
		t.Fatalf("%d bytes are not several frames", len(data))
	}
	for from, ext := range extensions {
		packed := data
		if from != "none" {
			packed = pack(t, from, data, 1<<20)
		}
		shard := shardOf(t, "a"+ext, packed)
		for _, to := range []string{"auto", "none", "gzip", "zstd"} {
			w := stages.DefaultWrite()
			w.Compress = to
			var first []byte
			for _, threads := range []int{1, 3} {
				src, sink := ends(t, stages.DefaultRead(), w, nil, Options{Threads: threads, BatchBytes: 1 << (15 + threads)})
				pieces, err := readBlocks(t, src, sink, shard, 3<<20, nil)
				if err != nil {
					t.Fatal(err)
				}
				got := join(t, sink, pieces)
				if first == nil {
					first = got
				} else if !bytes.Equal(got, first) {
					t.Errorf("%s to %s: other bytes with other threads", from, to)
				}
				if want := extensions[map[bool]string{true: from, false: to}[to == "auto"]]; sink.Name(shard) != "a"+want {
					t.Errorf("%s to %s is called %s", from, to, sink.Name(shard))
				}
				if !bytes.Equal(unpack(t, compression(sink.Name(shard)), got), data) {
					t.Errorf("%s to %s: other rows", from, to)
				}
			}
		}
	}
}

func TestEmptyOutputIsValid(t *testing.T) {
	for kind, ext := range extensions {
		w := stages.DefaultWrite()
		w.Compress = kind
		src, sink := ends(t, stages.DefaultRead(), w, nil, Options{})
		pieces, err := readBlocks(t, src, sink, shardOf(t, "a.jsonl", nil), 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := join(t, sink, pieces)
		if kind != "none" && len(got) == 0 {
			t.Errorf("%s: an empty file is no archive", ext)
		}
		if rest := unpack(t, kind, got); len(rest) != 0 {
			t.Errorf("%s: %q", ext, rest)
		}
	}
}

func TestTruncatedArchive(t *testing.T) {
	data := manyRows(3000, 300)
	for _, kind := range []string{"gzip", "zstd"} {
		packed := pack(t, kind, data, 1<<18)
		for _, cut := range []int{1, 3, 10, len(packed) / 2, len(packed) - 3} {
			for _, garbage := range []string{"", "garbage garbage"} {
				shard := shardOf(t, "a"+extensions[kind], append(packed[:cut:cut], garbage...))
				w := stages.DefaultWrite()
				w.Compress = "none"
				src, sink := ends(t, stages.DefaultRead(), w, nil, Options{ReadBytes: 1 << 16})
				bad := 0
				pieces, err := readBlocks(t, src, sink, shard, 1<<20, func(b *stages.Batch) { bad += len(b.Damaged) })
				if !isDamaged(err) || bad > 0 {
					t.Errorf("%s cut at %d: %d bad rows, error %v", kind, cut, bad, err)
				}
				got := join(t, sink, pieces)
				if !bytes.HasPrefix(data, got) || len(got) > 0 && got[len(got)-1] != '\n' {
					t.Errorf("%s cut at %d: wrong rows", kind, cut)
				}
				if cut == len(packed)-3 && len(got) < len(data)/2 {
					t.Errorf("%s cut at %d: only %d of %d bytes were kept", kind, cut, len(got), len(data))
				}
			}
		}
	}
}

func TestUnreadableAndChangedFiles(t *testing.T) {
	src, _ := ends(t, stages.DefaultRead(), stages.DefaultWrite(), nil, Options{})
	shard := shardOf(t, "a.jsonl", manyRows(100, 100))
	shard.Size += 10
	err := readBlock(t, src, shard, &stages.Block{Length: shard.Size}, func(*stages.Batch) {})
	var changed *changedError
	if !errors.As(err, &changed) {
		t.Errorf("a file that shrank: %v", err)
	}
	shard.Path += "x"
	if _, err := src.Open(context.Background(), shard, &stages.Block{Length: 1}); err == nil || isDamaged(err) {
		t.Errorf("a file that is gone: %v", err)
	}
}

// The last row of a file may have no line end, in an archive too.
func TestLastRowWithoutLineEnd(t *testing.T) {
	data := bytes.TrimSuffix(manyRows(3, 40), []byte("\n"))
	for from, ext := range extensions {
		packed := data
		if from != "none" {
			packed = pack(t, from, data, 1<<20)
		}
		src, sink := ends(t, stages.DefaultRead(), stages.DefaultWrite(), nil, Options{})
		pieces, err := readBlocks(t, src, sink, shardOf(t, "a"+ext, packed), 3<<20, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := unpack(t, from, join(t, sink, pieces)); !bytes.Equal(got, data) {
			t.Errorf("%s: %q came out", from, got)
		}
	}
}
