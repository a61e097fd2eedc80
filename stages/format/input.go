package format

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
	"time"
)

// tries is how often an input is asked for before its file system counts as unable. Between
// them it has one second, then two, four and eight.
const tries = 5

// passing are the errors of file systems that come back: servers that restart, handles that went stale, and disks that read at the next try.
var passing = append([]syscall.Errno{
	syscall.EIO, syscall.ESTALE, syscall.ETIMEDOUT, syscall.ENOTCONN, syscall.ESHUTDOWN, syscall.EHOSTDOWN, syscall.EHOSTUNREACH,
	syscall.ENETDOWN, syscall.ENETUNREACH, syscall.ECONNABORTED, syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EAGAIN, syscall.EINTR,
}, remote...)

// passes says whether the file system failed for a reason that may be gone at the next try.
func passes(err error) bool {
	errno, ok := errors.AsType[syscall.Errno](err)
	return ok && slices.Contains(passing, errno)
}

// A rawFile is what is needed of an [os.File].
type rawFile interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
	Fd() uintptr
}

func openRaw(path string) (rawFile, error) { return os.Open(path) }

// sleep waits for a while, or until ctx is done.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// An input is an open file of the inputs. When a read fails for a reason that
// passes, the file is opened anew and read again.
type input struct {
	ctx     context.Context
	path    string
	options *Options
	f       rawFile
	info    fs.FileInfo  // as it was opened first
	spent   *atomic.Bool // waiting was in vain once: no more of it
	failed  error        // of the last read, io.EOF left out
}

// openInput opens a file. Files that are given the same spent wait in vain once.
func openInput(ctx context.Context, path string, o *Options, spent *atomic.Bool) (*input, error) {
	in := &input{ctx: ctx, path: path, options: o, spent: spent}
	if err := in.again(in.open(), func() error { return nil }); err != nil {
		return nil, err
	}
	return in, nil
}

// open opens the file, and sees that it is the one that was opened before.
func (in *input) open() error {
	f, err := in.options.open(in.path)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && in.info != nil && (info.Size() != in.info.Size() || !info.ModTime().Equal(in.info.ModTime())) {
		err = &changedError{in.path, info.Size(), in.info.Size()}
	}
	if err != nil {
		f.Close()
		return err
	}
	if in.f != nil {
		in.f.Close()
	}
	in.f, in.info = f, info
	return nil
}

// again takes the error of do, and while it may pass, waits and does it again with the file opened anew.
func (in *input) again(err error, do func() error) error {
	for n := 0; passes(err); n++ {
		if n == tries-1 || in.spent.Load() {
			in.spent.Store(true)
			return err
		}
		if err := in.options.wait(in.ctx, time.Second<<n); err != nil {
			return err
		}
		if err = in.open(); err == nil {
			err = do()
		}
	}
	return err
}

func (in *input) ReadAt(p []byte, at int64) (n int, err error) {
	read := func() error {
		k, err := in.f.ReadAt(p[n:], at+int64(n))
		n += k
		return err
	}
	if err = in.again(read(), read); err != nil && err != io.EOF {
		in.failed = err
	}
	return n, err
}

func (in *input) Close() error { return in.f.Close() }
