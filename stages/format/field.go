package format

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/stages"
)

// A field is a column that somebody asked for.
type field struct {
	name   string // in the job
	path   string // in the input, dots for nested; "": the input has none of the name
	text   bool   // deliver as Text
	scalar bool   // deliver as Scalars
	id     bool
	main   bool // the text column
	must   bool // a shard must have it
}

// wanted says that the value is read; otherwise only its place is noted.
func (f *field) wanted() bool { return f.text || f.scalar || f.id }

// newFields lists what to look for, the text column first, unless the rows
// are checked.
func newFields(r stages.Read, needs []stages.Need, writes []string, checked bool) ([]field, error) {
	var fields []field
	at := func(name string) *field {
		for i := range fields {
			if fields[i].name == name {
				return &fields[i]
			}
		}
		fields = append(fields, field{name: name, path: inputName(r, name)})
		return &fields[len(fields)-1]
	}
	if err := checkRename(r); err != nil {
		return nil, err
	}
	if !checked {
		f := at(r.Text)
		f.text, f.main, f.must = true, true, true
	}
	for _, n := range needs {
		f := at(n.Name)
		f.must = f.must || !n.Optional
		switch n.Type {
		case stages.Text:
			f.text = true
		case stages.Scalars:
			f.scalar = true
		}
	}
	if r.ID != "" {
		at(r.ID).id = true
	}
	for _, name := range writes {
		if f := at(name); !f.wanted() && !f.must {
			f.path = placeName(r, name)
		}
	}
	if r.AddSource != "" {
		at(r.AddSource)
	}
	for _, f := range fields {
		if r.Own != "" && f.name == r.Own {
			return nil, fmt.Errorf("column %q is the text of a source, which the job knows as %q\nname it %q elsewhere, too", r.Own, r.Text, r.Text)
		}
		if slices.Contains(strings.Split(cmp.Or(f.path, f.name), "."), "") {
			return nil, fmt.Errorf("column name %q is empty or has an empty part", cmp.Or(f.path, f.name))
		}
	}
	return fields, nil
}

// ownName returns what a column of the job is called in rows of a source, as it writes them.
func ownName(r stages.Read, name string) string {
	if r.Own != "" && name == r.Text {
		return r.Own
	}
	return name
}

// ownNames does so for a list.
func ownNames(r stages.Read, names []string) []string {
	if r.Own == "" {
		return names
	}
	own := make([]string, len(names))
	for i, name := range names {
		own[i] = ownName(r, name)
	}
	return own
}

// columnOf returns the column of a batch that rows of a source are written with under a
// name, or nil.
func columnOf(b *stages.Batch, r *stages.Read, name string) *stages.Column {
	switch {
	case r.Own == "":
	case name == r.Own:
		name = r.Text
	case name == r.Text:
		return nil // another one of the input, which the job does not see
	}
	return b.Column(name)
}

// inputName returns what a column of the job is called in the input; "" if that of the name
// has another name in the job. What is nested in a renamed column has its new name in front.
func inputName(r stages.Read, name string) string {
	name = ownName(r, name)
	top, _, _ := strings.Cut(name, ".")
	for _, from := range slices.Sorted(maps.Keys(r.Rename)) {
		if r.Rename[from] == top {
			return from + name[len(top):]
		}
	}
	if _, away := r.Rename[top]; away {
		return ""
	}
	return name
}

// placeName returns where in a row the value of a column goes that stages make; "" where the
// row, as far as it is written, has none of the name.
func placeName(r stages.Read, name string) string {
	path := inputName(r, name)
	top, _, _ := strings.Cut(path, ".")
	if p, err := newProjection(stages.Write{}, r); err == nil {
		if _, taken := p.column(top); !taken {
			return ""
		}
	}
	return path
}

func checkRename(r stages.Read) error {
	seen := map[string]string{}
	for _, from := range slices.Sorted(maps.Keys(r.Rename)) {
		to := r.Rename[from]
		if from == "" || to == "" || strings.Contains(from, ".") || strings.Contains(to, ".") {
			return fmt.Errorf("read.rename: cannot rename %q to %q\nonly whole columns can be renamed, not nested ones", from, to)
		}
		if other, ok := seen[to]; ok {
			return fmt.Errorf("read.rename: both %q and %q become %q", other, from, to)
		}
		seen[to] = from
	}
	return nil
}

// A node is one level of the names that are looked for in an object.
type node struct{ entries []entry }

// An entry is a key to look for. It holds a field, or a level of keys, or both.
type entry struct {
	key   string
	field int // -1: none
	child *node
}

// newTree returns the keys to look for. A dotted path is looked for as nested
// objects, and as one key with dots, which is how sinks write it.
func newTree(fields []field) *node {
	root := new(node)
	for i, f := range fields {
		if f.path == "" {
			continue
		}
		n, rest := root, f.path
		for {
			n.at(rest).field = i
			head, tail, nested := strings.Cut(rest, ".")
			if !nested {
				break
			}
			e := n.at(head)
			if e.child == nil {
				e.child = new(node)
			}
			n, rest = e.child, tail
		}
	}
	return root
}

func (n *node) at(key string) *entry {
	for i := range n.entries {
		if n.entries[i].key == key {
			return &n.entries[i]
		}
	}
	n.entries = append(n.entries, entry{key: key, field: -1})
	return &n.entries[len(n.entries)-1]
}
