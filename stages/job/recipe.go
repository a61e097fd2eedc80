package job

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Recipes has lists of stages by name, each as a TOML text of [[stage]]
// tables, which a job file takes up with recipe = "NAME" in place of use.
type Recipes map[string]string

// Names returns the names of all recipes, sorted.
func (r Recipes) Names() []string { return slices.Sorted(maps.Keys(r)) }

// ofRecipe lists the keys that a table with a recipe may have: they hold for each of its
// stages. name and score are what theirs begin with.
var ofRecipe = [...]string{"recipe", "name", "column", "when", "action", "score", "invert", "seed"}

// recipes puts the stages of recipes in the place of the tables that name them.
func (p *parser) recipes(root *node) {
	n := root.value.(table)["stage"]
	if n == nil || n.tables() == nil {
		return
	}
	var all []*node
	for _, item := range n.value.([]*node) {
		if t := item.value.(table); t["recipe"] != nil {
			all = append(all, p.recipe(t)...)
		} else {
			all = append(all, item)
		}
	}
	if n.value = all; len(all) == 0 {
		delete(root.value.(table), "stage") // none is left of recipes that are not there
	}
}

// recipe returns the stages of the recipe that t names.
func (p *parser) recipe(t table) []*node {
	at := t["recipe"]
	name, _ := at.value.(string)
	text, ok := p.known[name]
	if !ok {
		p.mistake(at.Place, meant(name, p.known.Names()), "no recipe %q; have %s", name, have(p.known.Names()))
		return nil
	}
	for _, key := range t.keys() {
		if key == "use" {
			p.mistake(t[key].Place, "take one of them out", "a stage has use or recipe, not both")
		} else if !slices.Contains(ofRecipe[:], key) {
			p.mistake(t[key].Place, fmt.Sprintf("write it with --set stage.NAME.%s=VALUE, or copy what \"sluice stages --recipe %s\" prints", key, name),
				"unknown key %q beside a recipe; have %s", key, have(ofRecipe[:]))
		}
	}
	made := p.decode(fmt.Sprintf("%v: recipe %s", at.Place, name), at.dir, text)
	if made == nil {
		return nil
	}
	list := made.value.(table)["stage"]
	tables := list.tables()
	for i, own := range elementNames("stage", tables) {
		p.season(tables[i], own, t)
	}
	return list.value.([]*node)
}

// season gives a stage of a recipe the keys that stand beside the recipe. A
// stage that has no use for one of them goes without.
func (p *parser) season(stage table, own string, t table) {
	use, _ := stage["use"].value.(string)
	for _, key := range ofRecipe[1:] {
		n := t[key]
		if n == nil || slices.Contains(p.catalog[use].refused(), key) {
			continue
		}
		prefix, text := n.value.(string)
		switch {
		case key == "name" && text:
			n = &node{n.Place, n.dir, prefix + "." + own}
		case key == "score" && text && prefix != "":
			n = &node{n.Place, n.dir, prefix + "_" + own[strings.LastIndexByte(own, '.')+1:]}
		}
		stage[key] = n
	}
}
