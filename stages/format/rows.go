package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"

	"sluice/stages"
)

// rows is what a batch of JSONL comes from, and the memory that it uses.
type rows struct {
	source *jsonlSource
	slab   *slab
	raw    []byte // the lines
	at     int64  // of raw, bytes into the file
	ends   []int  // of the lines in raw, behind their newlines

	scan    *scanner
	alone   *scanner // of the text alone; nil until it is asked for
	reasons reasoning
	splicer splicer // of parts of rows that were removed
	places  []place // len(fields) per row
	closes  []int   // the closing brace of each row, from its start; 0: damaged
	again   []int   // rows that have a field more than once
	objects int     // rows that hold an object
	has     []bool  // by field: some row has it
	columns []stages.Column
	ids     [][]byte
}

// A place is where the value of a field stands in its row; end 0: it has none.
type place struct{ start, end int }

func (s *jsonlSource) rows() *rows {
	if o, _ := s.pool.rows.Get().(*rows); o != nil {
		return o
	}
	return &rows{source: s, scan: newScanner(s.fields), has: make([]bool, len(s.fields))}
}

func (o *rows) release() {
	if o.slab != nil {
		o.slab.drop()
	}
	o.slab, o.raw = nil, nil
	o.source.pool.rows.Put(o)
}

func (o *rows) missing() (names []string, n int) {
	for i, f := range o.source.fields {
		if !o.has[i] && f.must {
			names = append(names, f.name)
		}
	}
	return names, o.objects
}

// row returns row i as it was read, with its line end.
func (o *rows) row(i int) []byte { return o.raw[o.start(i):o.ends[i]] }

func (o *rows) start(i int) int {
	if i == 0 {
		return 0
	}
	return o.ends[i-1]
}

// parse makes a batch of lines.
func (s *jsonlSource) parse(o *rows, shard *stages.Shard, block *stages.Block, first int64, sample sampler) (*stages.Batch, error) {
	b := stages.NewBatch(shard, block, first, len(o.ends))
	b.Origin = o
	o.prepare(b)
	whole := s.options.Checked && len(s.fields) == 0 // nothing in the rows is asked for
	for i := range o.ends {
		row := o.row(i)
		if row[0] <= ' ' && space(row, 0) == len(row) || !sample.keeps(o.at+int64(o.start(i))) {
			b.Drop(i)
			continue
		}
		if whole {
			continue
		}
		if err := o.parse(b, i, bytes.TrimSuffix(row, newline)); err != nil {
			b.Damage(i, o.at+int64(o.start(i)), "%v", err)
		}
	}
	if s.read.AddSource != "" {
		addSource(b, s.read.AddSource)
	}
	return b, nil
}

var newline = []byte{'\n'}

// prepare sizes everything for the rows of b.
func (o *rows) prepare(b *stages.Batch) {
	n, fields := len(o.ends), o.source.fields
	o.objects, o.again = 0, o.again[:0]
	clear(o.has)
	o.places = resize(o.places, n*len(fields))
	o.closes = resize(o.closes, n)
	o.scan.arena.buf = grow(o.scan.arena.buf, len(o.raw)+arenaSlack)
	o.scan.arena.used = 0
	k := 0
	for _, f := range fields {
		if !f.text && !f.scalar {
			continue
		}
		if k == len(o.columns) {
			o.columns = append(o.columns, stages.Column{})
		}
		c := &o.columns[k]
		*c = stages.Column{Name: f.name, Type: stages.Scalars, Text: c.Text, Values: c.Values}
		if f.text {
			c.Type, c.Text = stages.Text, resize(c.Text, n)
		}
		if f.scalar {
			c.Values = resize(c.Values, n)
		}
		k++
	}
	// The capacity ends here, so that a column that a stage adds goes elsewhere.
	b.Columns = append(make([]stages.Column, 0, k+4), o.columns[:k]...)
	if o.source.read.ID != "" {
		o.ids = resize(o.ids, n)
		b.RowID = o.ids
	}
}

// resize returns a slice of n zero values, in the memory of s if it fits.
func resize[T any](s []T, n int) []T {
	s = grow(s, n)
	clear(s)
	return s
}

// grow returns a slice of n values of any content.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n+n/4)[:n]
	}
	return s[:n]
}

// parse takes the fields of one row.
func (o *rows) parse(b *stages.Batch, i int, row []byte) error {
	s := o.scan
	if err := s.row(row); err != nil {
		return err
	}
	o.objects++
	if o.source.read.Strict {
		if err := validate(row); err != nil {
			return err
		}
	}
	k := 0
	for j := range s.fields {
		f, v := &s.fields[j], &s.values[j]
		o.places[i*len(s.fields)+j] = place{v.start, v.end}
		o.has[j] = o.has[j] || v.end > 0
		if f.main && v.kind != '"' {
			return notText(ownName(o.source.read, f.name), v.kind)
		}
		if f.id {
			b.RowID[i] = v.id(row)
		}
		if f.text {
			b.Columns[k].Text[i] = v.str
		}
		if f.scalar {
			x, err := v.scalar(row)
			if err != nil {
				return err
			}
			b.Columns[k].Values[i] = x
		}
		if f.text || f.scalar {
			k++
		}
	}
	o.closes[i] = s.close
	if s.again {
		o.again = append(o.again, i)
	}
	return nil
}

func notText(name string, kind byte) error {
	switch kind {
	case 0:
		return errors.New("column " + strconv.Quote(name) + " is missing")
	case 'n':
		return errors.New("column " + strconv.Quote(name) + " is null")
	}
	return errors.New("column " + strconv.Quote(name) + " is not a string")
}

// id returns a value as the text of an id: strings without their quotes,
// numbers and booleans as they stand there, nil for all else.
func (v *value) id(row []byte) []byte {
	switch v.kind {
	case '"':
		return v.str
	case 0, 'n', '{', '[':
		return nil
	}
	return row[v.start:v.end]
}

// scalar returns the simple value in a row. Whole numbers that fit are Int, all
// others the nearest float64.
func (v *value) scalar(row []byte) (stages.Scalar, error) {
	switch v.kind {
	case '"':
		return stages.Scalar{Kind: stages.String, Str: v.str}, nil
	case 0, '{', '[':
		return stages.Scalar{}, nil
	}
	p := row[v.start:v.end]
	switch string(p) {
	case "null":
		return stages.Scalar{}, nil
	case "true":
		return stages.Scalar{Kind: stages.Bool, Int: 1}, nil
	case "false":
		return stages.Scalar{Kind: stages.Bool}, nil
	}
	whole, ok := IsNumber(p)
	if !ok {
		return stages.Scalar{}, malformed("a value that is not JSON", v.start)
	}
	if whole {
		if n, err := strconv.ParseInt(string(p), 10, 64); err == nil && (n != 0 || p[0] != '-') {
			return stages.Scalar{Kind: stages.Int, Int: n}, nil
		}
	}
	x, _ := strconv.ParseFloat(string(p), 64) // beyond the range it is an infinity
	return stages.Scalar{Kind: stages.Float, Float: x}, nil
}

// IsNumber says whether p is a number by the grammar of RFC 8259, and
// whether it is written as a whole one.
func IsNumber(p []byte) (whole, ok bool) {
	digits := func() bool {
		n := 0
		for len(p) > 0 && '0' <= p[0] && p[0] <= '9' {
			p = p[1:]
			n++
		}
		return n > 0
	}
	p = bytes.TrimPrefix(p, []byte("-"))
	if len(p) > 1 && p[0] == '0' && '0' <= p[1] && p[1] <= '9' || !digits() {
		return false, false
	}
	whole = len(p) == 0
	if len(p) > 0 && p[0] == '.' {
		if p = p[1:]; !digits() {
			return false, false
		}
	}
	if len(p) > 0 && (p[0] == 'e' || p[0] == 'E') {
		if p = p[1:]; len(p) > 0 && (p[0] == '+' || p[0] == '-') {
			p = p[1:]
		}
		if !digits() {
			return false, false
		}
	}
	return whole, len(p) == 0
}

// validate checks all of a row: read.strict.
func validate(row []byte) error {
	row = bytes.TrimPrefix(row, byteOrderMark)
	if !json.Valid(row) {
		return errors.New("a value that is not JSON")
	}
	if !validUTF8(row) {
		return errors.New("a row that is not UTF-8")
	}
	return nil
}

func addSource(b *stages.Batch, column string) {
	c := b.Add(column)
	name := []byte(b.Shard.Source)
	for i := range c.Values {
		c.Values[i] = stages.Scalar{Kind: stages.String, Str: name}
	}
}
