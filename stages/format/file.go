package format

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"sluice/stages"
)

// compression returns the compression of a file, by its name: "none", "gzip"
// or "zstd".
func compression(name string) string {
	switch {
	case strings.HasSuffix(name, ".gz"):
		return "gzip"
	case strings.HasSuffix(name, ".zst"):
		return "zstd"
	}
	return "none"
}

// changedError says that a file is not as long as when the inputs were listed, or
// of the same length and written to while it was read.
type changedError struct {
	path      string
	size, was int64
}

func (e *changedError) Error() string {
	if e.size == e.was {
		return e.path + ": the file was written to while the job read it"
	}
	return fmt.Sprintf("%s: the file has %d bytes and had %d when the job first started", e.path, e.size, e.was)
}

// A rangeReader reads a file in order from one place on. It asks for no more
// than it must behind soft, counts what it reads, and tells the page cache
// to forget it.
type rangeReader struct {
	in       *input
	size     int64 // of the file, as listed
	at, soft int64
	tail     int64 // size of the next read behind soft
	read     int64
	cached   bool
}

func openRange(ctx context.Context, shard *stages.Shard, o *Options, at, soft int64) (*rangeReader, error) {
	in, err := openInput(ctx, shard.Path, o, new(atomic.Bool))
	if err != nil {
		return nil, asDamage(shard.Path, 0, err)
	}
	sequential(in.f)
	return &rangeReader{in: in, size: shard.Size, at: at, soft: soft, tail: 16 << 10, cached: o.Cached}, nil
}

// asDamage makes a damaged shard of a file that is there and cannot be
// opened or read. A file that is gone or another one is another matter: the list of inputs is frozen. So is a machine
// that cannot open any file just now: the rows are there.
func asDamage(path string, offset int64, err error) error {
	var changed *changedError
	switch {
	case errors.As(err, &changed), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOMEM), errors.Is(err, syscall.EINTR):
		return err
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return fmt.Errorf("%w\nallow more open files (ulimit -n), or start fewer ranks on a node", err)
	}
	return &stages.Damaged{Path: path, Offset: offset, Err: err}
}

func (r *rangeReader) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	want := min(int64(len(p)), r.size-r.at)
	if r.at < r.soft {
		want = min(want, r.soft-r.at)
	} else {
		want = min(want, r.tail)
		r.tail *= 2
	}
	n, err := r.in.ReadAt(p[:want], r.at)
	if n > 0 && !r.cached {
		forget(r.in.f, r.at, int64(n))
	}
	r.at += int64(n)
	r.read += int64(n)
	if err == io.EOF && int64(n) < want {
		return n, &changedError{r.in.path, r.at, r.size}
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}

func (r *rangeReader) Close() error { return r.in.Close() }

// decompress returns the reader of what r holds, and a function that ends it.
// Members and frames that follow each other are one stream.
func decompress(kind string, r io.Reader, readBytes int) (io.Reader, func(), error) {
	switch kind {
	case "gzip":
		z, err := gzip.NewReader(bufio.NewReaderSize(r, readBytes))
		if err == io.EOF {
			return nil, nil, io.EOF
		}
		return z, func() {}, err
	case "zstd":
		z, err := zstd.NewReader(bufio.NewReaderSize(r, readBytes), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}
	return r, func() {}, nil
}

// OpenFile opens a file that is no input, such as a list of words: plain, or by its name gzip or zstd.
func OpenFile(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, end, err := decompress(compression(path), f, 1<<16)
	if err == io.EOF { // an empty file is no text
		r, end, err = f, func() {}, nil
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &openFile{r, f, end}, nil
}

type openFile struct {
	io.Reader
	file *os.File
	end  func()
}

func (f *openFile) Close() error {
	f.end()
	return f.file.Close()
}
