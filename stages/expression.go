package stages

import (
	"fmt"
	"sync"

	"sluice/stages/expr"
)

// An Expression is worked out for rows of batches; package expr says what it means.
// [NewCondition] and [NewExpression] make one. Its methods may be called from several
// goroutines.
type Expression struct {
	key     string // of the job file
	program *expr.Program
	idle    sync.Pool // of *Evaluator
}

// NewExpression returns the expression that stands in a job file under a key. The error
// begins with the key.
func NewExpression(key, source string) (*Expression, error) {
	return newExpression(key, source, expr.Compile)
}

// NewCondition returns an expression that is true or false.
func NewCondition(key, source string) (*Expression, error) {
	return newExpression(key, source, expr.Condition)
}

func newExpression(key, source string, compile func(string) (*expr.Program, error)) (*Expression, error) {
	p, err := compile(source)
	if err != nil {
		return nil, fmt.Errorf("%s = %q: %w", key, source, err)
	}
	return &Expression{key: key, program: p}, nil
}

// Needs returns the columns that the expression reads.
func (e *Expression) Needs() []Need {
	var needs []Need
	for i, name := range e.program.Columns() {
		needs = append(needs, Need{Name: name, Type: Scalars, Optional: !e.program.Required(i)})
	}
	return needs
}

// String returns the expression as it was written.
func (e *Expression) String() string { return e.program.String() }

// On returns what works the expression out for rows of b, as they are then. No column may
// be added to b before End.
func (e *Expression) On(b *Batch) *Evaluator {
	v, ok := e.idle.Get().(*Evaluator)
	if !ok {
		v = &Evaluator{expression: e, row: e.program.NewRow(), columns: make([]*Column, len(e.program.Columns()))}
	}
	v.batch = b
	for i, name := range e.program.Columns() {
		v.columns[i] = b.Column(name)
	}
	return v
}

// An Evaluator works out an expression for rows of one batch. It belongs to one goroutine.
type Evaluator struct {
	expression *Expression
	row        *expr.Row
	batch      *Batch
	columns    []*Column // nil: the batch has none of the name
}

// End gives the evaluator back.
func (v *Evaluator) End() {
	v.batch = nil
	clear(v.columns)
	clear(v.row.Columns)
	v.expression.idle.Put(v)
}

// Holds says whether the condition is true of row i. The error is a *[RowError].
func (v *Evaluator) Holds(i int) (bool, error) {
	v.load(i)
	holds, err := v.row.Holds()
	if err != nil {
		return false, v.wrong(i, err)
	}
	return holds, nil
}

// Value returns the value for row i; a string in it is good until the next call. The
// error is a *[RowError].
func (v *Evaluator) Value(i int) (Scalar, error) {
	v.load(i)
	x, err := v.row.Eval()
	if err != nil {
		return Scalar{}, v.wrong(i, err)
	}
	return Scalar{Kind: Kind(x.Kind), Int: x.Int, Float: x.Float, Str: x.Str}, nil
}

// Fractions says that the expression may give whole numbers and fractions, and is more than a
// column.
func (v *Evaluator) Fractions() bool { return v.expression.program.Fractions() }

// load takes the columns of row i.
func (v *Evaluator) load(i int) {
	for k, c := range v.columns {
		to := &v.row.Columns[k]
		switch {
		case c == nil:
			*to = expr.Value{}
		case c.Values != nil:
			x := &c.Values[i]
			to.Kind, to.Int, to.Float, to.Str = expr.Kind(x.Kind), x.Int, x.Float, x.Str
		case c.Text[i] != nil:
			to.Kind, to.Str = expr.String, c.Text[i]
		default:
			*to = expr.Value{}
		}
	}
}

func (v *Evaluator) wrong(i int, err error) error {
	return &RowError{Batch: v.batch, Row: i, Key: v.expression.key, Err: fmt.Errorf("%s = %q: %w", v.expression.key, v.expression.program, err)}
}

// A RowError is a mistake of the job that shows in a row: an expression that has no
// meaning for its values.
type RowError struct {
	Batch *Batch
	Row   int    // of the batch
	Where string // says where the row is, once that is known
	Key   string // of the stage, that the mistake is in; "" = none
	Err   error
}

func (e *RowError) Error() string {
	where := e.Where
	if where == "" {
		where = e.Batch.Place(e.Row)
	}
	return fmt.Sprintf("%s: %v", where, e.Err)
}

func (e *RowError) Unwrap() error { return e.Err }
