package text

import (
	"bytes"
	"context"
	"errors"

	"sluice/stages"
)

// Split is the table of text.split, NeMo Curator's DocumentSplitter.
type Split struct {
	Separator    string `toml:"separator" doc:"what stands between two segments"`
	SegmentField string `toml:"segment_id_field" doc:"column for the number of the segment, from 0"`
}

// DefaultSplit makes segments of paragraphs. NeMo Curator has no separator by default.
func DefaultSplit() Split { return Split{Separator: "\n\n", SegmentField: "segment_id"} }

// NewSplit returns the stage that makes a row of each segment of a text. The other columns are those of the row
// that was split. Segments may be empty: of white space they keep all. A text without the separator, or none, is one segment. The
// stages behind it see segments, up to text.join, which puts those together that are left.
//
// The separator is text. NeMo Curator takes one of two or more characters for a regular expression, as
// pandas.Series.str.split does: there ".." splits "a.b.c" into "", "" and "c".
//
// A dedup behind text.join ends a pass, and the next one reads the texts anew: all that stands between text.split and
// text.join works again there, also on the segments that it has dropped.
//
// A batch takes some 150 bytes of memory more for each segment.
func NewSplit(c stages.Common, s Split) ([]stages.Stage, error) {
	err := errors.Join(named("separator", s.Separator), named("segment_id_field", s.SegmentField))
	return []stages.Stage{&split{s, c}}, err
}

// named returns an error for a key without a value.
func named(key, value string) error {
	if value == "" {
		return errors.New(key + " is empty\ngive it a value, or leave it out for the default")
	}
	return nil
}

type split struct {
	Split
	common stages.Common
}

func (s *split) Name() string { return s.common.Name }

func (s *split) Columns() stages.Columns {
	return stages.Columns{
		Reads:   []stages.Need{{Name: s.common.Column, Type: stages.Text}},
		Adds:    []string{s.SegmentField},
		Changes: []string{s.common.Column},
		Kinds:   map[string]stages.Kind{s.SegmentField: stages.Int},
	}
}

// Parted implements stages.Parter.
func (s *split) Parted() (column, number string) { return s.common.Column, s.SegmentField }

// Count counts separators, which do not overlap.
func (s *split) Count(_ context.Context, b *stages.Batch) ([]int, error) {
	counts, separator := make([]int, b.Len()), []byte(s.Separator)
	for i, text := range b.Column(s.common.Column).Text {
		if b.Keep[i] {
			counts[i] = bytes.Count(text, separator) + 1
		}
	}
	return counts, nil
}

// Fill cuts each copy of a text down to its segment.
func (s *split) Fill(_ context.Context, parts *stages.Batch) error {
	numbers := parts.Add(s.SegmentField).Values
	column, separator := parts.Column(s.common.Column), []byte(s.Separator)
	var rest []byte
	number, whole := int64(0), int32(-1)
	for i, text := range column.Text {
		if !parts.Keep[i] {
			continue
		}
		if parts.Of[i] != whole {
			whole, number, rest = parts.Of[i], 0, text
		}
		numbers[i] = stages.Scalar{Kind: stages.Int, Int: number}
		number++
		segment, after, found := bytes.Cut(rest, separator)
		rest = after
		if found || number > 1 {
			column.SetText(i, segment[:len(segment):len(segment)])
		}
	}
	return nil
}
