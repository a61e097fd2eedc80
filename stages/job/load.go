package job

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// maxFiles bounds how many files a job file may pull in.
const maxFiles = 100

// load reads a job file and what it includes into one tree. shown is the path
// as the user knows it, path the absolute one, stack the files that are being
// read. It returns nil where nothing could be read.
func (p *parser) load(shown, path string, stack []string, from Place) *node {
	if slices.Contains(stack, path) {
		p.mistake(from, "", "%q includes itself through %s", shown, strings.Join(append(stack, path), " -> "))
		return nil
	}
	if p.files++; p.files > maxFiles {
		p.mistake(from, "", "more than %d files are included", maxFiles)
		return nil
	}
	text, err := p.read(path)
	if err != nil {
		var e *fs.PathError
		if errors.As(err, &e) {
			err = e.Err
		}
		p.mistake(from, "", "cannot read %q: %v", shown, err)
		return nil
	}
	if len(stack) == 0 {
		p.job.Text = text
	}
	root := p.decode(shown, filepath.Dir(path), string(text))
	if root == nil {
		return nil
	}
	t := root.value.(table)
	include := t["include"]
	if include == nil {
		return root
	}
	delete(t, "include")
	var base *node
	for _, item := range p.strings(include, "include") {
		inner, err := absolute(item.value.(string), item.dir, p.getenv)
		if err != nil {
			p.fail(item.Place, "include", err)
			continue
		}
		name := item.value.(string)
		if !filepath.IsAbs(name) && !strings.ContainsAny(name, "$~") {
			name = filepath.Join(filepath.Dir(shown), name)
		} else {
			name = inner
		}
		n := p.load(name, inner, append(stack, path), item.Place)
		if base != nil && n != nil {
			n = merge(base, n)
		}
		if n != nil {
			base = n
		}
	}
	if base != nil {
		root = merge(base, root)
	}
	return root
}

// decode parses one TOML text.
func (p *parser) decode(shown, dir, text string) *node {
	var m map[string]any
	if _, err := toml.Decode(text, &m); err != nil {
		at := Place{File: shown}
		if e, ok := errors.AsType[toml.ParseError](err); ok {
			at.Line = e.Position.Line
			message := e.Message
			if message == "" {
				message = strings.TrimPrefix(e.Error(), fmt.Sprintf("toml: line %d: ", at.Line))
			}
			if e.LastKey != "" {
				message += fmt.Sprintf(" (last key %q)", e.LastKey)
			}
			p.mistake(at, "", "%s", firstLine(message))
			return nil
		}
		p.mistake(at, "", "%s", firstLine(err.Error()))
		return nil
	}
	return grow(m, "", Place{File: shown}, dir, lines(text))
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// set puts a --set KEY=VALUE into the tree.
func (p *parser) set(root *node, setting string) {
	key, value, ok := strings.Cut(setting, "=")
	key = strings.TrimSpace(key)
	at := Place{File: "--set " + key}
	if !ok || key == "" {
		p.mistake(Place{File: "--set"}, "write --set write.format=parquet", "%q has no KEY=VALUE", setting)
		return
	}
	t, rest := root.value.(table), key
	for _, list := range []string{"stage", "source"} {
		if name, found := strings.CutPrefix(key, list+"."); found {
			if t, rest = p.element(root, list, name, at); t == nil {
				return
			}
		}
	}
	names := splitKey(rest)
	if len(names) == 0 {
		p.mistake(at, "", "%q is not a key", key)
		return
	}
	for _, name := range names[:len(names)-1] {
		n := t[name]
		if n == nil {
			n = &node{at, p.job.Dir, table{}}
			t[name] = n
		}
		inner, ok := n.value.(table)
		if !ok {
			p.mistake(at, "", "%q is %s, not a table", name, n.kind())
			return
		}
		t = inner
	}
	last := names[len(names)-1]
	n := grow(settingValue(strings.TrimSpace(value)), "", at, p.job.Dir, nil)
	if n.tables() != nil || t[last] != nil && t[last].tables() != nil {
		p.mistake(at, "write --set stage.NAME.KEY=VALUE", "%q cannot be set as a whole", last)
		return
	}
	t[last] = n
}

// settingValue reads a value as TOML, and as a string where it is none, so
// that --set write.format=parquet needs no quotes.
func settingValue(text string) any {
	var m map[string]any
	if md, err := toml.Decode("value = "+text, &m); err != nil || len(m) != 1 || md.Keys()[0].String() != "value" {
		return text
	}
	return m["value"]
}

// element finds the table of stage.NAME.KEY or source.NAME.KEY and returns
// it with KEY. Names may hold dots, so the longest that fits is taken.
func (p *parser) element(root *node, list, path string, at Place) (t table, key string) {
	var names []string
	if n := root.value.(table)[list]; n != nil {
		all := n.tables()
		names = elementNames(list, all)
		best := -1
		for i, name := range names {
			rest, ok := strings.CutPrefix(path, name+".")
			if !ok { // as messages write a name with dots
				rest, ok = strings.CutPrefix(path, strconv.Quote(name)+".")
			}
			if ok && (best < 0 || len(name) > len(names[best])) {
				best, key = i, rest
			}
		}
		if best >= 0 {
			return all[best], key
		}
	}
	name, _, _ := strings.Cut(path, ".")
	if len(names) == 0 {
		p.mistake(at, "", "the job file has no [[%s]]", list)
		return nil, ""
	}
	p.mistake(at, meant(name, names), "no %s %q; have %s", list, name, have(names))
	return nil, ""
}

// elementNames returns the names of stages or sources; a stage without one is
// named after what it uses, and numbered if that repeats.
func elementNames(list string, all []table) []string {
	names := make([]string, len(all))
	taken := map[string]bool{}
	for i, t := range all {
		if n := t["name"]; n != nil {
			names[i], _ = n.value.(string)
			taken[names[i]] = true
		}
	}
	for i, t := range all {
		if n := t["use"]; names[i] == "" && list == "stage" && n != nil {
			use, _ := n.value.(string)
			names[i] = use
			for k := 2; taken[names[i]]; k++ {
				names[i] = fmt.Sprintf("%s-%d", use, k)
			}
			taken[names[i]] = true
		}
	}
	return names
}
