package expr

import (
	"bytes"
	"math"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
)

// A function is what can be called.
type function struct {
	use         string // for messages
	least, most int    // arguments
	wants       []kinds
	gives       kinds
	nulls       bool // looks at null, and at values of any kind; for others the result is null
	call        func(r *Row, a []Value) Value
}

// argument returns what argument i may be; the last of wants is for all that follow.
func (f *function) argument(i int) kinds { return f.wants[min(i, len(f.wants)-1)] }

const (
	isString = kinds(1 << String)
	isList   = kinds(1 << List)
	isInt    = kinds(1 << Int)
	isFloat  = kinds(1 << Float)
	isNumber = isInt | isFloat
)

// maxMade is how many bytes of strings an expression may make for one row.
const maxMade = 256 << 20

var functions = map[string]*function{
	"len": {use: "len(string or list)", least: 1, most: 1, wants: []kinds{isString | isList}, gives: isInt, call: func(_ *Row, a []Value) Value {
		if a[0].Kind == List {
			return integer(int64(a[0].list.len()))
		}
		return integer(int64(utf8.RuneCount(a[0].Str)))
	}},
	"lower": {use: "lower(string)", least: 1, most: 1, wants: []kinds{isString}, gives: isString, call: func(r *Row, a []Value) Value {
		return r.mapped(a[0].Str, unicode.ToLower)
	}},
	"upper": {use: "upper(string)", least: 1, most: 1, wants: []kinds{isString}, gives: isString, call: func(r *Row, a []Value) Value {
		return r.mapped(a[0].Str, unicode.ToUpper)
	}},
	"trim": {use: "trim(string)", least: 1, most: 1, wants: []kinds{isString}, gives: isString, call: func(_ *Row, a []Value) Value {
		return text(bytes.TrimSpace(a[0].Str))
	}},
	"trimPrefix": {use: "trimPrefix(string, prefix)", least: 2, most: 2, wants: []kinds{isString}, gives: isString, call: func(_ *Row, a []Value) Value {
		return text(bytes.TrimPrefix(a[0].Str, a[1].Str))
	}},
	"trimSuffix": {use: "trimSuffix(string, suffix)", least: 2, most: 2, wants: []kinds{isString}, gives: isString, call: func(_ *Row, a []Value) Value {
		return text(bytes.TrimSuffix(a[0].Str, a[1].Str))
	}},
	"replace": {use: "replace(string, old, new)", least: 3, most: 3, wants: []kinds{isString}, gives: isString, call: (*Row).replace},
	"split": {use: "split(string, separator)", least: 2, most: 2, wants: []kinds{isString}, gives: isList, call: func(_ *Row, a []Value) Value {
		return Value{Kind: List, list: &list{text: a[0].Str, separator: a[1].Str, split: true}}
	}},
	"join": {use: "join(list, separator)", least: 2, most: 2, wants: []kinds{isList, isString}, gives: isString, call: (*Row).join},
	"indexOf": {use: "indexOf(string, part)", least: 2, most: 2, wants: []kinds{isString}, gives: isInt, call: func(_ *Row, a []Value) Value {
		return place(a[0].Str, bytes.Index(a[0].Str, a[1].Str))
	}},
	"lastIndexOf": {use: "lastIndexOf(string, part)", least: 2, most: 2, wants: []kinds{isString}, gives: isInt, call: func(_ *Row, a []Value) Value {
		return place(a[0].Str, bytes.LastIndex(a[0].Str, a[1].Str))
	}},
	"abs": {use: "abs(number)", least: 1, most: 1, wants: []kinds{isNumber}, gives: isNumber, call: func(r *Row, a []Value) Value {
		if a[0].Kind == Float {
			return fraction(math.Abs(a[0].Float))
		}
		if a[0].Int < 0 {
			return r.arithmetic("-", integer(0), a[0])
		}
		return a[0]
	}},
	"ceil":  {use: "ceil(number)", least: 1, most: 1, wants: []kinds{isNumber}, gives: isFloat, call: rounding(math.Ceil)},
	"floor": {use: "floor(number)", least: 1, most: 1, wants: []kinds{isNumber}, gives: isFloat, call: rounding(math.Floor)},
	"round": {use: "round(number)", least: 1, most: 1, wants: []kinds{isNumber}, gives: isFloat, call: rounding(math.Round)},
	"min": {use: "min(number, ...)", least: 1, most: 100, wants: []kinds{isNumber}, gives: isNumber, call: func(r *Row, a []Value) Value {
		return r.extreme("<", a)
	}},
	"max": {use: "max(number, ...)", least: 1, most: 100, wants: []kinds{isNumber}, gives: isNumber, call: func(r *Row, a []Value) Value {
		return r.extreme(">", a)
	}},
	"int":    {use: "int(value)", least: 1, most: 1, wants: []kinds{column}, gives: isInt, call: toInt},
	"float":  {use: "float(value)", least: 1, most: 1, wants: []kinds{column}, gives: isFloat, call: toFloat},
	"string": {use: "string(value)", least: 1, most: 1, wants: []kinds{column}, gives: isString, call: toString},
	"type": {use: "type(value)", least: 1, most: 1, wants: []kinds{column | isList}, gives: isString, nulls: true, call: func(_ *Row, a []Value) Value {
		return text([]byte([...]string{"nil", "bool", "int", "float", "string", "array"}[a[0].Kind]))
	}},
}

func rounding(f func(float64) float64) func(*Row, []Value) Value {
	return func(_ *Row, a []Value) Value { return fraction(f(a[0].float())) }
}

func (r *Row) extreme(op string, a []Value) Value {
	best := a[0]
	for _, v := range a[1:] {
		if r.compare(op, v, best) {
			best = v
		}
	}
	return best
}

// toInt cuts off fractions; null where the value is no number, or none of 64 bits.
func toInt(_ *Row, a []Value) Value {
	v := a[0]
	if v.Kind == String {
		s := string(bytes.TrimSpace(v.Str))
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return integer(i)
		}
		v = toFloat(nil, a)
	}
	switch {
	case v.Kind == Bool:
		return integer(v.Int)
	case v.Kind == Float && math.Abs(v.Float) < 1<<63:
		return integer(int64(v.Float))
	case v.Kind == Int:
		return v
	}
	return Value{}
}

// toFloat is null where the value is no number.
func toFloat(_ *Row, a []Value) Value {
	switch v := a[0]; v.Kind {
	case String:
		x, err := strconv.ParseFloat(string(bytes.TrimSpace(v.Str)), 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return Value{}
		}
		return fraction(x)
	case Bool:
		return fraction(float64(v.Int))
	default:
		return fraction(v.float())
	}
}

func toString(r *Row, a []Value) Value {
	v := a[0]
	if v.Kind == String {
		return v
	}
	from := len(r.made)
	if v.Kind == Bool {
		r.made = strconv.AppendBool(r.made, v.Int != 0)
	} else {
		r.made = appendNumber(r.made, v)
	}
	return text(r.made[from:len(r.made):len(r.made)])
}

// appendNumber appends a number as it stands in JSON.
func appendNumber(dst []byte, v Value) []byte {
	if v.Kind == Int {
		return strconv.AppendInt(dst, v.Int, 10)
	}
	if a := math.Abs(v.Float); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(dst, v.Float, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, v.Float, 'f', -1, 64)
}

// room says whether so many bytes more may be made.
func (r *Row) room(n int) bool {
	if n < 0 || n > r.most-len(r.made) {
		r.fail("it makes strings of more than %d bytes", r.most)
		return false
	}
	return true
}

func (r *Row) concat(a, b []byte) Value {
	if !r.room(len(a) + len(b)) {
		return Value{}
	}
	from := len(r.made)
	r.made = append(append(r.made, a...), b...)
	return text(r.made[from:len(r.made):len(r.made)])
}

// mapped changes each code point of a string.
func (r *Row) mapped(s []byte, f func(rune) rune) Value {
	if !r.room(len(s) + len(s)/2) { // two bytes become three at most
		return Value{}
	}
	from := len(r.made)
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRune(s[i:])
		r.made = utf8.AppendRune(r.made, f(c))
		i += n
	}
	return text(r.made[from:len(r.made):len(r.made)])
}

// replace replaces all of a part that is not empty.
func (r *Row) replace(a []Value) Value {
	s, old, new := a[0].Str, a[1].Str, a[2].Str
	if len(old) == 0 {
		return a[0]
	}
	n := bytes.Count(s, old)
	// The product of two lengths that memory holds fits 64 bits.
	if !r.room(len(s) + n*(len(new)-len(old))) {
		return Value{}
	}
	from := len(r.made)
	for {
		i := bytes.Index(s, old)
		if i < 0 {
			break
		}
		r.made = append(append(r.made, s[:i]...), new...)
		s = s[i+len(old):]
	}
	r.made = append(r.made, s...)
	return text(r.made[from:len(r.made):len(r.made)])
}

// join leaves nulls out.
func (r *Row) join(a []Value) Value {
	from, first := len(r.made), true
	items := a[0].list.items()
	for v, ok := items.take(); ok; v, ok = items.take() {
		if v.Kind == Null {
			continue
		}
		separator := a[1].Str
		if first {
			first, separator = false, nil
		}
		if !r.room(len(separator) + len(v.Str) + 32) {
			return Value{}
		}
		r.made = append(r.made, separator...)
		switch v.Kind {
		case String:
			r.made = append(r.made, v.Str...)
		case Bool:
			r.made = strconv.AppendBool(r.made, v.Int != 0)
		default:
			r.made = appendNumber(r.made, v)
		}
	}
	return text(r.made[from:len(r.made):len(r.made)])
}

// place returns a place in bytes as one in code points; -1 stays.
func place(s []byte, i int) Value {
	if i < 0 {
		return integer(-1)
	}
	return integer(int64(utf8.RuneCount(s[:i])))
}

// index compiles list[i], counted from the end where i is negative; null where there is none.
func (c *compiler) index(n *ast.MemberNode) (code, error) {
	both, constant, err := c.all(n.Node, n.Property)
	if err != nil {
		return code{}, err
	}
	from, i := both[0], both[1]
	if !i.kinds.fits(Int) {
		return code{}, at(n.Location(), "values have no fields, and lists are counted from 0")
	}
	if !from.kinds.fits(List) {
		return code{}, at(n.Location(), "%s has no items\nwrite text[2:3] for a part of a string; columns that are arrays are null", from.kinds)
	}
	return code{func(r *Row) Value {
		l, k := from.eval(r), i.eval(r)
		switch {
		case l.Kind == Null || k.Kind == Null:
			return Value{}
		case l.Kind != List || k.Kind != Int:
			return r.fail("a list and a whole number are wanted, and there are %s and %s", l, k)
		}
		return l.list.at(k.Int)
	}, column, constant}, nil
}

// slice compiles text[from:to], in code points, counted from the end where negative.
func (c *compiler) slice(n *ast.SliceNode) (code, error) {
	zero := &ast.IntegerNode{}
	end := &ast.IntegerNode{Value: math.MaxInt64}
	list := []ast.Node{n.Node, zero, end}
	if n.From != nil {
		list[1] = n.From
	}
	if n.To != nil {
		list[2] = n.To
	}
	all, constant, err := c.all(list...)
	if err != nil {
		return code{}, err
	}
	if !all[0].kinds.fits(String) {
		return code{}, at(n.Location(), "a string is wanted before [:], and this is %s", all[0].kinds)
	}
	return code{func(r *Row) Value {
		s, from, to := all[0].eval(r), all[1].eval(r), all[2].eval(r)
		switch {
		case s.Kind == Null || from.Kind == Null || to.Kind == Null:
			return Value{}
		case s.Kind != String || from.Kind != Int || to.Kind != Int:
			return r.fail("a string and whole numbers are wanted for [:], and there are %s, %s and %s", s, from, to)
		}
		return text(cut(s.Str, from.Int, to.Int))
	}, oneOf(Null, String), constant}, nil
}

// cut returns the code points from place from to place to.
func cut(s []byte, from, to int64) []byte {
	if from < 0 || to < 0 {
		n := int64(utf8.RuneCount(s))
		if from < 0 {
			from = max(0, n+from)
		}
		if to < 0 {
			to = n + to
		}
	}
	if to <= from {
		return []byte{}
	}
	start := forward(s, from)
	return s[start : start+forward(s[start:], to-from)]
}

// forward returns the place of code point n, or the end.
func forward(s []byte, n int64) int {
	if n >= int64(len(s)) {
		return len(s)
	}
	i := 0
	for ; n > 0 && i < len(s); n-- {
		_, size := utf8.DecodeRune(s[i:])
		i += size
	}
	return i
}
