package format

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// frameBytes is the size of a compressed frame or member before compression.
// Each is compressed by itself, so the output depends neither on the number of
// goroutines nor on who writes what at once.
const frameBytes = 2 << 20

// codecs compresses frames on a bounded number of goroutines.
type codecs struct {
	level   int
	zstd    *zstd.Encoder
	gzips   sync.Pool
	buffers sync.Pool
	slots   chan struct{}
}

func newCodecs(level, threads int) (*codecs, error) {
	if level == 0 {
		level = 3
	}
	if level < 1 || level > 22 {
		return nil, fmt.Errorf("write.level: %d is not a level\nwrite 1 to 9 for gzip, 1 to 22 for zstd", level)
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(threads), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(frameBytes),
		zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)), zstd.WithZeroFrames(true))
	if err != nil {
		return nil, err
	}
	return &codecs{level: level, zstd: z, slots: make(chan struct{}, threads)}, nil
}

// compress appends one frame with the contents of p to dst.
func (c *codecs) compress(kind string, dst, p []byte) ([]byte, error) {
	if kind == "zstd" {
		return c.zstd.EncodeAll(p, dst), nil
	}
	out := bytes.NewBuffer(dst)
	z, _ := c.gzips.Get().(*gzip.Writer)
	if z == nil {
		var err error
		if z, err = gzip.NewWriterLevel(out, min(c.level, gzip.BestCompression)); err != nil {
			return nil, err
		}
	} else {
		z.Reset(out)
	}
	defer c.gzips.Put(z)
	if _, err := z.Write(p); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (c *codecs) buffer() []byte {
	if b, _ := c.buffers.Get().(*[]byte); b != nil {
		return (*b)[:0]
	}
	return make([]byte, 0, frameBytes)
}

func (c *codecs) give(b []byte) { c.buffers.Put(&b) }

func (c *codecs) frames(kind string, w io.Writer) *frameWriter {
	return &frameWriter{codecs: c, kind: kind, w: w, buf: c.buffer()}
}

// A frameWriter cuts what is written into frames, compresses some of them at
// the same time and writes them in order. It belongs to one goroutine.
type frameWriter struct {
	codecs  *codecs
	kind    string
	w       io.Writer
	buf     []byte
	pending []chan frame
	frames  int
	err     error
}

type frame struct {
	data []byte
	err  error
}

// pendingFrames bounds the frames of one piece that are held in memory.
const pendingFrames = 2

func (f *frameWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 && f.err == nil {
		k := min(len(p), frameBytes-len(f.buf))
		f.buf, p = append(f.buf, p[:k]...), p[k:]
		if len(f.buf) == frameBytes {
			f.submit()
		}
	}
	return n, f.err
}

// submit compresses what is in buf, and waits for the oldest frame where too
// many are under way.
func (f *frameWriter) submit() {
	for len(f.pending) >= pendingFrames && f.err == nil {
		f.collect()
	}
	done, in := make(chan frame, 1), f.buf
	f.pending = append(f.pending, done)
	f.frames++
	f.buf = f.codecs.buffer()
	f.codecs.slots <- struct{}{}
	go func() {
		data, err := f.codecs.compress(f.kind, f.codecs.buffer(), in)
		f.codecs.give(in)
		<-f.codecs.slots
		done <- frame{data, err}
	}()
}

// collect writes the oldest frame.
func (f *frameWriter) collect() {
	r := <-f.pending[0]
	f.pending = f.pending[1:]
	if f.err == nil {
		f.err = r.err
	}
	if f.err == nil {
		_, f.err = f.w.Write(r.data)
	}
	f.codecs.give(r.data)
}

// Close writes the last frame. A piece without rows is one empty frame, so
// that an output shard is a valid file in any case.
func (f *frameWriter) Close() error {
	if len(f.buf) > 0 || f.frames == 0 {
		f.submit()
	}
	for len(f.pending) > 0 {
		f.collect()
	}
	f.codecs.give(f.buf)
	f.buf = nil
	return f.err
}
