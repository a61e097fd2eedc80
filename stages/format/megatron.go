package format

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"sluice/stages"
	"sluice/stages/token"
)

// A Megatron is what write.format = "megatron" needs beside the rows. It may be
// shared by sinks.
type Megatron struct {
	tokenizer *token.Tokenizer
	wide      bool  // int32 instead of uint16
	end       int32 // the token after each document; -1 = none
}

// OpenMegatron reads the tokenizer that w names.
func OpenMegatron(w stages.Write) (*Megatron, error) {
	if w.Tokenizer == "" {
		return nil, errors.New("write.tokenizer is missing\nname the tokenizer.json of a Hugging Face model, or the .model file of a SentencePiece one")
	}
	t, err := token.Open(w.Tokenizer)
	if err != nil {
		return nil, fmt.Errorf("write.tokenizer: %w", err)
	}
	m := &Megatron{tokenizer: t, wide: t.VocabSize() > math.MaxUint16+1, end: -1}
	if w.AppendEOD {
		m.end, err = endOfDocument(w, t)
	}
	return m, err
}

// endOfDocument finds the token that ends a document: the one that the job
// names, or the one that the files beside the tokenizer do.
func endOfDocument(w stages.Write, t *token.Tokenizer) (int32, error) {
	if w.EODToken != "" {
		if id, ok := t.ID(w.EODToken); ok {
			return id, nil
		}
		return 0, fmt.Errorf("write.eod_token = %q is no token of %s\nname one as the file spells it", w.EODToken, w.Tokenizer)
	}
	dir := w.Tokenizer
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	for _, name := range []string{"tokenizer_config.json", "special_tokens_map.json", "generation_config.json", "config.json"} {
		id, ok, err := readEnd(filepath.Join(dir, name), t)
		if err != nil {
			return 0, err
		}
		if ok {
			return id, nil
		}
	}
	if id, ok := t.End(); ok {
		return id, nil
	}
	return 0, fmt.Errorf("write.append_eod: neither %s nor a tokenizer_config.json beside it says which token ends a document\nname it with write.eod_token", w.Tokenizer)
}

// readEnd reads eos_token, or eos_token_id, from a file that may not be there.
func readEnd(path string, t *token.Tokenizer) (id int32, ok bool, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	var file struct {
		Token json.RawMessage `json:"eos_token"`
		ID    json.RawMessage `json:"eos_token_id"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return 0, false, fmt.Errorf("%s: %w\nfetch the file again, or name the token with write.eod_token", path, err)
	}
	var name string
	var added struct{ Content string }
	if json.Unmarshal(file.Token, &name) != nil && json.Unmarshal(file.Token, &added) == nil {
		name = added.Content
	}
	if name != "" {
		if id, ok = t.ID(name); !ok {
			return 0, false, fmt.Errorf("%s: eos_token = %q is no token of the tokenizer beside it\nname one with write.eod_token", path, name)
		}
		return id, true, nil
	}
	var ids []int32
	if json.Unmarshal(file.ID, &id) == nil {
		ids = []int32{id}
	} else if json.Unmarshal(file.ID, &ids) != nil {
		return 0, false, nil
	}
	if len(ids) == 0 || string(file.ID) == "null" {
		return 0, false, nil
	}
	if ids[0] < 0 || int(ids[0]) >= t.VocabSize() {
		return 0, false, fmt.Errorf("%s: eos_token_id = %d is no token of the tokenizer beside it\nname one with write.eod_token", path, ids[0])
	}
	return ids[0], true, nil
}

// megatronSink writes the indexed datasets of Megatron-LM: NAME.bin holds the
// tokens of all documents, NAME.idx where each begins (IndexedDataset in
// megatron/core/datasets/indexed_dataset.py of https://github.com/NVIDIA/Megatron-LM). All
// numbers are little-endian.
//
// A piece holds the tokens of its block, then the length of each document in
// tokens as int32, then their number as uint64.
type megatronSink struct {
	*Megatron
	text string // column
}

func newMegatronSink(w stages.Write, r stages.Read, o Options) (stages.Sink, error) {
	if w.Compress != "" && w.Compress != "auto" && w.Compress != "none" {
		return nil, fmt.Errorf("write.compress = %q: Megatron reads no compressed tokens\ntake it out", w.Compress)
	}
	open := o.Megatron
	if open == nil {
		open = func() (*Megatron, error) { return OpenMegatron(w) }
	}
	m, err := open()
	if err != nil {
		return nil, err
	}
	return &megatronSink{m, r.Text}, nil
}

// Name replaces the extension by .bin.
func (s *megatronSink) Name(shard *stages.Shard) string { return s.base(shard) + ".bin" }

// Beside names the index.
func (s *megatronSink) Beside(shard *stages.Shard) []string { return []string{s.base(shard) + ".idx"} }

func (s *megatronSink) base(shard *stages.Shard) string {
	name := strings.TrimSuffix(strings.TrimSuffix(shard.Name, ".gz"), ".zst")
	for _, extension := range []string{".jsonl", ".json", ".parquet"} {
		if base := strings.TrimSuffix(name, extension); base != name {
			return base
		}
	}
	return name
}

func (s *megatronSink) Plain() bool { return false }

// Join is never called, for a shard is two files.
func (s *megatronSink) Join(io.Writer, []*io.SectionReader) error {
	return errors.New("a Megatron shard was joined as one file: this is a bug")
}

func (s *megatronSink) Piece(_ *stages.Shard, w io.Writer) (stages.Piece, error) {
	return &megatronPiece{sink: s, w: w}, nil
}

// megatronPiece writes the rows of one block.
type megatronPiece struct {
	sink    *megatronSink
	w       io.Writer
	ids     []int32
	buf     []byte
	lengths []byte
}

func (p *megatronPiece) Write(b *stages.Batch) error {
	column := b.Column(p.sink.text)
	p.buf = p.buf[:0]
	for i := range b.Keep {
		if !b.Keep[i] {
			continue
		}
		p.ids = p.sink.tokenizer.EncodePlain(p.ids[:0], column.Text[i])
		if p.sink.end >= 0 {
			p.ids = append(p.ids, p.sink.end)
		}
		if len(p.ids) > math.MaxInt32 {
			return fmt.Errorf("%s has %d tokens; Megatron takes %d at most\nremove it with text.token_count", Where(b, i), len(p.ids), math.MaxInt32)
		}
		for _, id := range p.ids {
			if p.sink.wide {
				p.buf = binary.LittleEndian.AppendUint32(p.buf, uint32(id))
			} else {
				p.buf = binary.LittleEndian.AppendUint16(p.buf, uint16(id))
			}
		}
		p.lengths = binary.LittleEndian.AppendUint32(p.lengths, uint32(len(p.ids)))
	}
	_, err := p.w.Write(p.buf)
	return err
}

func (p *megatronPiece) Close() error {
	count := uint64(len(p.lengths) / 4)
	_, err := p.w.Write(binary.LittleEndian.AppendUint64(p.lengths, count))
	return err
}

// megatronMagic begins an index.
const megatronMagic = "MMIDIDX\x00\x00"

// JoinAll writes NAME.bin and NAME.idx. The lengths of documents are read three times,
// so that no memory is taken for each of them.
func (s *megatronSink) JoinAll(w []io.Writer, pieces []*io.SectionReader) error {
	width, code := int64(2), byte(8)
	if s.wide {
		width, code = 4, 4
	}
	lengths := make([]*io.SectionReader, len(pieces))
	documents := uint64(0)
	for i, p := range pieces {
		var tail [8]byte
		if p.Size() < 8 {
			return errPiece
		}
		if _, err := p.ReadAt(tail[:], p.Size()-8); err != nil {
			return err
		}
		n := binary.LittleEndian.Uint64(tail[:])
		if n > uint64(p.Size()-8)/4 {
			return errPiece
		}
		tokens := p.Size() - 8 - 4*int64(n)
		lengths[i] = io.NewSectionReader(p, tokens, 4*int64(n))
		documents += n
		if _, err := io.Copy(w[0], io.NewSectionReader(p, 0, tokens)); err != nil {
			return err
		}
	}
	out := bufio.NewWriterSize(w[1], 256<<10)
	out.WriteString(megatronMagic) // its errors come at the end
	put := func(v uint64) { out.Write(binary.LittleEndian.AppendUint64(out.AvailableBuffer(), v)) }
	put(1) // version
	out.WriteByte(code)
	put(documents)     // sequences
	put(documents + 1) // ends of documents, which are a sequence each
	for _, l := range lengths {
		if _, err := io.Copy(out, io.NewSectionReader(l, 0, l.Size())); err != nil {
			return err
		}
	}
	offset := int64(0)
	for _, l := range lengths {
		in := bufio.NewReaderSize(l, 64<<10)
		var v [4]byte
		for range l.Size() / 4 {
			if _, err := io.ReadFull(in, v[:]); err != nil {
				return err
			}
			put(uint64(offset))
			offset += width * int64(binary.LittleEndian.Uint32(v[:]))
		}
	}
	for i := range documents + 1 {
		put(i)
	}
	return out.Flush()
}

var errPiece = errors.New("a piece of a Megatron shard is damaged\nstart over with --fresh")
