package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/klauspost/compress/zstd"

	"sluice/stages/pipeline"
)

const exactJob = "input = [%q]\noutput = %q\n[[stage]]\nuse = \"dedup.exact\"\n"

// exact runs exact dedup over folder in, and returns what it took.
func (b *bench) exact(ctx context.Context, in, out string, flags ...string) (cost, *pipeline.Report, error) {
	return b.ran(ctx, out, fmt.Sprintf(exactJob, in, out), flags...)
}

// report reads the report of an output.
func (b *bench) report(out string) (*pipeline.Report, error) {
	p, err := os.ReadFile(filepath.Join(b.Dir, out, "report.json"))
	if err != nil {
		return nil, err
	}
	r := new(pipeline.Report)
	return r, json.Unmarshal(p, r)
}

// runExact measures exact dedup on a corpus that repeats itself, and on one
// whose copies all differ, so that all of it is written.
func runExact(ctx context.Context, b *bench) error {
	base, err := b.base()
	if err != nil {
		return err
	}
	for _, distinct := range []bool{false, true} {
		name := "repeated"
		if distinct {
			name = "distinct"
		}
		if err := b.fresh("in", "zst"); err != nil {
			return err
		}
		if err := b.corpus("in", base, b.Size, distinct); err != nil {
			return err
		}
		size, err := b.folderSize("in")
		if err != nil {
			return err
		}
		c, rep, err := b.exact(ctx, "in", "out", oneCore()...)
		if err != nil {
			return err
		}
		mb := float64(size) / 1e6
		b.figure(name+", plain: input", mb, "MB", "at least 2000")
		b.figure(name+", plain: speed per core", mb/c.cpu, "MB/s", "250")
		b.figure(name+", plain: wall", mb/c.wall, "MB/s", "")
		b.figure(name+", plain: kept", float64(rep.RowsOut)/float64(rep.RowsIn), "of rows", "")
		_, peak := totals(rep)
		b.figure(name+", plain: peak memory", peak, "MB", "")
		b.figure(name+", plain: peak memory per million documents", peak/(float64(rep.RowsIn)/1e6), "MB", "")
		if err := b.limits(name); err != nil {
			return err
		}
		if err := b.compressed("in", "zst"); err != nil {
			return err
		}
		c, rep, err = b.exact(ctx, "zst", "outz", oneCore()...)
		if err != nil {
			return err
		}
		codec, err := b.codec("zst", "outz/data", len(rep.Passes))
		if err != nil {
			return err
		}
		b.figure(name+", zst: speed per core", mb/c.cpu, "MB/s", "")
		b.figure(name+", zst: share of the codec", codec/c.cpu, "of CPU time", "")
		b.figure(name+", zst: time without the codec", max(0, c.cpu-codec)*1e9/float64(size), "ns/byte", "")
		_, peak = totals(rep)
		b.figure(name+", zst: peak memory", peak, "MB", "")
	}
	return nil
}

// limits measures what no program can beat on a core of this machine: reading
// the files, which are in memory, and copying memory.
func (b *bench) limits(name string) error {
	buf, into := make([]byte, 4<<20), make([]byte, 4<<20)
	list, err := filepath.Glob(filepath.Join(b.Dir, "in", "*"))
	if err != nil {
		return err
	}
	var n int64
	watch := newStopwatch()
	for _, path := range list {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		for {
			k, err := f.Read(buf)
			n += int64(k)
			if err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
		}
		f.Close()
	}
	b.figure(name+", limit: reading the files once, per core", float64(n)/1e6/watch.seconds(), "MB/s", "")
	watch = newStopwatch()
	for range 500 {
		copy(into, buf)
	}
	b.figure(name+", limit: copying memory, per core", 500*float64(len(buf))/1e6/watch.seconds(), "MB/s", "")
	return nil
}

// codec returns the CPU seconds that decoding the input once per pass and encoding the
// output once take on one core.
func (b *bench) codec(in, out string, passes int) (float64, error) {
	old := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(old)
	decode, err := b.eachFile(in, func(p []byte) error { return decodeTo(io.Discard, p) })
	if err != nil {
		return 0, err
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return 0, err
	}
	defer z.Close()
	var text bytes.Buffer
	var into []byte
	encode := 0.0
	_, err = b.eachFile(out, func(p []byte) error {
		text.Reset()
		if err := decodeTo(&text, p); err != nil {
			return err
		}
		const frame = 4 << 20 // about what the program compresses at a time
		for p := text.Bytes(); len(p) > 0; p = p[min(frame, len(p)):] {
			watch := newStopwatch()
			into = z.EncodeAll(p[:min(frame, len(p))], into[:0])
			encode += watch.seconds()
		}
		return nil
	})
	return decode*float64(passes) + encode, err
}

// eachFile calls do with the bytes of each file of a folder, and returns the
// CPU seconds spent in it.
func (b *bench) eachFile(folder string, do func([]byte) error) (seconds float64, err error) {
	list, err := filepath.Glob(filepath.Join(b.Dir, folder, "*.zst"))
	if err != nil {
		return 0, err
	}
	for _, path := range list {
		p, err := os.ReadFile(path)
		if err != nil {
			return 0, err
		}
		watch := newStopwatch()
		if err := do(p); err != nil {
			return 0, fmt.Errorf("%s: %w", path, err)
		}
		seconds += watch.seconds()
	}
	return seconds, nil
}

func decodeTo(w io.Writer, p []byte) error {
	z, err := zstd.NewReader(bytes.NewReader(p), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer z.Close()
	_, err = io.Copy(w, z)
	return err
}
