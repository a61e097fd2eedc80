package job

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
)

// bind stores the keys of t in the fields of structs that bear their names in
// a toml tag, and reports all that do not fit. where names the table in
// messages; also lists keys that the caller looks after, and not such that
// the first of structs has but t may not, unless another one has them.
func (p *parser) bind(t table, where string, also, not []string, structs ...any) {
	fields := map[string]reflect.Value{}
	legal := slices.Clone(also)
	for i, s := range structs {
		for name, field := range tagged(reflect.ValueOf(s).Elem()) {
			if (i > 0 || !slices.Contains(not, name)) && !slices.Contains(also, name) {
				fields[name] = field
				legal = append(legal, name)
			}
		}
	}
	slices.Sort(legal)
	for _, key := range t.keys() {
		n := t[key]
		if field, ok := fields[key]; ok {
			p.store(n, key, field)
		} else if !slices.Contains(also, key) {
			p.mistake(n.Place, meant(key, legal), "unknown key %q in %s; have %s", key, where, have(legal))
		}
	}
}

// tagged returns the fields of a struct by their toml tags.
func tagged(v reflect.Value) map[string]reflect.Value {
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("toml"), ",")
		if name != "" && name != "-" {
			fields[name] = v.Field(i)
		}
	}
	return fields
}

var (
	sizeType     = reflect.TypeFor[Size]()
	durationType = reflect.TypeFor[time.Duration]()
)

// store puts a value in a field of any type that job files have.
func (p *parser) store(n *node, key string, field reflect.Value) {
	wrong := func(want string) { p.mistake(n.Place, "", "%s: want %s, have %s", key, want, n.kind()) }
	if field.Kind() == reflect.Pointer {
		field = field.Elem()
	}
	switch field.Type() {
	case sizeType:
		p.storeSize(n, key, field)
		return
	case durationType:
		p.storeDuration(n, key, field)
		return
	}
	switch field.Kind() {
	case reflect.Interface: // the constructor says which types it takes
		switch n.value.(type) {
		case string, int64, float64, bool:
			field.Set(reflect.ValueOf(n.value))
		default:
			wrong("a single value")
		}
	case reflect.String:
		s, ok := n.value.(string)
		if !ok {
			wrong("a string")
			return
		}
		field.SetString(s)
	case reflect.Bool:
		b, ok := n.value.(bool)
		if !ok {
			wrong("true or false")
			return
		}
		field.SetBool(b)
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint32, reflect.Uint64:
		p.storeInteger(n, key, field)
	case reflect.Float32, reflect.Float64:
		switch f := n.value.(type) {
		case int64:
			field.SetFloat(float64(f))
		case float64:
			if math.IsNaN(f) {
				wrong("a number")
				return
			}
			field.SetFloat(f)
		default:
			wrong("a number")
		}
	case reflect.Slice:
		items, ok := n.value.([]*node)
		if !ok {
			wrong("a list")
			return
		}
		list := reflect.MakeSlice(field.Type(), len(items), len(items))
		for i, item := range items {
			p.store(item, fmt.Sprintf("%s[%d]", key, i), list.Index(i))
		}
		field.Set(list)
	case reflect.Map:
		t, ok := n.value.(table)
		if !ok {
			wrong("a table")
			return
		}
		m := reflect.MakeMapWithSize(field.Type(), len(t))
		for _, k := range t.keys() {
			v := reflect.New(field.Type().Elem()).Elem()
			p.store(t[k], key+"."+k, v)
			m.SetMapIndex(reflect.ValueOf(k), v)
		}
		field.Set(m)
	case reflect.Struct:
		t, ok := n.value.(table)
		if !ok {
			wrong("a table")
			return
		}
		p.bind(t, key, nil, nil, field.Addr().Interface())
	default:
		panic(fmt.Sprintf("job: key %q has a field of type %v, which no job file can hold", key, field.Type()))
	}
}

func (p *parser) storeInteger(n *node, key string, field reflect.Value) {
	i, ok := n.value.(int64)
	switch {
	case !ok:
		p.mistake(n.Place, "", "%s: want a whole number, have %s", key, n.kind())
	case field.CanUint() && (i < 0 || field.OverflowUint(uint64(i))):
		p.mistake(n.Place, "", "%s = %d is negative or too large", key, i)
	case field.CanUint():
		field.SetUint(uint64(i))
	case field.OverflowInt(i):
		p.mistake(n.Place, "", "%s = %d is too large", key, i)
	default:
		field.SetInt(i)
	}
}

func (p *parser) storeSize(n *node, key string, field reflect.Value) {
	switch v := n.value.(type) {
	case int64:
		if v < 0 {
			p.mistake(n.Place, "", "%s = %d is negative", key, v)
			return
		}
		field.SetInt(v)
	case string:
		size, err := ParseSize(v)
		if err != nil {
			p.fail(n.Place, key, err)
			return
		}
		field.SetInt(int64(size))
	default:
		p.mistake(n.Place, "", `%s: want a size such as "48GB", have %s`, key, n.kind())
	}
}

func (p *parser) storeDuration(n *node, key string, field reflect.Value) {
	text, ok := n.value.(string)
	if i, whole := n.value.(int64); whole && i == 0 {
		text, ok = "0", true
	}
	if !ok {
		p.mistake(n.Place, "", `%s: want a length of time such as "10m", have %s`, key, n.kind())
		return
	}
	d, err := parseDuration(text)
	if err != nil {
		p.fail(n.Place, key, err)
		return
	}
	field.SetInt(int64(d))
}

// strings returns the nodes of a string or a list of strings.
func (p *parser) strings(n *node, key string) []*node {
	if _, ok := n.value.(string); ok {
		return []*node{n}
	}
	items, ok := n.value.([]*node)
	if !ok {
		p.mistake(n.Place, "", "%s: want a string or a list of strings, have %s", key, n.kind())
	}
	var all []*node
	for _, item := range items {
		if _, ok := item.value.(string); !ok {
			p.mistake(item.Place, "", "%s: want a list of strings, have %s in it", key, item.kind())
			continue
		}
		all = append(all, item)
	}
	return all
}

// oneOf reports a value that is not one of legal. A value that is not there
// is the default, and fine.
func (p *parser) oneOf(t table, key string, legal ...string) {
	n := t[key]
	if n == nil {
		return
	}
	if s, ok := n.value.(string); ok && !slices.Contains(legal, s) {
		p.mistake(n.Place, meant(s, legal), "%s = %q is not known; have %s", key, s, have(legal))
	}
}
