// Package expr evaluates expressions over the columns of a sample: the
// conditions of a job file, and the values that it sets. Call [Compile] first.
//
// The grammar is that of github.com/expr-lang/expr, whose parser is used
// (https://expr-lang.org/docs/language-definition); what operators and functions mean
// for missing values, and what they may cost, is decided here, since a row of a
// billion should not end a job for want of a value:
//
//   - A name is a column, with dots for nested values (meta.lang). A column whose
//     name is no identifier is written $env["my-column"].
//   - A missing value, and an object or array, is null, written nil. Null equals
//     null and nothing else. Other comparisons with null are false, and null
//     counts as false in and, or, not and ?:. Arithmetic and functions of null are
//     null, and so is what is divided by zero. x ?? y is y where x is null.
//   - Whole numbers and fractions compare and mix as numbers; / always gives a fraction,
//     and what leaves 64 bits becomes one. Values of different types are not equal,
//     and to order or add them is a [Fault]. int(x) and float(x) are null for what is no number.
//   - Lengths and places of strings count code points.
//   - Nothing depends on the time, the machine or the order of a map, a pattern of matches is
//     RE2 and written out, and work and memory grow with the length of the strings at most.
package expr

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// Kind is the type of a [Value].
type Kind uint8

// The kinds of values. The first five are those of columns.
const (
	Null Kind = iota
	Bool
	Int
	Float
	String
	List // of values, within an expression
)

// A Value is a column of a row, or what an expression makes of columns.
type Value struct {
	Kind  Kind
	Int   int64 // Int; Bool: 0 or 1
	Float float64
	Str   []byte // String: UTF-8
	list  *list
}

// MaxLength is the most bytes that an expression may have.
const MaxLength = 10_000

// A Program is a compiled expression. It may be used by several goroutines.
type Program struct {
	source   string
	columns  []string
	required []bool // by column
	code     code
	column   bool // it is no more than the name of one
}

// Compile compiles an expression. Its error says what is wrong and where.
func Compile(source string) (*Program, error) {
	if len(source) > MaxLength {
		return nil, fmt.Errorf("an expression of %d bytes, more than %d", len(source), MaxLength)
	}
	if strings.TrimSpace(source) == "" {
		return nil, fmt.Errorf("an empty expression\nwrite one such as lang == 'en' and len(text) > 100")
	}
	if !utf8.ValidString(source) {
		return nil, fmt.Errorf("an expression that is not UTF-8")
	}
	root, err := parse(source)
	if err != nil {
		return nil, err
	}
	c := compiler{program: &Program{source: source}}
	_, c.program.column = columnName(root)
	c.program.code, err = c.compile(root)
	if err != nil {
		return nil, err
	}
	return c.program, nil
}

// Condition compiles an expression that is to be true or false.
func Condition(source string) (*Program, error) {
	p, err := Compile(source)
	if err == nil && !p.code.kinds.fits(Bool) {
		return nil, fmt.Errorf("the expression gives %s, not true or false\nwrite a condition such as lang == 'en' and len(text) > 100", p.code.kinds)
	}
	return p, err
}

// parse returns the tree of an expression. The parser of the library may panic on
// what is wrong in unusual ways.
func parse(source string) (root ast.Node, err error) {
	defer func() {
		if recover() != nil {
			root, err = nil, fmt.Errorf("the expression cannot be read")
		}
	}()
	config := conf.CreateNew()
	for name := range config.Builtins {
		config.Disabled[name] = true // ours are told by their names
	}
	tree, err := parser.ParseWithConfig(source, config)
	if err != nil {
		if e, ok := err.(*file.Error); ok {
			return nil, at(e.Location, "%s", e.Message)
		}
		return nil, err
	}
	return tree.Node, nil
}

// at returns an error about a place in the expression.
func at(l file.Location, format string, args ...any) error {
	text, hint, _ := strings.Cut(fmt.Sprintf(format, args...), "\n")
	text = fmt.Sprintf("%s, at character %d", text, l.From+1)
	if hint != "" {
		text += "\n" + hint
	}
	return fmt.Errorf("%s", text)
}

// String returns the expression as it was written.
func (p *Program) String() string { return p.source }

// Columns lists the columns that the expression reads, in the order in which it
// names them.
func (p *Program) Columns() []string { return p.columns }

// Required says whether the expression leaves it open what becomes of rows without
// column i: whether it names it otherwise than as in x ?? 0 and x == nil.
func (p *Program) Required(i int) bool { return p.required[i] }

// Fractions says that the expression may give fractions, and is more than the name of a column.
func (p *Program) Fractions() bool { return p.code.kinds.may(Float) && !p.column }

// NewRow returns what the expression needs to work on rows.
func (p *Program) NewRow() *Row {
	return &Row{program: p, Columns: make([]Value, len(p.columns)), most: maxMade}
}

// A Row is the sample at hand. It belongs to one goroutine.
type Row struct {
	// Columns holds the values of Program.Columns. The caller sets them.
	Columns []Value

	program *Program
	fault   error
	item    Value   // what # stands for
	stack   []Value // arguments of calls
	made    []byte  // strings that functions made
	most    int     // bytes of them
}

// Eval returns the value of the expression. A string in it is good until the next
// call, and as long as the columns are. The error is a [Fault].
func (r *Row) Eval() (Value, error) {
	const most = 1 << 20 // of memory that is kept
	if r.made = r.made[:0]; cap(r.made) > most {
		r.made = nil
	}
	r.fault = nil
	v := r.program.code.eval(r)
	if r.fault != nil {
		return Value{}, r.fault
	}
	if v.Kind == List {
		return Value{}, &Fault{"it gives a list\ntake one of its items, or join(list, ', ')"}
	}
	return v, nil
}

// Holds says whether the expression is true. Null is not. The error is a [Fault].
func (r *Row) Holds() (bool, error) {
	v, err := r.Eval()
	if err != nil {
		return false, err
	}
	holds := r.truth(v)
	return holds, r.fault
}

// A Fault is what is wrong with an expression for a row: values of a type that an
// operator or function has no meaning for.
type Fault struct{ text string }

func (f *Fault) Error() string { return f.text }

// fail notes the first fault, and is null.
func (r *Row) fail(format string, args ...any) Value {
	if r.fault == nil {
		r.fault = &Fault{fmt.Sprintf(format, args...)}
	}
	return Value{}
}

// truth says whether a value counts as true.
func (r *Row) truth(v Value) bool {
	if v.Kind > Bool {
		r.fail("it wants true or false and has %s\ncompare it with something, as in x == 'en' or x > 0", v)
	}
	return v.Kind == Bool && v.Int != 0
}

func boolean(b bool) Value {
	if b {
		return Value{Kind: Bool, Int: 1}
	}
	return Value{Kind: Bool}
}

func integer(i int64) Value    { return Value{Kind: Int, Int: i} }
func fraction(f float64) Value { return Value{Kind: Float, Float: f} }
func text(s []byte) Value      { return Value{Kind: String, Str: s} }

// String describes a value for messages.
func (v Value) String() string {
	switch v.Kind {
	case Bool:
		return strconv.FormatBool(v.Int != 0)
	case Int, Float:
		return "the number " + string(appendNumber(nil, v))
	case String:
		const most = 40
		if len(v.Str) > most {
			return fmt.Sprintf("the string %q...", strings.ToValidUTF8(string(v.Str[:most]), ""))
		}
		return fmt.Sprintf("the string %q", v.Str)
	case List:
		return "a list"
	}
	return "null"
}

// kinds is a set of kinds that a value may have.
type kinds uint8

func oneOf(list ...Kind) (k kinds) {
	for _, kind := range list {
		k |= 1 << kind
	}
	return k
}

// column is what is known of the value of a column.
const column = kinds(1<<Null | 1<<Bool | 1<<Int | 1<<Float | 1<<String)

func (k kinds) may(list ...Kind) bool { return k&oneOf(list...) != 0 }

// fits says whether a value may be of one of the kinds where it is not null.
func (k kinds) fits(list ...Kind) bool { return k == oneOf(Null) || k.may(list...) }

func (k kinds) String() string {
	switch k &^ oneOf(Null) {
	case 0:
		return "null"
	case oneOf(Bool):
		return "true or false"
	case oneOf(Int), oneOf(Float), oneOf(Int, Float):
		return "a number"
	case oneOf(String):
		return "a string"
	case oneOf(List):
		return "a list"
	}
	return "a value"
}
