package expr

import (
	"bytes"
	"cmp"
	"math"

	"github.com/expr-lang/expr/ast"
)

// binary compiles an operator with two sides.
func (c *compiler) binary(n *ast.BinaryNode) (code, error) {
	switch n.Operator {
	case "and", "&&", "or", "||":
		return c.logic(n)
	case "matches":
		return c.matches(n)
	case "in":
		if to, ok := n.Right.(*ast.BinaryNode); ok && to.Operator == ".." {
			return c.within(n.Left, to)
		}
	case "..":
		return code{}, at(n.Location(), "a range stands after in alone, as in x in 1..5")
	}
	both, constant, err := c.sides(n)
	if err != nil {
		return code{}, err
	}
	x, y := both[0], both[1]
	made := code{constant: constant, kinds: oneOf(Bool)}
	switch op := n.Operator; op {
	case "==":
		made.eval = func(r *Row) Value { return boolean(equal(x.eval(r), y.eval(r))) }
	case "!=":
		made.eval = func(r *Row) Value { return boolean(!equal(x.eval(r), y.eval(r))) }
	case "<", "<=", ">", ">=":
		if err := ordered(n, x.kinds, y.kinds); err != nil {
			return code{}, err
		}
		made.eval = func(r *Row) Value { return boolean(r.compare(op, x.eval(r), y.eval(r))) }
	case "in":
		if !y.kinds.fits(List) {
			return code{}, at(n.Location(), "in wants a list, as in lang in ['en', 'de']; for a part of a string write contains")
		}
		made.eval = func(r *Row) Value { return boolean(r.in(x.eval(r), y.eval(r))) }
		if y.constant {
			made.eval = among(x, y.eval(nil).list)
		}
	case "contains", "startsWith", "endsWith":
		if !x.kinds.fits(String) || !y.kinds.fits(String) {
			return code{}, at(n.Location(), "%s wants strings, and these are %s and %s", op, x.kinds, y.kinds)
		}
		made.eval = func(r *Row) Value { return boolean(r.part(op, x.eval(r), y.eval(r))) }
	case "??":
		made.kinds = x.kinds&^oneOf(Null) | y.kinds
		made.eval = func(r *Row) Value {
			if v := x.eval(r); v.Kind != Null {
				return v
			}
			return y.eval(r)
		}
	case "+", "-", "*", "/", "%", "**", "^":
		if err := added(n, x.kinds, y.kinds); err != nil {
			return code{}, err
		}
		made.kinds = oneOf(Null, Int, Float)
		if op == "+" {
			made.kinds |= oneOf(String)
		}
		made.eval = func(r *Row) Value { return r.arithmetic(op, x.eval(r), y.eval(r)) }
	default:
		return code{}, at(n.Location(), "the operator %s is not known here", op)
	}
	return made, nil
}

// sides compiles both sides. What ?? or a comparison with nil looks at need not be there.
func (c *compiler) sides(n *ast.BinaryNode) ([]code, bool, error) {
	left, right := n.Left, n.Right
	_, toNil := right.(*ast.NilNode)
	if name, ok := columnName(left); ok && (n.Operator == "??" || toNil && (n.Operator == "==" || n.Operator == "!=")) {
		x, err := c.column(left, name, false)
		if err != nil {
			return nil, false, err
		}
		y, err := c.compile(right)
		return []code{x, y}, false, err
	}
	return c.all(left, right)
}

// ordered complains about sides that can have no order.
func ordered(n *ast.BinaryNode, x, y kinds) error {
	if x == oneOf(Null) || y == oneOf(Null) || x&y&oneOf(String) != 0 || x.may(Int, Float) && y.may(Int, Float) {
		return nil
	}
	return at(n.Location(), "%s has no order between %s and %s", n.Operator, x, y)
}

// added complains about sides that arithmetic has no meaning for.
func added(n *ast.BinaryNode, x, y kinds) error {
	if x == oneOf(Null) || y == oneOf(Null) || n.Operator == "+" && x&y&oneOf(String) != 0 || x.may(Int, Float) && y.may(Int, Float) {
		return nil
	}
	return at(n.Location(), "%s has no meaning between %s and %s", n.Operator, x, y)
}

func (c *compiler) logic(n *ast.BinaryNode) (code, error) {
	x, err := c.condition(n.Left)
	if err != nil {
		return code{}, err
	}
	y, err := c.condition(n.Right)
	settled := n.Operator == "or" || n.Operator == "||" // what the left side settles
	return code{func(r *Row) Value {
		if r.truth(x.eval(r)) == settled {
			return boolean(settled)
		}
		return boolean(r.truth(y.eval(r)))
	}, oneOf(Bool), x.constant && y.constant}, err
}

func (c *compiler) matches(n *ast.BinaryNode) (code, error) {
	x, err := c.compile(n.Left)
	if err != nil {
		return code{}, err
	}
	p, err := c.pattern(n.Right)
	return code{func(r *Row) Value {
		v := x.eval(r)
		switch v.Kind {
		case String:
			return boolean(p.Match(v.Str))
		case Null:
			return boolean(false)
		}
		r.fail("matches wants a string, and there is %s\nwrite string(x)", v)
		return Value{}
	}, oneOf(Bool), x.constant}, err
}

// within compiles x in a..b: a whole number from a to b.
func (c *compiler) within(x ast.Node, to *ast.BinaryNode) (code, error) {
	all, constant, err := c.all(x, to.Left, to.Right)
	if err != nil {
		return code{}, err
	}
	return code{func(r *Row) Value {
		v, a, b := all[0].eval(r), all[1].eval(r), all[2].eval(r)
		if v.Kind == Float && v.Float != math.Trunc(v.Float) {
			return boolean(false)
		}
		return boolean(number(v) && r.compare("<=", a, v) && r.compare("<=", v, b))
	}, oneOf(Bool), constant}, nil
}

func number(v Value) bool { return v.Kind == Int || v.Kind == Float }

// float returns a number as a fraction.
func (v Value) float() float64 {
	if v.Kind == Int {
		return float64(v.Int)
	}
	return v.Float
}

// equal says whether two values are the same. Numbers are if they compare so.
func equal(a, b Value) bool {
	switch {
	case number(a) && number(b):
		if a.Kind == Int && b.Kind == Int {
			return a.Int == b.Int
		}
		return a.float() == b.float()
	case a.Kind != b.Kind:
		return false
	case a.Kind == String:
		return bytes.Equal(a.Str, b.Str)
	case a.Kind == List:
		return a.list.equal(b.list)
	}
	return a.Int == b.Int // Null or Bool
}

// compare orders numbers, and strings by their bytes, which is by code points.
func (r *Row) compare(op string, a, b Value) bool {
	var c int
	switch {
	case a.Kind == Null || b.Kind == Null:
		return false
	case a.Kind == Int && b.Kind == Int:
		c = cmp.Compare(a.Int, b.Int)
	case number(a) && number(b):
		x, y := a.float(), b.float()
		if math.IsNaN(x) || math.IsNaN(y) {
			return false
		}
		c = cmp.Compare(x, y)
	case a.Kind == String && b.Kind == String:
		c = bytes.Compare(a.Str, b.Str)
	default:
		r.fail("%s has no order between %s and %s\n"+
			"convert one, as in float(x) or string(x), or tell by type(x) which rows it is for", op, a, b)
		return false
	}
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

// among compiles x in a list that is written out.
func among(x code, l *list) func(*Row) Value {
	strings := map[string]bool{}
	var others list
	items := l.items()
	for v, ok := items.take(); ok; v, ok = items.take() {
		if v.Kind == String {
			strings[string(v.Str)] = true
		} else {
			others.values = append(others.values, v)
		}
	}
	return func(r *Row) Value {
		v := x.eval(r)
		if v.Kind == String {
			return boolean(strings[string(v.Str)])
		}
		return boolean(r.in(v, Value{Kind: List, list: &others}))
	}
}

func (r *Row) in(v, l Value) bool {
	if l.Kind != List {
		if l.Kind != Null {
			r.fail("in wants a list, and there is %s\nfor a part of a string write contains", l)
		}
		return false
	}
	items := l.list.items()
	for {
		item, ok := items.take()
		if !ok || equal(v, item) {
			return ok
		}
	}
}

// part is contains, startsWith and endsWith.
func (r *Row) part(op string, a, b Value) bool {
	if a.Kind == Null || b.Kind == Null {
		return false
	}
	if a.Kind != String || b.Kind != String {
		r.fail("%s wants strings, and there are %s and %s\nwrite string(x)", op, a, b)
		return false
	}
	switch op {
	case "startsWith":
		return bytes.HasPrefix(a.Str, b.Str)
	case "endsWith":
		return bytes.HasSuffix(a.Str, b.Str)
	}
	return bytes.Contains(a.Str, b.Str)
}

// arithmetic works out an operator between two values.
func (r *Row) arithmetic(op string, a, b Value) Value {
	switch {
	case a.Kind == Null || b.Kind == Null:
		return Value{}
	case op == "+" && a.Kind == String && b.Kind == String:
		return r.concat(a.Str, b.Str)
	case !number(a) || !number(b):
		return r.fail("%s has no meaning between %s and %s\nconvert one, as in float(x) or string(x)", op, a, b)
	case op == "%":
		if a.Kind != Int || b.Kind != Int {
			return r.fail("%% wants whole numbers, and there are %s and %s\nwrite int(x)", a, b)
		}
		if b.Int == 0 {
			return Value{} // there is no remainder
		}
		if b.Int == -1 {
			return integer(0)
		}
		return integer(a.Int % b.Int)
	case a.Kind == Int && b.Kind == Int:
		if v, ok := whole(op, a.Int, b.Int); ok {
			return integer(v)
		}
	}
	x, y := a.float(), b.float()
	switch op {
	case "+":
		return fraction(x + y)
	case "-":
		return fraction(x - y)
	case "*":
		return fraction(x * y)
	case "/":
		if y == 0 {
			return Value{} // neither JSON nor a reader of it knows infinity
		}
		return fraction(x / y)
	}
	return fraction(math.Pow(x, y))
}

// whole works out whole numbers; ok is false where the result is no whole number of 64 bits.
func whole(op string, a, b int64) (v int64, ok bool) {
	switch op {
	case "+":
		v = a + b
		return v, (v > a) == (b > 0)
	case "-":
		v = a - b
		return v, (v < a) == (b > 0)
	case "*":
		if a == 0 || b == 0 {
			return 0, true
		}
		v = a * b
		return v, v/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
	}
	return 0, false
}
