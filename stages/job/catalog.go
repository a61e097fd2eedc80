package job

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"sluice/stages"
)

// A Catalog lists all stages by the name that "use" gives them.
type Catalog map[string]Entry

// Names returns the names of all stages, sorted.
func (c Catalog) Names() []string { return slices.Sorted(maps.Keys(c)) }

// near lists the stages for someone who has asked for name: of many only those
// with the same word before the dot.
func (c Catalog) near(name string) string {
	all := c.Names()
	family, _, _ := strings.Cut(name, ".")
	same := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return !strings.HasPrefix(s, family+".") })
	if len(same) > 0 && len(same) < len(all) {
		return fmt.Sprintf("%s; \"sluice stages\" lists all", have(same))
	}
	return have(all)
}

// An Entry is what a catalogue knows of a stage.
type Entry struct {
	Doc      string // one line of help
	defaults any    // a config struct
	takes    []string
	needs    map[string]string
	column   string // that it reads; "" = the text of [read]
	build    func(stages.Common, any) ([]stages.Stage, error)
}

// NewEntry ties a stage's config struct, which holds the defaults, to its
// constructor. Each field of C has a toml tag, the key, and a doc tag, a line
// of help. The constructor checks the values, and joins all its complaints; one
// that begins with a key is shown at the line of that key. It must be cheap:
// it also runs where a job file is merely checked. A field whose tag path is
// "file" holds a path, or a list of them, that counts from the folder of the job file. With
// "command" it is a program and its arguments: a program with a slash is such a path. With
// "folder" it is a path whose default is the folder of the job file, with "output" one that is written to. A field of type any takes a
// string, an int64, a float64 or a bool.
func NewEntry[C any](doc string, defaults C, build func(stages.Common, C) ([]stages.Stage, error)) Entry {
	return Entry{
		Doc:      doc,
		defaults: defaults,
		build:    func(c stages.Common, config any) ([]stages.Stage, error) { return build(c, config.(C)) },
	}
}

// Takes adds those of the common keys "action", "score" and "invert" that
// mean something to the stage. In a job file it may have no others of them, but
// for keys of that name in its own table.
func (e Entry) Takes(keys ...string) Entry {
	e.takes = slices.Concat(e.takes, keys)
	return e
}

// Needs says that the stage has no default for a key, and shows a value of it, as TOML, in help.
func (e Entry) Needs(key, example string) Entry {
	needs := map[string]string{key: example}
	maps.Copy(needs, e.needs)
	e.needs = needs
	return e
}

// Column says that the stage reads a column of that name, rather than the text, unless the job file names another.
func (e Entry) Column(name string) Entry {
	e.column = name
	return e
}

// Has says that the common key "action", "score" or "invert" means something to the stage.
func (e Entry) Has(key string) bool { return slices.Contains(e.takes, key) }

// refused lists the common keys that the stage has no use for.
func (e Entry) refused() []string {
	return slices.DeleteFunc([]string{"action", "score", "invert"}, func(key string) bool {
		return slices.Contains(e.takes, key)
	})
}

// config returns a pointer to a copy of the defaults.
func (e Entry) config() reflect.Value {
	v := reflect.New(reflect.TypeOf(e.defaults))
	v.Elem().Set(reflect.ValueOf(e.defaults))
	return v
}

// Least returns the shortest [[stage]] table of the stage, with examples for what has no default.
func (e Entry) Least(name string) string {
	lines := []string{"[[stage]]", "use = " + quote(name)}
	for _, key := range slices.Sorted(maps.Keys(e.needs)) {
		lines = append(lines, key+" = "+e.needs[key])
	}
	return strings.Join(lines, "\n") + "\n"
}

// Table returns the [[stage]] table with all keys, their defaults and their
// help, to paste into a job file.
func (e Entry) Table(name string) string {
	rows := [][2]string{{"use = " + quote(name), e.Doc}}
	v := reflect.ValueOf(e.defaults)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if key := f.Tag.Get("toml"); key != "" {
			value, ok := e.needs[key]
			if !ok {
				value = format(v.Field(i))
			}
			rows = append(rows, [2]string{key + " = " + value, f.Tag.Get("doc")})
		}
	}
	common := [][2]string{
		{`name = ` + quote(name), "in reports, in --set and in OUT/removed"},
		{`column = "text"`, "what it reads; default: the text of [read]"},
		{`when = ""`, "condition, as lang == 'en' and len(text) > 100: it sees these rows alone, the others pass"},
		{`action = "drop"`, `drop, or mark: write a column that says which stay`},
		{`score = ""`, "column to write the score in"},
		{`invert = false`, "keep what would go, and the reverse"},
		{`seed = 0`, "default: the seed of the job"},
	}
	for _, row := range common {
		if key, _, _ := strings.Cut(row[0], " "); !slices.Contains(e.refused(), key) {
			rows = append(rows, [2]string{"# " + row[0], row[1]})
		}
	}
	if e.column != "" {
		for i := range rows {
			if strings.HasPrefix(rows[i][0], "# column = ") {
				rows[i] = [2]string{"# column = " + quote(e.column), "what it reads"}
			}
		}
	}
	width := 0
	for _, row := range rows {
		width = max(width, len(row[0]))
	}
	var b strings.Builder
	b.WriteString("[[stage]]\n")
	for _, row := range rows {
		line := fmt.Sprintf("%-*s  # %s", width, row[0], row[1])
		b.WriteString(strings.TrimRight(line, " #") + "\n")
	}
	return b.String()
}
