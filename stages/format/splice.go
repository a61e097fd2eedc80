package format

import (
	"bytes"
	"slices"
	"strings"

	"sluice/stages"
)

// An edit is a column whose values go into raw rows.
type edit struct {
	column *stages.Column
	field  int // in the places of the batch; -1: look in extra
	extra  int
	key    []byte // ,"name":
	path   string // in the input
	// Of the row at hand:
	at    place
	value place // in splicer.values
}

// A splicer makes rows of a batch from their raw bytes and what stages
// changed.
type splicer struct {
	rows    *rows
	batch   *stages.Batch
	project *projection
	edits   []edit
	extra   *scanner // for columns that the source did not look for; usually nil
	values  []byte
	order   []int // edits of the row at hand, in the order of their places
	again   bool  // the row at hand has some member more than once
}

// reset begins a batch.
func (s *splicer) reset(b *stages.Batch, o *rows, p *projection) {
	*s = splicer{rows: o, batch: b, project: p, edits: s.edits[:0], values: s.values[:0], order: s.order[:0]}
	var unknown []field
	for i := range b.Columns {
		c := &b.Columns[i]
		name := ownName(o.source.read, c.Name)
		if !c.Added && c.Changed == nil || !p.writes(name) {
			continue
		}
		e := edit{column: c, field: slices.IndexFunc(o.source.fields, func(f field) bool { return f.name == c.Name })}
		if e.field < 0 {
			e.extra, e.path = len(unknown), placeName(o.source.read, c.Name)
			unknown = append(unknown, field{name: c.Name, path: e.path})
		} else {
			e.path = o.source.fields[e.field].path
		}
		e.key = append(appendString([]byte{','}, []byte(name)), ':')
		s.edits = append(s.edits, e)
	}
	if unknown != nil {
		s.extra = newScanner(unknown)
	}
}

// raw says whether row i is written as it was read.
func (s *splicer) raw(i int) bool {
	if s.project != nil {
		return false
	}
	for _, e := range s.edits {
		if e.column.Added || e.column.Changed[i] {
			return false
		}
	}
	return true
}

// append appends row i as it is now, with its line end.
func (s *splicer) append(dst []byte, i int) ([]byte, error) {
	read := s.batch.Read(i)
	row := s.rows.row(read)
	if err := s.locate(row, i, read); err != nil {
		return dst, err
	}
	end := s.rows.closes[read]
	if s.project == nil && !s.again {
		dst = s.copy(dst, row, 0, end)
	} else {
		var err error
		if dst, err = s.members(dst, row); err != nil {
			return dst, err
		}
	}
	for _, k := range s.order {
		if e := &s.edits[k]; e.at.end == 0 {
			key := e.key
			if len(dst) > 0 && dst[len(dst)-1] == '{' {
				key = key[1:]
			}
			dst = append(dst, key...)
			dst = append(dst, s.values[e.value.start:e.value.end]...)
		}
	}
	return append(dst, row[end:]...), nil
}

// locate finds the places of the edits of row i, which was read as row read, and makes their values.
func (s *splicer) locate(row []byte, i, read int) error {
	_, s.again = slices.BinarySearch(s.rows.again, read)
	if s.extra != nil {
		s.extra.arena.used = 0
		if err := s.extra.row(row); err != nil {
			return err
		}
		s.again = s.again || s.extra.again
	}
	s.order, s.values = s.order[:0], s.values[:0]
	for k := range s.edits {
		e := &s.edits[k]
		if !e.column.Added && !e.column.Changed[i] {
			continue
		}
		if e.field >= 0 {
			e.at = s.rows.places[read*len(s.rows.source.fields)+e.field]
		} else {
			v := s.extra.values[e.extra]
			e.at = place{v.start, v.end}
		}
		e.value.start = len(s.values)
		s.values = appendValue(s.values, e.column, i)
		e.value.end = len(s.values)
		s.order = append(s.order, k)
	}
	slices.SortStableFunc(s.order, func(a, b int) int { return s.edits[a].at.start - s.edits[b].at.start })
	return nil
}

// copy appends row[from:to] with the edits in it.
func (s *splicer) copy(dst, row []byte, from, to int) []byte {
	for _, k := range s.order {
		e := &s.edits[k]
		// An edit of a column within an object that was replaced is lost.
		if e.at.end == 0 || e.at.start < from || e.at.end > to {
			continue
		}
		dst = append(dst, row[from:e.at.start]...)
		dst = append(dst, s.values[e.value.start:e.value.end]...)
		from = e.at.end
	}
	return append(dst, row[from:to]...)
}

// members appends the row up to the closing brace with the members that the
// projection lets through.
func (s *splicer) members(dst, row []byte) ([]byte, error) {
	i := bytes.IndexByte(row, '{')
	dst, _, err := s.object(append(dst, row[:i]...), row, i, "")
	return dst, err
}

// object appends the object at row[from], up to behind its last member, where the row goes on at rest. Where a name comes
// again, and what stands there last is changed, the earlier ones go: a value that a stage has taken out must not stay
// beside what it put in its place. path is the way to the object, with a dot behind each name; the projection is
// for the row itself.
func (s *splicer) object(dst, row []byte, from int, path string) (out []byte, rest int, err error) {
	dst = append(dst, '{')
	var a arena
	last, first := from+1, true // the end of the member before; whether none was written
	for i := space(row, last); row[i] != '}'; i = space(row, i) {
		if row[i] == ',' {
			i = space(row, i+1)
		}
		key := i
		text, after, err := a.text(row, i+1)
		if err != nil {
			return dst, last, err
		}
		value := space(row, space(row, after)+1)
		if i, err = skip(row, value); err != nil {
			return dst, last, err
		}
		name := string(text)
		written, ok := name, true
		if path == "" {
			written, ok = s.project.column(name)
		}
		if ok && !(s.again && s.superseded(path, name, i)) {
			if !first {
				dst = append(dst, row[last:key]...)
			}
			first = false
			if written != name {
				dst = appendString(dst, []byte(written))
			} else {
				dst = append(dst, row[key:after]...)
			}
			dst = append(dst, row[after:value]...)
			if !s.again {
				dst = s.copy(dst, row, value, i)
			} else if dst, err = s.value(dst, row, value, i, path+name+"."); err != nil {
				return dst, last, err
			}
		}
		last = i
	}
	return dst, last, nil
}

// value appends the value row[from:to] of a member, with the edits in it; path is the way to what is in it.
func (s *splicer) value(dst, row []byte, from, to int, path string) ([]byte, error) {
	edited := func(k int) bool { return s.edits[k].at.start > from && s.edits[k].at.end <= to }
	if row[from] != '{' || !slices.ContainsFunc(s.order, edited) {
		return s.copy(dst, row, from, to), nil
	}
	dst, rest, err := s.object(dst, row, from, path)
	return append(dst, row[rest:to]...), err
}

// superseded says of a member of the row at hand, which ends at end, that its name comes again and is changed there. path
// is the way to the object that it is in, with a dot behind each name.
func (s *splicer) superseded(path, name string, end int) bool {
	return slices.ContainsFunc(s.order, func(k int) bool {
		e := &s.edits[k]
		rest, within := strings.CutPrefix(e.path, path)
		top, _, _ := strings.Cut(rest, ".")
		return within && end <= e.at.start && (name == top || name == rest)
	})
}
