package format

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"sluice/stages"
)

// jsonlSink writes JSONL.
type jsonlSink struct {
	compress string // "auto", "none", "gzip" or "zstd"
	project  *projection
	codecs   *codecs
}

func newJSONLSink(w stages.Write, p *projection, o Options) (stages.Sink, error) {
	c, err := newCodecs(w.Level, o.Threads)
	if err != nil {
		return nil, err
	}
	s := &jsonlSink{compress: w.Compress, project: p, codecs: c}
	if s.compress == "" {
		s.compress = "auto"
	}
	return s, nil
}

func (s *jsonlSink) compression(shard *stages.Shard) string {
	switch {
	case s.compress != "auto":
		return s.compress
	case shard.Format == "jsonl":
		return compression(shard.Name)
	}
	return "none"
}

func (s *jsonlSink) Name(shard *stages.Shard) string {
	name := strings.TrimSuffix(strings.TrimSuffix(shard.Name, ".gz"), ".zst")
	switch shard.Format {
	case "parquet":
		name = strings.TrimSuffix(name, ".parquet") + ".jsonl"
	case "files":
		if name = shard.Name; !strings.HasSuffix(name, ".jsonl") {
			name += ".jsonl"
		}
	}
	switch s.compression(shard) {
	case "gzip":
		return name + ".gz"
	case "zstd":
		return name + ".zst"
	}
	return name
}

func (s *jsonlSink) Plain() bool { return true }

// Join concatenates: members and frames may follow each other.
func (s *jsonlSink) Join(w io.Writer, pieces []*io.SectionReader) error {
	for _, p := range pieces {
		if _, err := io.Copy(w, io.NewSectionReader(p, 0, p.Size())); err != nil {
			return err
		}
	}
	return nil
}

func (s *jsonlSink) Piece(shard *stages.Shard, w io.Writer) (stages.Piece, error) {
	p := &jsonlPiece{sink: s}
	if kind := s.compression(shard); kind != "none" {
		p.frames = s.codecs.frames(kind, w)
		w = p.frames
	}
	p.w = bufio.NewWriterSize(w, 256<<10)
	return p, nil
}

// jsonlPiece writes the rows of one block.
type jsonlPiece struct {
	sink    *jsonlSink
	w       *bufio.Writer
	frames  *frameWriter // nil: not compressed
	splicer splicer
	buf     []byte
	open    bool // the last row had no line end
}

func (p *jsonlPiece) Write(b *stages.Batch) error {
	switch o := b.Origin.(type) {
	case *rows:
		return p.writeRows(b, o)
	case rowWriter:
		return p.writeOther(b, o)
	}
	return fmt.Errorf("format: cannot write a batch of %T as JSONL", b.Origin)
}

func (p *jsonlPiece) writeRows(b *stages.Batch, o *rows) error {
	p.splicer.reset(b, o, p.sink.project)
	for i := 0; i < b.Len(); i++ {
		if !b.Keep[i] {
			continue
		}
		if p.splicer.raw(i) {
			first := b.Read(i)
			last := first
			for i+1 < b.Len() && b.Keep[i+1] && p.splicer.raw(i+1) && b.Read(i+1) == last+1 {
				i++
				last++
			}
			if err := p.line(o.raw[o.start(first):o.ends[last]]); err != nil {
				return err
			}
			continue
		}
		var err error
		if p.buf, err = p.splicer.append(p.buf[:0], i); err != nil {
			return err
		}
		if err := p.line(p.buf); err != nil {
			return err
		}
	}
	return nil
}

// line writes one or more rows with their line ends; the last row of a file
// may have none.
func (p *jsonlPiece) line(row []byte) error {
	if p.open {
		if err := p.w.WriteByte('\n'); err != nil {
			return err
		}
	}
	p.open = row[len(row)-1] != '\n'
	_, err := p.w.Write(row)
	return err
}

func (p *jsonlPiece) Close() error {
	if err := p.w.Flush(); err != nil || p.frames == nil {
		return err
	}
	return p.frames.Close()
}

// noneSink only takes rows.
type noneSink struct{}

func (noneSink) Name(s *stages.Shard) string                          { return s.Name }
func (noneSink) Piece(*stages.Shard, io.Writer) (stages.Piece, error) { return noneSink{}, nil }
func (noneSink) Join(io.Writer, []*io.SectionReader) error            { return nil }
func (noneSink) Plain() bool                                          { return true }
func (noneSink) Write(*stages.Batch) error                            { return nil }
func (noneSink) Close() error                                         { return nil }
