package format

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"sync/atomic"

	"sluice/stages"
)

// A collection is a folder of files that FORMAT.md describes: records of samples, with
// their names, behind a header that says how the records were made.

// SavedExtension is how the names of the files of a collection end.
const SavedExtension = ".sketches"

func isSaved(path string) bool { return strings.HasSuffix(path, SavedExtension) }

const (
	savedMagic   = "SLUICESK"
	savedEnd     = "SKETCHED"
	savedVersion = 1
	savedChunk   = 256 << 10 // bytes, from which on a chunk ends
	savedFooter  = 4 + 4 + len(savedEnd)
	savedHead    = len(savedMagic) + 4 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sum(p []byte) uint32 { return crc32.Checksum(p, castagnoli) }

// A Collection writes a file of a collection. It belongs to one goroutine. The same
// records give the same bytes.
type Collection struct {
	w     io.Writer
	chunk []byte
	rows  uint64
	index []byte
}

// NewCollection starts a file on w.
func NewCollection(w io.Writer, parameters []stages.Parameter) (*Collection, error) {
	text, err := json.Marshal(parameters)
	if err != nil {
		return nil, err
	}
	head := binary.LittleEndian.AppendUint32([]byte(savedMagic), savedVersion)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(text)))
	head = append(head, text...)
	head = binary.LittleEndian.AppendUint32(head, sum(head))
	_, err = w.Write(head)
	return &Collection{w: w}, err
}

// Write appends the record of a sample.
func (c *Collection) Write(name, record []byte) error {
	c.chunk = binary.AppendUvarint(c.chunk, uint64(len(name)))
	c.chunk = append(c.chunk, name...)
	c.chunk = binary.AppendUvarint(c.chunk, uint64(len(record)))
	c.chunk = append(c.chunk, record...)
	c.rows++
	if len(c.chunk) < savedChunk {
		return nil
	}
	return c.flush()
}

func (c *Collection) flush() error {
	c.index = binary.AppendUvarint(c.index, uint64(len(c.chunk)))
	c.index = binary.AppendUvarint(c.index, c.rows)
	c.index = binary.LittleEndian.AppendUint32(c.index, sum(c.chunk))
	_, err := c.w.Write(c.chunk)
	c.chunk, c.rows = c.chunk[:0], 0
	return err
}

// Close writes what is left. It does not close the writer.
func (c *Collection) Close() error {
	if c.rows > 0 {
		if err := c.flush(); err != nil {
			return err
		}
	}
	end := binary.LittleEndian.AppendUint32(c.index, uint32(len(c.index)))
	end = binary.LittleEndian.AppendUint32(end, sum(end))
	_, err := c.w.Write(append(end, savedEnd...))
	return err
}

// A savedFile is an open file of a collection.
type savedFile struct {
	*input
	parameters []stages.Parameter
	chunks     []savedPart
}

// A savedPart is one chunk: where it is, its rows and its checksum.
type savedPart struct {
	offset, length int64
	rows           int
	sum            uint32
}

// damagedFile says that a file of a collection is not as it was written.
func damagedFile(path, format string, args ...any) error {
	return fmt.Errorf("%s: %s\ncopy or save the collection again, or leave it out of against", path, fmt.Sprintf(format, args...))
}

// openSaved opens a file of a collection and reads its header and its index.
func openSaved(ctx context.Context, path string, o *Options) (*savedFile, error) {
	f, err := openInput(ctx, path, o, new(atomic.Bool))
	if err != nil {
		return nil, err
	}
	s := &savedFile{input: f}
	if err := s.read(); err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

// at reads n bytes of the file.
func (s *savedFile) at(offset, n int64) ([]byte, error) {
	p := make([]byte, n)
	if _, err := s.ReadAt(p, offset); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, damagedFile(s.path, "the file is cut short")
		}
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	return p, nil
}

func (s *savedFile) read() error {
	size := s.info.Size()
	if size < int64(savedHead+4+savedFooter) {
		return damagedFile(s.path, "the file is cut short: it has %d bytes", size)
	}
	head, err := s.at(0, int64(savedHead))
	if err != nil {
		return err
	}
	if string(head[:len(savedMagic)]) != savedMagic {
		return damagedFile(s.path, "this is no collection of sketches")
	}
	if v := binary.LittleEndian.Uint32(head[len(savedMagic):]); v != savedVersion {
		return fmt.Errorf("%s: the file is of version %d, and this sluice reads version %d\nuse the sluice that wrote it, or save the collection again", s.path, v, savedVersion)
	}
	begin := int64(savedHead) + int64(binary.LittleEndian.Uint32(head[len(savedMagic)+4:])) + 4
	if begin+int64(savedFooter) > size {
		return damagedFile(s.path, "the file is cut short, or its header is damaged")
	}
	if head, err = s.at(0, begin); err != nil {
		return err
	}
	text := head[:begin-4]
	if sum(text) != binary.LittleEndian.Uint32(head[begin-4:]) {
		return damagedFile(s.path, "the checksum of the header is wrong")
	}
	if err := json.Unmarshal(text[savedHead:], &s.parameters); err != nil {
		return damagedFile(s.path, "the header says nothing: %v", err)
	}
	return s.readIndex(begin, size)
}

// readIndex reads where the chunks are, which begin behind the header.
func (s *savedFile) readIndex(begin, size int64) error {
	footer, err := s.at(size-int64(savedFooter), int64(savedFooter))
	if err != nil {
		return err
	}
	length := int64(binary.LittleEndian.Uint32(footer))
	end := size - int64(savedFooter) - length
	if string(footer[8:]) != savedEnd || end < begin {
		return damagedFile(s.path, "the file is cut short, or its end is damaged")
	}
	index, err := s.at(end, length+4)
	if err != nil {
		return err
	}
	if sum(index) != binary.LittleEndian.Uint32(footer[4:]) {
		return damagedFile(s.path, "the checksum of the index is wrong")
	}
	at := begin
	for index = index[:length]; len(index) > 0; {
		n, k := binary.Uvarint(index)
		rows, j := binary.Uvarint(index[max(k, 0):])
		if k <= 0 || j <= 0 || len(index) < k+j+4 || n > uint64(end-at) || rows > n {
			return damagedFile(s.path, "the index is damaged")
		}
		s.chunks = append(s.chunks, savedPart{at, int64(n), int(rows), binary.LittleEndian.Uint32(index[k+j:])})
		at += int64(n)
		index = index[k+j+4:]
	}
	if at != end {
		return damagedFile(s.path, "the index is damaged: it knows of %d bytes of %d", at-begin, end-begin)
	}
	return nil
}

// chunk reads a chunk.
func (s *savedFile) chunk(i int) ([]byte, error) {
	c := s.chunks[i]
	p, err := s.at(c.offset, c.length)
	if err == nil && sum(p) != c.sum {
		err = damagedFile(s.path, "the checksum of the %d bytes at byte %d is wrong", c.length, c.offset)
	}
	return p, err
}

// rowsOf finds the names and records of a chunk.
func (s *savedFile) rowsOf(p []byte, rows int) (names, records [][]byte, err error) {
	take := func() []byte {
		n, k := binary.Uvarint(p)
		if k <= 0 || n > uint64(len(p)-k) {
			err = damagedFile(s.path, "a record is damaged")
			p = nil
			return nil
		}
		v := p[k : k+int(n) : k+int(n)]
		p = p[k+int(n):]
		return v
	}
	names, records = make([][]byte, 0, rows), make([][]byte, 0, rows)
	for range rows {
		names = append(names, take())
		if records = append(records, take()); err != nil {
			return nil, nil, err
		}
	}
	if len(p) > 0 {
		return nil, nil, damagedFile(s.path, "a record is damaged")
	}
	return names, records, nil
}

// CheckCollections refuses shards that are collections which the stage that they are
// against cannot read.
func CheckCollections(ctx context.Context, shards []stages.Shard, list []stages.Stage) error {
	for i := range shards {
		s := &shards[i]
		if s.Format != stages.SavedFormat {
			continue
		}
		var collector stages.Collector
		for _, stage := range list {
			if c, ok := stage.(stages.Collector); ok && stage.Name() == s.Against {
				collector = c
			}
		}
		if collector == nil {
			return fmt.Errorf("%s: stage %q cannot compare with a collection of sketches\nname files with texts in against, or use dedup.fuzzy", s.Path, s.Against)
		}
		if err := checkCollection(ctx, s, collector.Collection().Parameters); err != nil {
			return err
		}
	}
	return nil
}

func checkCollection(ctx context.Context, s *stages.Shard, want []stages.Parameter) error {
	o := Options{}.filled()
	f, err := openSaved(ctx, s.Path, &o)
	if err != nil {
		return err
	}
	defer f.Close()
	has := map[string]string{}
	for _, p := range f.parameters {
		has[p.Key] = p.Value
	}
	var b bytes.Buffer
	for _, p := range want {
		if v := has[p.Key]; v != p.Value && (p.Also == "" || v != p.Also) {
			fmt.Fprintf(&b, "%s: saved with %s = %s, and stage %q has %s\n", s.Path, p.Key, v, s.Against, p.Value)
		}
	}
	if b.Len() == 0 {
		return nil
	}
	return fmt.Errorf("%sgive the stage what the collection was saved with, or save the collection again", b.String())
}
