package expr

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// code is a compiled part of an expression.
type code struct {
	eval     func(*Row) Value
	kinds    kinds
	constant bool // depends on no column
}

type compiler struct {
	program *Program
	inside  bool // a predicate
}

// compile compiles a part. One that depends on no column is worked out here, so that
// its faults are found before any row is read.
func (c *compiler) compile(n ast.Node) (code, error) {
	if name, ok := columnName(n); ok {
		return c.column(n, name, true)
	}
	x, err := c.part(n)
	if err != nil || !x.constant {
		return x, err
	}
	r := c.program.NewRow()
	r.most = 1 << 16
	v := x.eval(r)
	if r.fault != nil {
		return code{}, at(n.Location(), "%v", r.fault)
	}
	return constant(v), nil
}

func constant(v Value) code {
	return code{func(*Row) Value { return v }, oneOf(v.Kind), true}
}

// columnName returns the column that a name, or names with dots between, stand for.
func columnName(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value, true
	case *ast.ChainNode:
		return columnName(n.Node)
	case *ast.MemberNode:
		key, ok := n.Property.(*ast.StringNode)
		base, named := columnName(n.Node)
		if !ok || !named || n.Method {
			return "", false
		}
		if base == "$env" {
			return key.Value, true
		}
		return base + "." + key.Value, true
	}
	return "", false
}

// column compiles a column. required is false where the expression says itself what becomes of
// rows without it.
func (c *compiler) column(n ast.Node, name string, required bool) (code, error) {
	if name == "$env" {
		return code{}, at(n.Location(), "$env is no value\nwrite $env[\"my-column\"] for a column whose name is no identifier")
	}
	if name == "null" || name == "None" {
		return code{}, at(n.Location(), "a value that is missing is written nil, not %s", name)
	}
	if slices.Contains(strings.Split(name, "."), "") {
		return code{}, at(n.Location(), "the column name %q is empty, or has an empty part", name)
	}
	i := slices.Index(c.program.columns, name)
	if i < 0 {
		i = len(c.program.columns)
		c.program.columns = append(c.program.columns, name)
		c.program.required = append(c.program.required, false)
	}
	c.program.required[i] = c.program.required[i] || required
	return code{eval: func(r *Row) Value { return r.Columns[i] }, kinds: column}, nil
}

// part compiles what is no column.
func (c *compiler) part(n ast.Node) (code, error) {
	switch n := n.(type) {
	case *ast.NilNode:
		return constant(Value{}), nil
	case *ast.BoolNode:
		return constant(boolean(n.Value)), nil
	case *ast.IntegerNode:
		return constant(integer(int64(n.Value))), nil
	case *ast.FloatNode:
		return constant(fraction(n.Value)), nil
	case *ast.StringNode:
		return constant(text([]byte(strings.ToValidUTF8(n.Value, "\uFFFD")))), nil
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ConditionalNode:
		return c.conditional(n)
	case *ast.ArrayNode:
		return c.array(n)
	case *ast.CallNode:
		return c.call(n)
	case *ast.BuiltinNode:
		return c.predicate(n)
	case *ast.ChainNode:
		return c.compile(n.Node)
	case *ast.MemberNode:
		return c.index(n)
	case *ast.SliceNode:
		return c.slice(n)
	case *ast.PointerNode:
		if n.Name == "" && c.inside {
			return code{eval: func(r *Row) Value { return r.item }, kinds: column}, nil
		}
		return code{}, at(n.Location(), "#%s has no meaning here", n.Name)
	case nil:
		return code{}, errors.New("the expression ends early")
	}
	return code{}, at(n.Location(), "let, maps and several expressions in one are not known here")
}

// all compiles several parts.
func (c *compiler) all(list ...ast.Node) ([]code, bool, error) {
	made, constant := make([]code, len(list)), true
	for i, n := range list {
		var err error
		if made[i], err = c.compile(n); err != nil {
			return nil, false, err
		}
		constant = constant && made[i].constant
	}
	return made, constant, nil
}

// condition compiles a part that is to be true or false.
func (c *compiler) condition(n ast.Node) (code, error) {
	x, err := c.compile(n)
	if err == nil && !x.kinds.fits(Bool) {
		err = at(n.Location(), "true or false is wanted, and this is %s\ncompare it with something, as in x == 'en' or x > 0", x.kinds)
	}
	return x, err
}

func (c *compiler) unary(n *ast.UnaryNode) (code, error) {
	if n.Operator == "not" || n.Operator == "!" {
		x, err := c.condition(n.Node)
		return code{func(r *Row) Value { return boolean(!r.truth(x.eval(r))) }, oneOf(Bool), x.constant}, err
	}
	x, err := c.compile(n.Node)
	if err == nil && !x.kinds.fits(Int, Float) {
		err = at(n.Location(), "a number is wanted after %s, and this is %s", n.Operator, x.kinds)
	}
	minus := n.Operator == "-"
	return code{func(r *Row) Value {
		v := x.eval(r)
		switch {
		case v.Kind == Null || !minus && number(v):
			return v
		case number(v):
			return r.arithmetic("-", integer(0), v)
		}
		return r.fail("a number is wanted after %s, and there is %s", n.Operator, v)
	}, oneOf(Null, Int, Float), x.constant}, err
}

func (c *compiler) conditional(n *ast.ConditionalNode) (code, error) {
	cond, err := c.condition(n.Cond)
	if err != nil {
		return code{}, err
	}
	both, constant, err := c.all(n.Exp1, n.Exp2)
	if err != nil {
		return code{}, err
	}
	yes, no := both[0], both[1]
	return code{func(r *Row) Value {
		if r.truth(cond.eval(r)) {
			return yes.eval(r)
		}
		return no.eval(r)
	}, yes.kinds | no.kinds, constant && cond.constant}, nil
}

func (c *compiler) array(n *ast.ArrayNode) (code, error) {
	items, constant, err := c.all(n.Nodes...)
	for i, x := range items {
		if x.kinds.may(List) {
			return code{}, at(n.Nodes[i].Location(), "a list in a list is not known here")
		}
	}
	return code{func(r *Row) Value {
		l := &list{values: make([]Value, len(items))}
		for i, x := range items {
			l.values[i] = x.eval(r)
		}
		return Value{Kind: List, list: l}
	}, oneOf(List), constant}, err
}

// call compiles a call of one of our functions.
func (c *compiler) call(n *ast.CallNode) (code, error) {
	name, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return code{}, at(n.Location(), "values have no methods\nwrite lower(text), not text.lower()")
	}
	f, ok := functions[name.Value]
	if !ok {
		return code{}, unknownFunction(n, name.Value)
	}
	if len(n.Arguments) < f.least || len(n.Arguments) > f.most {
		return code{}, at(n.Location(), "%s has %d arguments, and wants %s", name.Value, len(n.Arguments), f.use)
	}
	args, constant, err := c.all(n.Arguments...)
	if err != nil {
		return code{}, err
	}
	for i, x := range args {
		if want := f.argument(i); x.kinds != oneOf(Null) && x.kinds&want == 0 {
			return code{}, at(n.Arguments[i].Location(), "%s is given %s", f.use, x.kinds)
		}
	}
	return code{func(r *Row) Value {
		base := len(r.stack)
		null := false
		for i := range args {
			v := args[i].eval(r)
			null = null || v.Kind == Null
			r.stack = append(r.stack, v)
		}
		values := r.stack[base:]
		defer func() { r.stack = r.stack[:base] }()
		if null && !f.nulls {
			return Value{}
		}
		for i, v := range values {
			if want := f.argument(i); !f.nulls && !want.may(v.Kind) {
				return r.fail("%s is given %s\nconvert it, as in string(x) or float(x), or tell by type(x) which rows it is for", f.use, v)
			}
		}
		return f.call(r, values)
	}, f.gives | oneOf(Null), constant}, nil
}

func unknownFunction(n ast.Node, name string) error {
	names := slices.Concat(slices.Sorted(maps.Keys(functions)), predicates[:])
	slices.Sort(names)
	return at(n.Location(), "no function %q\nhave %s", name, strings.Join(names, ", "))
}

// predicates are the functions whose second argument is worked out for each item, #, of a
// list. Those that make lists of lists are left out, and so are predicates in predicates: a text
// is then gone through once for each.
var predicates = [...]string{"all", "any", "count", "none", "one"}

func (c *compiler) predicate(n *ast.BuiltinNode) (code, error) {
	if !slices.Contains(predicates[:], n.Name) {
		return code{}, unknownFunction(n, n.Name)
	}
	if c.inside {
		return code{}, at(n.Location(), "%s within the predicate of another is not known here", n.Name)
	}
	if len(n.Arguments) != 2 {
		return code{}, at(n.Location(), "%s wants %s(list, {# == 'x'})", n.Name, n.Name)
	}
	from, err := c.compile(n.Arguments[0])
	if err != nil {
		return code{}, err
	}
	if !from.kinds.fits(List) {
		return code{}, at(n.Location(), "%s wants a list, and this is %s\nwrite split(text, ' ') for the parts of a string", n.Name, from.kinds)
	}
	body, ok := n.Arguments[1].(*ast.PredicateNode)
	if !ok {
		return code{}, at(n.Location(), "%s wants %s(list, {# == 'x'})", n.Name, n.Name)
	}
	c.inside = true
	test, err := c.condition(body.Node)
	c.inside = false
	if err != nil {
		return code{}, err
	}
	gives := Bool
	if n.Name == "count" {
		gives = Int
	}
	return code{func(r *Row) Value {
		l := from.eval(r)
		if l.Kind != List && l.Kind != Null {
			return r.fail("%s wants a list, and there is %s\nwrite split(text, ' ') for the parts of a string", n.Name, l)
		}
		held, all := r.count(l.list, test, n.Name)
		switch n.Name {
		case "all":
			return boolean(held == all)
		case "any":
			return boolean(held > 0)
		case "none":
			return boolean(held == 0)
		case "one":
			return boolean(held == 1)
		}
		return integer(held)
	}, oneOf(gives), from.constant && test.constant}, nil
}

// count counts the items for which a predicate holds, and all; no further than the result
// of the function may change.
func (r *Row) count(l *list, test code, name string) (held, all int64) {
	items := l.items()
	for r.fault == nil {
		v, ok := items.take()
		if !ok {
			break
		}
		all++
		r.item = v
		mark := len(r.made)
		if r.truth(test.eval(r)) {
			held++
		}
		r.made = r.made[:mark] // what the predicate made for this item
		switch {
		case name == "all" && held < all, name == "one" && held > 1:
			return held, all
		case (name == "any" || name == "none") && held > 0:
			return held, all
		}
	}
	return held, all
}

// pattern compiles the right side of matches.
func (c *compiler) pattern(n ast.Node) (*regexp.Regexp, error) {
	x, err := c.compile(n)
	if err != nil {
		return nil, err
	}
	if !x.constant || !x.kinds.may(String) {
		return nil, at(n.Location(), "the pattern of matches is to be written out, as in url matches '^https?://'")
	}
	p, err := regexp.Compile(string(x.eval(nil).Str))
	if err != nil {
		return nil, at(n.Location(), "%v\npatterns are those of RE2: https://github.com/google/re2/wiki/Syntax", err)
	}
	return p, nil
}
