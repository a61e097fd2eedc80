package text

import (
	"bytes"
	"errors"
	"fmt"

	"sluice/stages"
	"sluice/stages/scan"
)

// Substring is the table of text.substring.
type Substring struct {
	Substring string `toml:"substring" doc:"what must be in the text"`
	Position  string `toml:"position" doc:"where: prefix, suffix or any"`
}

// DefaultSubstring looks anywhere.
func DefaultSubstring() Substring { return Substring{Position: "any"} }

// NewSubstring returns the filter that keeps texts that have Substring where
// Position says. The score is 1 for such a text, and 0 for others.
func NewSubstring(c stages.Common, f Substring) ([]stages.Stage, error) {
	var none, where error
	if f.Substring == "" {
		none = errors.New("substring is missing\ngive the text to look for")
	}
	if f.Position != "prefix" && f.Position != "suffix" && f.Position != "any" {
		where = fmt.Errorf("position = %q is not known; have any, prefix, suffix", f.Position)
	}
	return stages.OneFilter(c, f, none, where)
}

// Score returns 1 or 0.
func (f Substring) Score(d *scan.Document) float64 {
	has := bytes.Contains
	switch f.Position {
	case "prefix":
		has = bytes.HasPrefix
	case "suffix":
		has = bytes.HasSuffix
	}
	if has(d.Text(), []byte(f.Substring)) {
		return 1
	}
	return 0
}

// Keep keeps texts that have it.
func (f Substring) Keep(score float64) bool { return score == 1 }
