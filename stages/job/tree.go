package job

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// A node is a value of a job file with the place where it stands.
type node struct {
	Place
	dir   string // folder that relative paths in the value start from
	value any    // string, int64, float64, bool, a time, []*node or table
}

// table holds the keys of a TOML table.
type table map[string]*node

// keys returns the names in t in a fixed order.
func (t table) keys() []string { return slices.Sorted(maps.Keys(t)) }

// grow makes a node of a decoded value; path is its path within its file.
func grow(value any, path string, at Place, dir string, lines map[string]int) *node {
	if line, ok := lines[path]; ok {
		at.Line = line
	}
	n := &node{Place: at, dir: dir, value: value}
	list := func(length int, item func(int) any) {
		items := make([]*node, length)
		for i := range items {
			items[i] = grow(item(i), fmt.Sprintf("%s[%d]", path, i), at, dir, lines)
		}
		n.value = items
	}
	switch v := value.(type) {
	case map[string]any:
		t := table{}
		for k := range v {
			t[k] = grow(v[k], join(path, k), at, dir, lines)
		}
		n.value = t
	case []map[string]any:
		list(len(v), func(i int) any { return v[i] })
	case []any:
		list(len(v), func(i int) any { return v[i] })
	}
	return n
}

// tables returns the elements of an array of tables, or nil if n is none.
func (n *node) tables() []table {
	items, _ := n.value.([]*node)
	var all []table
	for _, item := range items {
		t, ok := item.value.(table)
		if !ok {
			return nil
		}
		all = append(all, t)
	}
	return all
}

// merge puts over on top of base: tables merge key by key, arrays of tables
// are joined with those of base in front, and other values of over win.
func merge(base, over *node) *node {
	b, isTable := base.value.(table)
	o, overTable := over.value.(table)
	switch {
	case isTable && overTable:
		for k, n := range o {
			if have, ok := b[k]; ok {
				n = merge(have, n)
			}
			b[k] = n
		}
		return &node{over.Place, over.dir, b}
	case len(base.tables()) > 0 && len(over.tables()) > 0:
		return &node{over.Place, over.dir, slices.Concat(base.value.([]*node), over.value.([]*node))}
	}
	return over
}

// kind names the type of a value in messages.
func (n *node) kind() string {
	switch v := n.value.(type) {
	case string:
		return fmt.Sprintf("the string %q", v)
	case int64, float64:
		return fmt.Sprintf("the number %v", v)
	case bool:
		return fmt.Sprintf("%v", v)
	case []*node:
		return "a list"
	case table:
		return "a table"
	case time.Time:
		return "a date"
	}
	return fmt.Sprintf("a %T", n.value)
}
