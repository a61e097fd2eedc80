package job

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Canonical returns what makes the job this job and no other: input, sources,
// [read], [write], the stages, seed and max_bad*, with the defaults filled
// in. It is a TOML text of lines "key = value", each key once, that is the same
// for the same job however its file is written. [Recall] reads it.
func (j *Job) Canonical() []byte {
	var b strings.Builder
	put := func(key string, v any) { fmt.Fprintf(&b, "%s = %s\n", key, format(reflect.ValueOf(v))) }
	put("seed", j.Seed)
	put("max_bad", j.MaxBad)
	put("max_bad_shards", j.MaxBadShards)
	writeFields(&b, "read", j.Read)
	writeFields(&b, "write", j.Write)
	sources := []string{}
	for _, in := range j.Inputs {
		if in.Name != "" && in.Against == "" {
			sources = append(sources, in.Name)
		}
	}
	if len(sources) == 0 {
		put("input", j.Inputs[0].Paths)
	} else {
		put("sources", sources)
		for _, in := range j.Inputs {
			if in.Against != "" {
				continue // stands in the stage
			}
			put("source."+bare(in.Name)+".input", in.Paths)
			if in.Weight != 1 {
				put("source."+bare(in.Name)+".weight", in.Weight)
			}
			read := in.Read
			if read.Own != "" {
				read.Text = read.Own
			}
			writeFields(&b, "source."+bare(in.Name), read)
		}
	}
	names := []string{}
	for _, s := range j.Stages {
		names = append(names, s.Common.Name)
	}
	put("stages", names)
	for _, s := range j.Stages {
		without := s.entry.refused()
		if s.Common.When == "" { // jobs of versions without the key are the same jobs
			without = append(without, "when")
		}
		writeFields(&b, "stage."+bare(s.Common.Name), s.Common, without...)
		writeFields(&b, "stage."+bare(s.Common.Name), s.Config)
	}
	return []byte(b.String())
}

// bare writes a name as a TOML key.
func bare(name string) string {
	if strings.Contains(name, ".") {
		return quote(name)
	}
	return name
}

// Recall makes the job of its canonical form again. What that does not hold
// has its default.
func Recall(canonical []byte, output string, catalog Catalog) (*Job, error) {
	getenv := func(string) (string, bool) { return "", false }
	p := &parser{getenv: getenv, literal: true, catalog: catalog, job: empty(filepath.Join(output, ".sluice", "job"))}
	root := p.decode("the job in "+output, "/", string(canonical))
	if root != nil {
		t := root.value.(table)
		t["output"] = &node{value: output}
		for list, key := range map[string]string{"stages": "stage", "sources": "source"} {
			p.relist(t, list, key)
		}
		p.check(root)
	}
	if len(p.mistakes) > 0 {
		return nil, p.mistakes.sorted()
	}
	return p.job, nil
}

// relist turns the tables of t[key] into a list in the order of the names in t[list].
func (p *parser) relist(t table, list, key string) {
	names, ok := t[list]
	if !ok {
		return
	}
	delete(t, list)
	var items []*node
	tables, _ := p.table(t, key)
	for _, name := range p.strings(names, list) {
		n := tables[name.value.(string)]
		if n == nil {
			p.mistake(names.Place, "", "%s %q has no keys", key, name.value)
			continue
		}
		if inner, ok := n.value.(table); ok {
			inner["name"] = name
		}
		items = append(items, n)
	}
	delete(t, key)
	if len(items) > 0 {
		t[key] = &node{names.Place, names.dir, items}
	}
}

// writeFields writes the fields of a struct that have a toml tag, one a line,
// but for those to leave out.
func writeFields(b *strings.Builder, prefix string, s any, without ...string) {
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("toml"), ",")
		switch f := v.Field(i); {
		case key == "" || key == "-" || slices.Contains(without, key):
		case key == "name": // is part of the prefix
		case f.Kind() == reflect.Struct:
			writeFields(b, prefix+"."+key, f.Interface())
		default:
			fmt.Fprintf(b, "%s.%s = %s\n", prefix, key, format(f))
		}
	}
}

// format writes a value as TOML.
func format(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case Size:
		return quote(x.String())
	case time.Duration:
		return quote(x.String())
	}
	switch v.Kind() {
	case reflect.Interface:
		return format(v.Elem())
	case reflect.String:
		return quote(v.String())
	case reflect.Float32, reflect.Float64:
		s := strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits())
		if !strings.ContainsAny(s, ".eEIN") {
			s += ".0"
		}
		return strings.ToLower(strings.Replace(s, "+Inf", "inf", 1))
	case reflect.Slice:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = format(v.Index(i))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case reflect.Map:
		var items []string
		for _, k := range v.MapKeys() {
			items = append(items, quote(k.String())+" = "+format(v.MapIndex(k)))
		}
		slices.Sort(items)
		return "{" + strings.Join(items, ", ") + "}"
	}
	return fmt.Sprint(v.Interface())
}

// quote writes a TOML basic string on one line.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Diff tells how two canonical forms differ, a line for each key without a
// newline after the last; "" if they do not.
func Diff(old, new []byte) string {
	before, after := parseCanonical(old), parseCanonical(new)
	var b strings.Builder
	for _, line := range slices.Concat(before.keys, after.keys) {
		was, had := before.values[line]
		is, has := after.values[line]
		switch {
		case had && has && was != is:
			fmt.Fprintf(&b, "%s was %s, is %s\n", line, was, is)
		case had && !has:
			fmt.Fprintf(&b, "%s was %s, is gone\n", line, was)
		case has && !had:
			fmt.Fprintf(&b, "%s is new: %s\n", line, is)
		}
		delete(before.values, line)
		delete(after.values, line)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

type canonical struct {
	keys   []string
	values map[string]string
}

func parseCanonical(text []byte) canonical {
	c := canonical{values: map[string]string{}}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " = "); ok {
			c.keys = append(c.keys, key)
			c.values[key] = value
		}
	}
	return c
}
