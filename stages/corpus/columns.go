package corpus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/stages"
)

// Columns is the table of corpus.columns.
type Columns struct {
	Set  map[string]string `toml:"set" doc:"column = expression, worked out of the row as the stage is given it"`
	Drop []string          `toml:"drop" doc:"whole columns that are not written, nor read by later stages"`
}

// DefaultColumns changes nothing.
func DefaultColumns() Columns { return Columns{Set: map[string]string{}, Drop: []string{}} }

type columns struct {
	common stages.Common
	set    []setting
	drop   []string
}

// A setting is a column with what it becomes.
type setting struct {
	column string
	to     *stages.Expression
}

// NewColumns returns the stage that sets columns to what expressions give, and drops others. A column
// that is not there is made; where the value is null, JSONL goes without. What expressions are stands in package expr: strings, numbers,
// booleans. To rename a column of such, set another to it and drop it; whole
// columns of any kind are renamed where they are read, by read.rename.
func NewColumns(c stages.Common, o Columns) ([]stages.Stage, error) {
	s := &columns{common: c, drop: o.Drop}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(o.Set)) {
		e, err := stages.NewExpression("set."+name, o.Set[name])
		switch {
		case slices.Contains(strings.Split(name, "."), ""):
			err = fmt.Errorf("the column name %q is empty, or has an empty part", name)
		case slices.Contains(o.Drop, name):
			err = fmt.Errorf("column %q is dropped", name)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("set: %w", err))
			continue
		}
		s.set = append(s.set, setting{name, e})
	}
	for _, name := range o.Drop {
		if name == "" || strings.Contains(name, ".") {
			errs = append(errs, fmt.Errorf("drop: cannot drop %q, only whole columns", name))
		}
	}
	switch {
	case len(o.Set)+len(o.Drop) == 0:
		errs = append(errs, errors.New("set: there is nothing to set, and nothing to drop\nwrite set = {lang = \"lower(lang)\"}"))
	case c.When != "" && len(o.Drop) > 0:
		errs = append(errs, errors.New("drop: columns are dropped for all rows, whatever when says\ndrop them in a stage of its own"))
	}
	return []stages.Stage{s}, errors.Join(errs...)
}

func (s *columns) Name() string { return s.common.Name }

func (s *columns) Columns() stages.Columns {
	c := stages.Columns{Drops: s.drop}
	for _, x := range s.set {
		c.Changes = append(c.Changes, x.column)
		c.Reads = append(c.Reads, x.to.Needs()...)
		c.Reads = append(c.Reads, stages.Need{Name: x.column, Type: stages.Scalars, Optional: true})
	}
	return c
}

func (s *columns) Map(_ context.Context, b *stages.Batch) error {
	if len(s.set) == 0 {
		return nil
	}
	to := make([]*stages.Evaluator, len(s.set))
	into := make([]*stages.Column, len(s.set))
	for k, x := range s.set {
		to[k], into[k] = x.to.On(b), b.Writable(x.column)
		defer to[k].End()
	}
	values := make([]stages.Scalar, len(s.set))
	var texts stages.Texts
	for i, kept := range b.Keep {
		if !kept {
			continue
		}
		// All of them first: one may read what another sets.
		for k := range to {
			v, err := to[k].Value(i)
			if err != nil {
				return err
			}
			if v.Kind == stages.Int && into[k].Added && b.Shard.Format == "parquet" && to[k].Fractions() {
				v = stages.Scalar{Kind: stages.Float, Float: float64(v.Int)} // a new column of Parquet has one type
			}
			values[k] = v
		}
		for k, v := range values {
			if equal(v, into[k].Values[i]) {
				continue
			}
			if v.Kind == stages.String {
				v.Str = texts.Copy(v.Str)
			}
			err := into[k].Put(i, v)
			if v.Kind == stages.Null && s.set[k].column == s.common.Column {
				err = fmt.Errorf("the text would become null\ngive it a value, as in %s ?? ''", s.set[k].to)
			}
			if err != nil {
				return &stages.RowError{Batch: b, Row: i, Key: "set." + s.set[k].column, Err: fmt.Errorf("set.%s = %q: %w", s.set[k].column, s.set[k].to, err)}
			}
		}
	}
	return nil
}

// equal says whether a value is what the column has already, however it is written there.
func equal(a, b stages.Scalar) bool {
	return a.Kind == b.Kind && a.Int == b.Int && a.Float == b.Float && bytes.Equal(a.Str, b.Str)
}
