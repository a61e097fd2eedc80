package text

import (
	"context"
	"errors"
	"fmt"

	"sluice/stages"
	"sluice/stages/scan"
)

// Join is the table of text.join, NeMo Curator's DocumentJoiner.
type Join struct {
	Separator     string `toml:"separator" doc:"what is put between two segments"`
	DocumentField string `toml:"document_id_field" doc:"column with the id of the document, for segments that an earlier job has made; \"\" = those of this job, and then no when"`
	SegmentField  string `toml:"segment_id_field" doc:"column of text.split with the number of the segment"`
	Drop          bool   `toml:"drop_segment_id_field" doc:"leave that column out"`
	MaxLength     int64  `toml:"max_length" doc:"of a joined text: more segments begin another row; 0 = all of a text are one row"`
	LengthField   string `toml:"length_field" doc:"column with the length of each segment, for max_length; \"\" = its code points"`
}

// DefaultJoin joins paragraphs.
func DefaultJoin() Join { return Join{Separator: "\n\n", SegmentField: "segment_id", Drop: true} }

// NewJoin returns the stage that joins what is left of the segments of each text that text.split has cut in the same job. Which belong
// together is known without NeMo Curator's document_id_field. The other columns are those of the first
// segment that is left. A text of which none is left goes.
//
// With max_length a row takes segments, with a separator between each two, as long as they are no longer than that in all;
// a longer segment is a row by itself. The length of a separator is its code points, also
// where that of segments is a number of tokens. Column length_field gets what the row
// comes to, and the segment numbers count these rows.
//
// With document_id_field it joins segments that an earlier job has written as rows, by the id of their document and their
// numbers. They may stand anywhere in the input, where NeMo Curator wants all of a document in one batch: the ranks send each
// other their texts. Those of one document with one number are joined in the order of the input. Equal numbers are one id; rows without
// an id stay as they are. It is the document that has the id, so corpus.ids stands in front of text.split. NeMo
// Curator takes of each other column the first value that is not null.
func NewJoin(c stages.Common, j Join) ([]stages.Stage, error) {
	var errs []error
	if j.MaxLength < 0 {
		errs = append(errs, fmt.Errorf("max_length = %d is no length\nwrite the code points of the longest text, or 0 to join all", j.MaxLength))
	}
	if j.LengthField != "" && j.MaxLength == 0 {
		errs = append(errs, errors.New("length_field is for max_length, which is not there\nwrite max_length, or leave length_field out"))
	}
	errs = append(errs, named("segment_id_field", j.SegmentField))
	if j.DocumentField == "" {
		return []stages.Stage{&join{table: j, common: c}}, errors.Join(errs...)
	}
	if j.DocumentField == j.SegmentField {
		errs = append(errs, fmt.Errorf("document_id_field and segment_id_field are both %q\nname the column with the id of the document, and the one with the number of the segment", j.SegmentField))
	}
	return []stages.Stage{&joinDocuments{table: j, common: c}}, errors.Join(errs...)
}

// columns returns the columns that are read and changed, but for the number of the segment, which becomes different things.
func (j *Join) columns(text string) stages.Columns {
	c := stages.Columns{
		Reads:   []stages.Need{{Name: text, Type: stages.Text}, {Name: j.SegmentField, Type: stages.Scalars}},
		Changes: []string{text},
	}
	if j.LengthField != "" {
		c.Reads = append(c.Reads, stages.Need{Name: j.LengthField, Type: stages.Scalars})
		c.Changes = append(c.Changes, j.LengthField)
	}
	return c
}

// with returns how long a row is with another segment, and whether it may be as long.
func (j *Join) with(row, segment float64) (length float64, fits bool) {
	length = row + segment + float64(scan.CodePoints([]byte(j.Separator)))
	return length, j.MaxLength == 0 || length <= float64(j.MaxLength)
}

// lengthOf returns the length of row i of b, a segment. lengths is nil for code points.
func (j *Join) lengthOf(b *stages.Batch, i int, text, lengths *stages.Column) (float64, error) {
	if j.MaxLength == 0 {
		return 0, nil
	}
	if lengths == nil {
		return float64(scan.CodePoints(text.Text[i])), nil
	}
	switch v := lengths.Values[i]; v.Kind {
	case stages.Int:
		return float64(v.Int), nil
	case stages.Float:
		return v.Float, nil
	}
	return 0, &stages.RowError{Batch: b, Row: i, Err: fmt.Errorf("column %q holds no length of the segment\nname a column of numbers that each segment has, or leave length_field out", j.LengthField)}
}

// lengthValue is what is written of a length.
func lengthValue(length float64) stages.Scalar {
	if whole := int64(length); float64(whole) == length {
		return stages.Scalar{Kind: stages.Int, Int: whole}
	}
	return stages.Scalar{Kind: stages.Float, Float: length}
}

type join struct {
	table  Join
	common stages.Common
}

func (j *join) Name() string { return j.common.Name }

// Parted implements stages.Parter.
func (j *join) Parted() (column, number string) { return j.common.Column, j.table.SegmentField }

func (j *join) Closes() bool { return j.table.MaxLength == 0 }

func (j *join) Columns() stages.Columns {
	c := j.table.columns(j.common.Column)
	switch {
	case !j.table.Drop:
		c.Changes = append(c.Changes, j.table.SegmentField)
	case j.Closes():
		c.Takes = []string{j.table.SegmentField}
	default:
		c.Drops = []string{j.table.SegmentField}
	}
	return c
}

// Join joins the segments of each row.
func (j *join) Join(_ context.Context, parts *stages.Batch) error {
	w := joining{join: j, parts: parts, text: parts.Column(j.common.Column), numbers: parts.Column(j.table.SegmentField), first: -1}
	if j.table.LengthField != "" {
		w.lengths = parts.Column(j.table.LengthField)
	}
	for i, kept := range parts.Keep {
		if !kept {
			continue
		}
		if err := w.add(i); err != nil {
			return err
		}
	}
	return w.end()
}

// A joining is the work on one batch.
type joining struct {
	*join
	parts         *stages.Batch
	text, numbers *stages.Column
	lengths       *stages.Column // nil: code points

	first    int // row that takes the others; -1: none yet
	segments int // that it has
	number   int64
	length   float64
	buffer   []byte
	texts    stages.Texts
}

// add gives segment i to the row at hand, or begins one.
func (w *joining) add(i int) error {
	length, err := w.table.lengthOf(w.parts, i, w.text, w.lengths)
	if err != nil {
		return err
	}
	same := w.first >= 0 && w.parts.Of[i] == w.parts.Of[w.first]
	if sum, fits := w.table.with(w.length, length); same && fits {
		w.buffer = append(append(w.buffer, w.table.Separator...), w.text.Text[i]...)
		w.segments++
		w.length = sum
		w.parts.Merge(i)
		return nil
	}
	if err := w.end(); err != nil {
		return err
	}
	w.number++
	if !same {
		w.number = 0
	}
	w.first, w.segments, w.length = i, 1, length
	w.buffer = append(w.buffer[:0], w.text.Text[i]...)
	return nil
}

// end writes the row at hand.
func (w *joining) end() error {
	if w.first < 0 {
		return nil
	}
	if w.segments > 1 {
		w.text.SetText(w.first, w.texts.Copy(w.buffer))
	}
	if w.table.MaxLength == 0 {
		return nil
	}
	if !w.table.Drop {
		w.numbers.Set(w.first, stages.Scalar{Kind: stages.Int, Int: w.number})
	}
	if w.lengths == nil || w.segments == 1 {
		return nil
	}
	return w.lengths.Put(w.first, lengthValue(w.length))
}
