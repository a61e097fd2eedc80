package format

import (
	"fmt"
	"path/filepath"
	"strings"
)

// A glob is a pattern over absolute paths: the patterns of [filepath.Match]
// between slashes, and "**" as a whole part for any number of folders.
type glob struct {
	root  string   // the folder in front of the first pattern
	parts []string // below root
}

func newGlob(pattern string) (*glob, error) {
	parts := strings.Split(filepath.ToSlash(filepath.Clean(pattern)), "/")
	first := 0
	for first < len(parts)-1 && !strings.ContainsAny(parts[first], "*?[") {
		first++
	}
	g := &glob{root: strings.Join(parts[:first], "/"), parts: parts[first:]}
	if g.root == "" {
		g.root = "/"
	}
	for _, p := range g.parts {
		if _, err := filepath.Match(p, ""); err != nil {
			return nil, fmt.Errorf("input %q: a broken pattern: %q\na [ needs its ]", pattern, p)
		}
	}
	return g, nil
}

func (g *glob) below(p string) []string {
	rest := strings.TrimPrefix(strings.TrimPrefix(filepath.ToSlash(p), g.root), "/")
	return strings.Split(rest, "/")
}

// match says whether the whole pattern matches a file.
func (g *glob) match(p string) bool { return matchParts(g.parts, g.below(p), false) }

// enter says whether something in a folder can match.
func (g *glob) enter(p string) bool { return matchParts(g.parts, g.below(p), true) }

// MatchName says whether the name of a shard matches a pattern: those of
// [filepath.Match] between slashes, and "**" as a whole part for any number of folders.
func MatchName(pattern, name string) (bool, error) {
	parts := strings.Split(pattern, "/")
	for _, p := range parts {
		if _, err := filepath.Match(p, ""); err != nil {
			return false, fmt.Errorf("a broken pattern: %q\na [ needs its ]", pattern)
		}
	}
	return matchParts(parts, strings.Split(name, "/"), false), nil
}

// matchParts matches path parts. With prefix it is enough that more parts
// could complete the match.
func matchParts(pattern, parts []string, prefix bool) bool {
	for len(pattern) > 0 && pattern[0] != "**" {
		if len(parts) == 0 {
			return prefix
		}
		if ok, err := filepath.Match(pattern[0], parts[0]); err != nil || !ok {
			return false
		}
		pattern, parts = pattern[1:], parts[1:]
	}
	if len(pattern) == 0 {
		return len(parts) == 0 && !prefix
	}
	if prefix {
		return true
	}
	for i := 0; i <= len(parts); i++ {
		if matchParts(pattern[1:], parts[i:], false) {
			return true
		}
	}
	return false
}
