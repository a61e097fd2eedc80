package format

import (
	"bytes"
	"context"
	"io"
)

// A lineReader cuts a stream into runs of lines. A line ends behind its
// newline, or where the file ends. Lines are cut from slabs that batches
// share, so nothing but the line that straddles two slabs is copied.
type lineReader struct {
	in      io.Reader
	path    string
	pool    *pool
	batch   int   // bytes of a run
	max     int64 // bytes of a line
	end     int64 // lines that start here or later belong to the next block
	limit   int64 // lines that are left to read
	partial bool  // the stream starts within a line of the block before

	slab      *slab
	base      int64 // place in the file of the first byte of the slab
	pos, fill int   // what is in the slab and not handed out
	seen      int   // bytes behind pos that are known to hold no newline
	row       int64 // rows handed out
	err       error // io.EOF, or why there is no more
}

// next fills ends with the ends of the lines of the next run, counted from
// where the run starts, and returns the run and its place in the file. The
// slab is held for the caller. After the last run it returns the error that ended
// the stream.
func (l *lineReader) next(ctx context.Context, ends []int) (run []byte, at int64, _ []int, _ *slab, err error) {
	for {
		if l.partial {
			l.skipPartial()
		}
		if !l.partial {
			p := l.pos
			for p-l.pos < l.batch && l.limit > 0 && l.base+int64(p) < l.end {
				k := bytes.IndexByte(l.bytes()[p+l.seen:l.fill], '\n')
				if k < 0 {
					l.seen = l.fill - p
					break
				}
				p += l.seen + k + 1
				l.seen = 0
				ends = append(ends, p-l.pos)
				l.limit--
			}
			if p > l.pos {
				run, at = l.slab.buf[l.pos:p:p], l.base+int64(l.pos)
				l.pos = p
				l.row += int64(len(ends))
				l.slab.hold()
				return run, at, ends, l.slab, nil
			}
		}
		if l.limit <= 0 || l.base+int64(l.pos) >= l.end {
			return nil, 0, ends, nil, io.EOF
		}
		if l.err != nil {
			return l.last(ends)
		}
		if err := ctx.Err(); err != nil {
			return nil, 0, ends, nil, err
		}
		if err := l.refill(); err != nil {
			return nil, 0, ends, nil, err
		}
	}
}

func (l *lineReader) bytes() []byte {
	if l.slab == nil {
		return nil
	}
	return l.slab.buf
}

// last hands out the line that has no newline.
func (l *lineReader) last(ends []int) ([]byte, int64, []int, *slab, error) {
	// What is left of a stream that broke is not a line.
	if l.pos == l.fill || l.err != io.EOF {
		return nil, 0, ends, nil, l.err
	}
	run, at := l.slab.buf[l.pos:l.fill:l.fill], l.base+int64(l.pos)
	l.pos, l.seen = l.fill, 0
	l.row++
	l.slab.hold()
	return run, at, append(ends, len(run)), l.slab, nil
}

// skipPartial skips the rest of a line that the block before reads.
func (l *lineReader) skipPartial() {
	k := bytes.IndexByte(l.bytes()[l.pos:l.fill], '\n')
	if k < 0 {
		l.pos = l.fill
		return
	}
	l.pos += k + 1
	l.partial = false
}

// refill reads more behind what is left of the slab.
func (l *lineReader) refill() error {
	rest := l.fill - l.pos
	if int64(rest) > l.max {
		return &RowTooLong{l.path, l.row, l.base + int64(l.pos), l.max}
	}
	// Batches may still read what is in front of fill; nobody reads behind it.
	if l.slab == nil || l.fill == len(l.slab.buf) {
		next := l.pool.slab(max(l.pool.size, int(min(2*int64(rest), l.max+1))))
		if rest > 0 {
			copy(next.buf, l.slab.buf[l.pos:l.fill])
		}
		l.close()
		l.base += int64(l.pos)
		l.slab, l.pos, l.fill = next, 0, rest
	}
	// Decompressors return little at a time. Behind the end of the block only the
	// rest of its last line is wanted, and one read may hold it.
	want := min(l.fill+l.batch, len(l.slab.buf))
	for l.fill < want && l.err == nil {
		n, err := l.in.Read(l.slab.buf[l.fill:])
		l.fill += n
		if err != nil {
			l.err = l.reason(err)
		}
		if l.base+int64(l.fill) >= l.end {
			break
		}
	}
	return nil
}

// reason tells the end of a stream from a stream that cannot be read.
func (l *lineReader) reason(err error) error {
	if err == io.EOF {
		return err
	}
	return asDamage(l.path, l.base+int64(l.fill), err)
}

func (l *lineReader) close() {
	if l.slab != nil {
		l.slab.drop()
		l.slab = nil
	}
}
