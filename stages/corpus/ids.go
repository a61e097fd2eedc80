package corpus

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/zeebo/xxh3"

	"sluice/stages"
	"sluice/stages/format"
)

// IDs is the table of corpus.ids.
type IDs struct {
	Into      string `toml:"into" doc:"column to write"`
	Style     string `toml:"style" doc:"place: SHARD@PLACE, the byte of a line of JSONL or the number of a row; hash: of the text"`
	Prefix    string `toml:"prefix" doc:"in front, with a hyphen"`
	Overwrite bool   `toml:"overwrite" doc:"give rows another id that have one, rather than end the job"`
}

// DefaultIDs writes places into column id.
func DefaultIDs() IDs { return IDs{Into: "id", Style: "place"} }

type ids struct {
	IDs
	common  stages.Common
	buffers sync.Pool // of *[]byte
}

// NewIDs returns the stage that gives each row an id, the same at any number of ranks and
// however shards are cut into blocks. With "place" it is the name of the shard, and where the row stands in
// it, as format.Place says, with an @ between, and # with the number of the segment behind text.split: all rows of a job differ. With "hash" it is 32 hexadecimal
// digits, XXH3's 128-bit hash of the text: rows keep it when they move between files, and
// equal texts have equal ids. A row without a text has none then. With when = "id == nil" the rows get one that have none.
//
// Running numbers, as of NeMo Curator's AddId, are not offered: how many rows are left in all shards
// before is not known while a shard is read.
func NewIDs(c stages.Common, o IDs) ([]stages.Stage, error) {
	var errs []error
	if o.Into == "" {
		errs = append(errs, errors.New("into = \"\": a column has to have a name"))
	}
	switch o.Style {
	case "place", "hash":
	case "ordered", "number":
		errs = append(errs, fmt.Errorf("style = %q: running numbers are not known while shards are read\nwrite place, which differs for all rows, or hash", o.Style))
	default:
		errs = append(errs, fmt.Errorf("style = %q is not known; have hash, place", o.Style))
	}
	if o.Style == "hash" && o.Into == c.Column {
		errs = append(errs, fmt.Errorf("into = %q is the column that is hashed", o.Into))
	}
	return []stages.Stage{&ids{IDs: o, common: c}}, errors.Join(errs...)
}

func (s *ids) Name() string { return s.common.Name }

func (s *ids) Columns() stages.Columns {
	c := stages.Columns{Reads: []stages.Need{{Name: s.Into, Type: stages.Scalars, Optional: true}}, Changes: []string{s.Into}}
	if s.Style == "hash" {
		c.Reads = append(c.Reads, stages.Need{Name: s.common.Column, Type: stages.Text})
	}
	return c
}

func (s *ids) Map(_ context.Context, b *stages.Batch) error {
	buffer, ok := s.buffers.Get().(*[]byte)
	if !ok {
		buffer = new([]byte)
	}
	defer s.buffers.Put(buffer)
	column := b.Writable(s.Into)
	var texts stages.Texts
	for i, kept := range b.Keep {
		if !kept {
			continue
		}
		if column.Values[i].Kind != stages.Null && !s.Overwrite {
			return &stages.RowError{Batch: b, Row: i, Err: fmt.Errorf("column %q has a value already\n"+
				"write overwrite = true for other ids, when = '%s == nil' to keep those, or into = \"COLUMN\"", s.Into, s.Into)}
		}
		*buffer, ok = s.append((*buffer)[:0], b, i)
		v := stages.Scalar{}
		if ok {
			v = stages.Scalar{Kind: stages.String, Str: texts.Copy(*buffer)}
		}
		if err := column.Put(i, v); err != nil {
			return err
		}
	}
	return nil
}

// append appends the id of row i; ok is false if it gets none.
func (s *ids) append(dst []byte, b *stages.Batch, i int) (_ []byte, ok bool) {
	if s.Prefix != "" {
		dst = append(append(dst, s.Prefix...), '-')
	}
	if s.Style == "place" {
		dst = append(append(dst, b.Shard.Name...), '@')
		dst = strconv.AppendInt(dst, format.Place(b, i), 10)
		if n, is := b.Segment(i); is {
			dst = strconv.AppendInt(append(dst, '#'), n, 10)
		}
		return dst, true
	}
	text := b.Column(s.common.Column).Text[i]
	if text == nil {
		return dst, false
	}
	sum := xxh3.Hash128(text).Bytes()
	return hex.AppendEncode(dst, sum[:]), true
}
