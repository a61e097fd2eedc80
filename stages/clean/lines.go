package clean

import (
	"bytes"
	"fmt"
	"strings"

	"sluice/stages"
)

// Lines is the table of clean.lines, NeMo Curator's LineRemover.
type Lines struct {
	Patterns []string `toml:"patterns" doc:"lines that go: whole ones, to the letter"`
}

// NewLines returns the stage that removes lines equal to one of the patterns.
// Line feeds part lines. White space at their ends counts, a carriage return too.
func NewLines(c stages.Common, l Lines) ([]stages.Stage, error) {
	r := lineRemover{patterns: make(map[string]bool, len(l.Patterns))}
	var complaint error
	if len(l.Patterns) == 0 {
		complaint = fmt.Errorf("patterns is empty\nname the lines that go")
	}
	for _, p := range l.Patterns {
		if strings.Contains(p, "\n") {
			complaint = fmt.Errorf("patterns: %q holds a line feed, and no line does\ngive each line a string of its own", p)
		}
		r.patterns[p] = true
		r.longest = max(r.longest, len(p))
	}
	return oneRewriter(c, r, complaint)
}

var lineFeed = []byte("\n")

type lineRemover struct {
	patterns map[string]bool
	longest  int
}

// Rewrite joins the lines that are left.
func (l lineRemover) Rewrite(dst, text []byte) []byte {
	first := true
	for line := range bytes.SplitSeq(text, lineFeed) {
		if len(line) <= l.longest && l.patterns[string(line)] {
			continue
		}
		if !first {
			dst = append(dst, '\n')
		}
		dst, first = append(dst, line...), false
	}
	return dst
}
